// Rung `webcodecs`: the pictures of the MP4 fragments, decoded one by one and drawn at once.
//
// While muted nothing is held back: a picture is drawn when it is decoded. With sound both are played
// a little later, at moments that `Playout` sets.

import { DelayLine } from "./delay_line.js";
import type { Chunk } from "./messages.js";
import { codecOf, readMovie, readSample } from "./movie.js";
import { PictureDecoder } from "./picture_decoder.js";
import { Playout } from "./playout.js";
import type { Rung, RungHost, RungKind } from "./rung.js";
import { Screen } from "./screen.js";
import { hasSound } from "./silence.js";
import { SoundDecoder } from "./sound_decoder.js";

export const webcodecs: RungKind = {
  name: "webcodecs",
  extension: ".mp4",
  pushed: true,
  audible: true,
  refusal: () => {
    if (typeof VideoDecoder === "function") return "";
    return isSecureContext ? "no VideoDecoder" : "no VideoDecoder without HTTPS";
  },
  open: (host, _, muted) => new WebCodecsRung(host, muted),
};

interface Sample {
  chunk: Chunk;
  data: Uint8Array;
}

class WebCodecsRung implements Rung {
  readonly picture: HTMLCanvasElement;
  private readonly screen: Screen;
  private readonly pictures: PictureDecoder;
  private readonly playout = new Playout();
  private readonly sound: SoundDecoder | undefined;
  private readonly waiting = new DelayLine<Sample>((sample) => this.decode(sample));
  private closed = false;

  constructor(
    private readonly host: RungHost,
    muted: boolean,
  ) {
    this.screen = new Screen(host);
    this.picture = this.screen.canvas;
    if (!muted) this.sound = new SoundDecoder(this.playout, () => host.soundBlocked());
    this.pictures = new PictureDecoder({
      decoded: (frame) => this.show(frame),
      failed: (kind, reason) => {
        if (!this.closed) host.failed(kind, reason);
      },
    });
  }

  init(mime: string, segment: ArrayBuffer): void {
    const movie = readMovie(segment);
    this.host.soundFound(hasSound(mime));
    this.waiting.clear();
    this.playout.restart();
    if (!movie.picture) {
      this.host.failed("impossible", "the stream has no H.264 picture");
      return;
    }
    const codec = codecOf(mime, false);
    this.pictures.configure({ codec, description: movie.picture, optimizeForLatency: true });
    if (movie.sound) this.sound?.configure(codecOf(mime, true), movie.sound);
  }

  chunk(chunk: Chunk, fragment: ArrayBuffer): void {
    const data = readSample(fragment);
    if (!data) return;
    if (this.sound) this.playout.arrived(chunk.pts, performance.now());
    if (chunk.track === "audio") this.sound?.decode(chunk.pts, data);
    else if (this.sound) this.waiting.add({ chunk, data }, this.playout.due(chunk.pts));
    else this.decode({ chunk, data });
  }

  close(): void {
    this.closed = true;
    this.waiting.clear();
    this.pictures.close();
    this.sound?.close();
  }

  private decode({ chunk, data }: Sample): void {
    this.pictures.decode(chunk.pts, chunk.keyframe, data);
  }

  private show(frame: VideoFrame): void {
    const { displayWidth, displayHeight, timestamp } = frame;
    if (!this.closed) this.screen.draw(frame, displayWidth, displayHeight, timestamp / 1e6);
    frame.close();
  }
}
