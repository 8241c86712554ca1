import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Publisher } from "../src/publish.js";

class Socket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static newest: Socket;
  readyState = Socket.OPEN;
  bufferedAmount = 0;
  onopen?: () => void;
  onclose?: (event: { code: number; reason: string }) => void;

  constructor() {
    Socket.newest = this;
  }

  send(): void {}

  close(): void {}
}

class Recorder {
  static bits: number[] = [];
  static newest: Recorder;
  static isTypeSupported = () => true;
  state = "recording";
  ondataavailable?: (event: { data: { size: number } }) => void;

  constructor(_: object, { videoBitsPerSecond }: { videoBitsPerSecond: number }) {
    Recorder.bits.push(videoBitsPerSecond);
    Recorder.newest = this;
  }

  start(): void {}

  stop(): void {}
}

const STREAM = {
  getAudioTracks: () => [],
  getVideoTracks: () => [{ getSettings: () => ({ width: 1000, height: 1000 }) }],
} as unknown as MediaStream;
const LONGEST_WAIT = 3000;

let now = 0;

beforeEach(() => {
  now = 0;
  Recorder.bits = [];
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(performance, "now", () => now);
  Object.assign(globalThis, { WebSocket: Socket, MediaRecorder: Recorder, window: globalThis });
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** Opened, and after so long the line breaks. */
function lasted(milliseconds: number): void {
  Socket.newest.onopen?.();
  now += milliseconds;
  Socket.newest.onclose?.({ code: 1006, reason: "" });
  mock.timers.tick(LONGEST_WAIT);
}

/** Opened, and at once more is made than the line takes. */
function overtaxed(): void {
  Socket.newest.onopen?.();
  Socket.newest.bufferedAmount = 2000;
  Recorder.newest.ondataavailable?.({ data: { size: 1000 } });
  now += 2000;
  Recorder.newest.ondataavailable?.({ data: { size: 1000 } });
  Socket.newest.onclose?.({ code: 1000, reason: "" });
}

test("a line that was too slow gets less, and more again when that went well for minutes", () => {
  const publisher = new Publisher(STREAM, {
    address: () => new URL("ws://hub/cam.webm"),
    changed: () => undefined,
  });
  overtaxed();
  overtaxed();
  for (const milliseconds of [10_000, 600_000, 600_000, 600_000, 0]) lasted(milliseconds);
  publisher.stop();
  const shares = Recorder.bits.map((bits) => Math.round((100 * bits) / 2_700_000));
  assert.deepEqual(shares, [100, 60, 36, 36, 60, 100, 100]);
});
