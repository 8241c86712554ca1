import assert from "node:assert/strict";
import { test } from "node:test";

import { hasSound, silentMime, withoutSound } from "../src/silence.js";

const BOTH = 'video/mp4; codecs="avc1.42c01f,mp4a.40.2"';
const VIDEO = 'video/mp4; codecs="avc1.42c01f"';

function box(type: string, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(content.length + 8);
  header.write(type, 4, "latin1");
  return Buffer.concat([header, content]);
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  return bytes;
}

function track(number: number, handler: string): Buffer {
  const header = box("tkhd", words(0, 0, 0, number, 0));
  const media = box("mdia", box("hdlr", words(0, 0), Buffer.from(handler)));
  return box("trak", header, media);
}

function segment(...tracks: [number, string][]): ArrayBuffer {
  const extensions = tracks.map(([number]) => box("trex", words(0, number)));
  const movie = [...tracks.map(([number, handler]) => track(number, handler)), box("mvex", ...extensions)];
  const file = Buffer.concat([box("ftyp", Buffer.from("iso5")), box("moov", ...movie)]);
  return new Uint8Array(file).buffer;
}

test("the codec of the sound goes, the others stay", () => {
  assert.equal(silentMime(BOTH), VIDEO);
  assert.equal(silentMime(VIDEO), VIDEO);
  assert.equal(hasSound(BOTH), true);
  assert.equal(hasSound(VIDEO), false);
});

test("the track of the sound goes, with its defaults", () => {
  const both = segment([1, "vide"], [2, "soun"]);
  assert.deepEqual(withoutSound(both), segment([1, "vide"]));
});

test("a segment without sound stays as it is", () => {
  assert.deepEqual(withoutSound(segment([1, "vide"])), segment([1, "vide"]));
});

test("broken bytes do no harm", () => {
  withoutSound(new Uint8Array([0, 0, 0, 200, 109, 111, 111, 118, 0, 0, 0, 50]).buffer);
  withoutSound(new ArrayBuffer(0));
});
