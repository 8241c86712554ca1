import assert from "node:assert/strict";
import { test } from "node:test";

import { Backlog } from "../src/backlog.js";
import { choicesOf } from "../src/devices.js";
import { bitsFor, formatFor } from "../src/recording.js";
import { verdictOf } from "../src/refusal.js";

const CAMERA = { kind: "videoinput", deviceId: "c1", label: "Lens" } as const;
const MICROPHONE = { kind: "audioinput", deviceId: "m1", label: "" } as const;

function labels(choices: { label: string }[]): string[] {
  return choices.map(({ label }) => label);
}

test("the age of what waits is that of its oldest piece", () => {
  const backlog = new Backlog();
  assert.equal(backlog.age(0, 100), 0);
  backlog.add(1000, 100);
  backlog.add(1000, 200);
  assert.equal(backlog.age(2000, 300), 200);
  assert.equal(backlog.age(1001, 300), 200);
  assert.equal(backlog.age(1000, 300), 100);
  assert.equal(backlog.age(0, 300), 0);
});

test("another socket has no past", () => {
  const backlog = new Backlog();
  backlog.add(1000, 100);
  backlog.clear();
  backlog.add(500, 900);
  assert.equal(backlog.age(500, 1000), 100);
});

test("H.264 is recorded where that is possible, in Matroska rather than MP4", () => {
  assert.deepEqual(formatFor(true, () => true), {
    mime: "video/x-matroska;codecs=avc1,opus",
    extension: ".webm",
  });
  assert.equal(formatFor(false, () => true)?.mime, "video/x-matroska;codecs=avc1");
  const safari = formatFor(true, (mime) => mime.startsWith("video/mp4"));
  assert.deepEqual(safari, { mime: "video/mp4;codecs=avc1.42E01E,mp4a.40.2", extension: ".mp4" });
  assert.equal(formatFor(true, (mime) => mime.includes("vp8"))?.mime, "video/webm;codecs=vp8,opus");
  assert.equal(formatFor(true, () => false), undefined);
});

test("larger pictures get more bits, within limits", () => {
  assert.equal(bitsFor(1280, 720), 2_488_320);
  assert.equal(bitsFor(0, 0), 300_000);
  assert.equal(bitsFor(3840, 2160), 8_000_000);
});

test("a refused key is not tried again, a lost line and a taken seat are", () => {
  assert.deepEqual(verdictOf(1008, "no such key"), { again: false, text: "no such key" });
  assert.equal(verdictOf(1003, "").again, false);
  assert.deepEqual(verdictOf(1013, "taken"), { again: true, text: "taken" });
  assert.deepEqual(verdictOf(1006, ""), { again: true, text: "the server does not answer" });
});

test("a computer lists its cameras, a phone its two sides", () => {
  const devices = [CAMERA, MICROPHONE, { ...MICROPHONE, deviceId: "m2" }];
  const computer = choicesOf(devices, { touch: false, screen: true });
  assert.deepEqual(labels(computer.pictures), ["Lens", "Screen or window"]);
  assert.deepEqual(labels(computer.sounds), ["Microphone", "Microphone 2", "Sound of the screen", "No sound"]);
  const phone = choicesOf(devices, { touch: true, screen: false });
  assert.deepEqual(labels(phone.pictures), ["Front camera", "Back camera"]);
  assert.deepEqual(labels(choicesOf([], { touch: true, screen: false }).pictures), []);
});
