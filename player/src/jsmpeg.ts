// Rung `jsmpeg`: MPEG-1 in a transport stream, decoded in JavaScript: for browsers without H.264.

import { DelayLine } from "./delay_line.js";
import type { Chunk } from "./messages.js";
import type { DecodePicture, DecodeSound } from "./mpeg1.js";
import { Playout } from "./playout.js";
import type { Rung, RungHost, RungKind } from "./rung.js";
import { shownSoon } from "./screen.js";
import { Speaker } from "./speaker.js";
import { PICTURE_STREAM, readUnit, SOUND_STREAM } from "./transport.js";

export const jsmpeg: RungKind = {
  name: "jsmpeg",
  extension: ".ts",
  pushed: true,
  audible: true,
  refusal: () => "",
  open: (host, _, muted) => new JsmpegRung(host, muted),
};

type Decoders = typeof import("./mpeg1.js");

// Beside the player's own file. Not written as a plain import, so that it stays a file of its own.
const FILE = "televise-mpeg1.js";
// Browsers remember which file could not be loaded, and never try it again by the same address.
let failedLoads = 0;
// JSMpeg's MP2 decoder divides by 2147418112 what is full scale at 1090519040, and so halves the sound.
const GAIN = 2147418112 / 1090519040;
// A decoder that is this far behind goes on at the next keyframe.
const LONGEST_QUEUE = 10;

interface Unit {
  chunk: Chunk;
  data: Uint8Array;
}

class JsmpegRung implements Rung {
  readonly picture = document.createElement("canvas");
  private readonly playout = new Playout();
  private readonly speaker: Speaker | undefined;
  private readonly waiting = new DelayLine<Unit>((unit) => this.enqueue(unit));
  private queue: Unit[] = [];
  private decoders: Decoders | undefined;
  private decodePicture: DecodePicture | undefined;
  private decodeSound: DecodeSound | undefined;
  private soundDue = 0;
  private working = false;
  private closed = false;

  constructor(
    private readonly host: RungHost,
    muted: boolean,
  ) {
    if (!muted) this.speaker = new Speaker(() => host.soundBlocked());
    void this.load();
  }

  init(): void {
    this.waiting.clear();
    this.queue = [];
    this.playout.restart();
    this.decodePicture = undefined;
  }

  chunk(chunk: Chunk, packets: ArrayBuffer): void {
    const data = new Uint8Array(packets);
    if (this.speaker) this.playout.arrived(chunk.pts, performance.now());
    if (chunk.track === "audio") this.hear(chunk, data);
    else if (this.speaker) this.waiting.add({ chunk, data }, this.playout.due(chunk.pts));
    else this.enqueue({ chunk, data });
  }

  close(): void {
    this.closed = true;
    this.queue = [];
    this.waiting.clear();
    this.speaker?.close();
  }

  private async load(): Promise<void> {
    const file = failedLoads > 0 ? `${FILE}?${failedLoads}` : FILE;
    try {
      this.decoders = (await import(new URL(file, import.meta.url).href)) as Decoders;
    } catch {
      failedLoads += 1;
      this.failed(`${FILE} cannot be loaded`);
      return;
    }
    this.decodeSound = this.decoders.soundDecoder((rate, left, right) =>
      this.play(rate, left, right),
    );
    this.work();
  }

  private enqueue(unit: Unit): void {
    if (unit.chunk.keyframe && this.queue.length > LONGEST_QUEUE) this.queue = [];
    this.queue.push(unit);
    if (!this.working) this.work();
  }

  /** One picture per task, so that the browser stays awake and what comes in can be judged. */
  private readonly work = (): void => {
    const unit = this.decoders && this.queue.shift();
    this.working = unit !== undefined && !this.closed;
    if (!unit || this.closed) return;
    this.show(unit);
    if (this.queue.length > 0) window.setTimeout(this.work);
    else this.working = false;
  };

  private show({ chunk, data }: Unit): void {
    try {
      if (chunk.keyframe) this.decodePicture ??= this.decoders?.pictureDecoder(this.picture);
      const picture = readUnit(data, PICTURE_STREAM);
      if (this.decodePicture?.(picture)) shownSoon(this.host, chunk.pts);
    } catch (error) {
      this.failed(String(error));
    }
  }

  private hear(chunk: Chunk, data: Uint8Array): void {
    this.host.soundFound(true);
    if (!this.speaker) return;
    this.soundDue = this.playout.due(chunk.pts);
    this.decodeSound?.(readUnit(data, SOUND_STREAM));
  }

  private play(sampleRate: number, left: Float32Array, right: Float32Array): void {
    const channels = [left, right].map((samples) => samples.map((sample) => sample * GAIN));
    const late = this.speaker?.play({ channels, sampleRate }, this.soundDue);
    if (late !== undefined) this.playout.late(performance.now(), late);
    this.soundDue += (left.length / sampleRate) * 1000;
  }

  private failed(reason: string): void {
    if (!this.closed) this.host.failed("broken", reason);
  }
}
