import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Errors } from "../src/errors.js";
import { Playout } from "../src/playout.js";
import { SoundDecoder } from "../src/sound_decoder.js";

const SOUND = { config: new Uint8Array(2), sampleRate: 48_000, channels: 2 };
const BLOCK = new Uint8Array(8);

/** As a browser's: an error closes it. */
class Decoder {
  static made: Decoder[] = [];
  state = "unconfigured";
  blocks = 0;

  constructor(private readonly callbacks: { error(error: Error): void; output(data: object): void }) {
    Decoder.made.push(this);
  }

  configure(): void {
    this.state = "configured";
  }

  decode(): void {
    if (this.state !== "configured") throw new DOMException("it is closed", "InvalidStateError");
    this.blocks += 1;
  }

  close(): void {
    this.state = "closed";
  }

  fail(name: string): void {
    this.state = "closed";
    this.callbacks.error(new DOMException("a broken block", name));
  }

  finish(): void {
    const copyTo = () => undefined;
    const close = () => undefined;
    const { sampleRate, channels: numberOfChannels } = SOUND;
    this.callbacks.output({ numberOfChannels, numberOfFrames: 1024, sampleRate, timestamp: 0, copyTo, close });
  }
}

class Context {
  static state = "suspended";
  static resumed = 0;

  get state(): string {
    return Context.state;
  }

  async resume(): Promise<void> {
    Context.resumed += 1;
  }

  async close(): Promise<void> {}
}

let now = 0;

beforeEach(() => {
  now = 0;
  Decoder.made = [];
  Context.resumed = 0;
  mock.method(performance, "now", () => now);
  const chunk = class {};
  const browser = { AudioDecoder: Decoder, AudioContext: Context, EncodedAudioChunk: chunk, window: globalThis };
  Object.assign(globalThis, browser);
});
afterEach(() => mock.restoreAll());

/** One that has decoded a block. */
function hearing(t: { after(end: () => void): void }): SoundDecoder {
  const decoder = new SoundDecoder(new Playout(), () => undefined);
  t.after(() => decoder.close());
  decoder.configure("mp4a.40.2", SOUND);
  decoder.decode(0, BLOCK);
  return decoder;
}

test("sound goes on after a block that cannot be decoded", (t) => {
  const decoder = hearing(t);
  Decoder.made[0]!.fail("EncodingError");
  decoder.decode(0.02, BLOCK);
  assert.deepEqual(Decoder.made.map(({ blocks }) => blocks), [1, 1]);
});

test("sound goes on with another decoder when the browser has taken one away", (t) => {
  const decoder = hearing(t);
  Decoder.made[0]!.state = "closed"; // it has not told yet
  decoder.decode(0.02, BLOCK);
  decoder.decode(0.04, BLOCK);
  Decoder.made[0]!.fail("QuotaExceededError");
  decoder.decode(0.06, BLOCK);
  assert.deepEqual(Decoder.made.map(({ blocks }) => blocks), [1, 2]);
});

test("sound that fails again and again rests, and is tried later", (t) => {
  const decoder = hearing(t);
  for (let block = 1; block < 100; block++) {
    Decoder.made.at(-1)!.fail("EncodingError");
    decoder.decode(block * 0.02, BLOCK);
  }
  assert.equal(Decoder.made.length, 3);
  now = 10_000;
  decoder.decode(10, BLOCK);
  assert.equal(Decoder.made.length, 4);
});

test("sound that the browser cannot decode at all is not tried again", (t) => {
  const decoder = hearing(t);
  Decoder.made[0]!.fail("NotSupportedError");
  now = 60_000;
  decoder.decode(60, BLOCK);
  assert.equal(Decoder.made.length, 1);
});

test("a loudspeaker that was interrupted is resumed, once a second", (t) => {
  hearing(t);
  assert.equal(Context.resumed, 1);
  for (now = 1000; now < 4000; now += 20) Decoder.made[0]!.finish();
  assert.equal(Context.resumed, 4);
});

test("errors are forgiven after ten seconds", () => {
  const errors = new Errors();
  for (const at of [0, 1000, 2000]) {
    assert.equal(errors.areTooMany(at), false);
    errors.add(at);
  }
  assert.equal(errors.areTooMany(9000), true);
  assert.equal(errors.areTooMany(10_000), false);
});
