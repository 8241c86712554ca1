import assert from "node:assert/strict";
import { test } from "node:test";

import { codecOf, readMovie, readSample } from "../src/movie.js";

const RECORD = Buffer.from("0142c01fffe1", "hex");
const AUDIO_CONFIG = Buffer.from("1190", "hex");

function box(type: string, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(content.length + 8);
  header.write(type, 4, "latin1");
  return Buffer.concat([header, content]);
}

function descriptor(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, 0x80, 0x80, 0x80, content.length]), content]);
}

function track(handler: string, entry: Uint8Array): Buffer {
  const table = box("stbl", box("stsd", Buffer.alloc(8), entry));
  const kind = box("hdlr", Buffer.alloc(8), Buffer.from(handler), Buffer.alloc(13));
  return box("trak", box("mdia", kind, box("minf", table)));
}

function picture(): Buffer {
  return track("vide", box("avc1", Buffer.alloc(78), box("avcC", RECORD)));
}

function sound(): Buffer {
  const fields = Buffer.alloc(28);
  fields.writeUInt16BE(2, 16);
  fields.writeUInt16BE(48_000, 24);
  const decoder = descriptor(4, Buffer.alloc(13), descriptor(5, AUDIO_CONFIG));
  const stream = descriptor(3, Buffer.alloc(3), decoder, descriptor(6, Buffer.from([2])));
  return track("soun", box("mp4a", fields, box("esds", Buffer.alloc(4), stream)));
}

function segment(...tracks: Buffer[]): ArrayBuffer {
  return new Uint8Array(Buffer.concat([box("ftyp"), box("moov", ...tracks)])).buffer;
}

test("the configurations of both tracks are found", () => {
  const movie = readMovie(segment(picture(), sound()));
  assert.deepEqual(Buffer.from(movie.picture!), RECORD);
  assert.deepEqual(Buffer.from(movie.sound!.config), AUDIO_CONFIG);
  assert.equal(movie.sound!.sampleRate, 48_000);
  assert.equal(movie.sound!.channels, 2);
});

test("a track that is not there is not made up", () => {
  assert.equal(readMovie(segment(picture())).sound, undefined);
  assert.equal(readMovie(segment(sound())).picture, undefined);
});

test("the sample is the content of mdat", () => {
  const fragment = Buffer.concat([box("moof", Buffer.alloc(40)), box("mdat", Buffer.from("abc"))]);
  const sample = readSample(new Uint8Array(fragment).buffer);
  assert.equal(Buffer.from(sample!).toString(), "abc");
});

test("broken bytes give nothing, and no error", () => {
  const whole = new Uint8Array(segment(picture(), sound()));
  for (let length = 0; length < whole.length; length++) readMovie(whole.slice(0, length).buffer);
  for (let index = 0; index < whole.length; index++) {
    const broken = whole.slice();
    broken[index]! ^= 0xff;
    readMovie(broken.buffer);
    readSample(broken.buffer);
  }
  assert.equal(readSample(new ArrayBuffer(3)), undefined);
});

test("each kind of codec is told apart", () => {
  const mime = 'video/mp4; codecs="avc1.42C01F, mp4a.40.2"';
  assert.equal(codecOf(mime, false), "avc1.42C01F");
  assert.equal(codecOf(mime, true), "mp4a.40.2");
  assert.equal(codecOf("image/jpeg", true), "");
});
