// From blocks of AAC to the loudspeaker, in step with the picture.
// After an error it begins anew with the next block; after too many it is silent for a while.

import { Errors } from "./errors.js";
import type { Movie } from "./movie.js";
import type { Playout } from "./playout.js";
import { Speaker } from "./speaker.js";

export class SoundDecoder {
  private readonly speaker: Speaker;
  private readonly errors = new Errors();
  private config: AudioDecoderConfig | undefined;
  private decoder: AudioDecoder | undefined;

  constructor(
    private readonly playout: Playout,
    blocked: () => void,
  ) {
    this.speaker = new Speaker(blocked);
  }

  /** A stream whose sound this browser cannot decode is silent; its picture still moves. */
  configure(codec: string, sound: NonNullable<Movie["sound"]>): void {
    this.stop();
    if (typeof AudioDecoder !== "function") return;
    this.config = {
      codec,
      sampleRate: sound.sampleRate,
      numberOfChannels: sound.channels,
      description: sound.config,
    };
  }

  decode(pts: number, data: Uint8Array): void {
    if (!this.config || this.errors.areTooMany(performance.now())) return;
    try {
      this.decoder ??= this.open(this.config);
      this.decoder.decode(new EncodedAudioChunk({ type: "key", timestamp: pts * 1e6, data }));
    } catch {
      this.broke();
    }
  }

  close(): void {
    this.stop();
    this.speaker.close();
  }

  private open(config: AudioDecoderConfig): AudioDecoder {
    const decoder = new AudioDecoder({
      output: (data) => this.play(data),
      error: (error) => {
        if (decoder === this.decoder) this.refused(error);
      },
    });
    decoder.configure(config);
    return decoder;
  }

  private refused(error: DOMException): void {
    if (error.name === "NotSupportedError") this.config = undefined;
    this.broke();
  }

  private broke(): void {
    this.stop();
    this.errors.add(performance.now());
  }

  private stop(): void {
    // A decoder that failed has closed itself.
    if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
    this.decoder = undefined;
  }

  private play(data: AudioData): void {
    const channels = Array.from({ length: data.numberOfChannels }, (_, planeIndex) => {
      const samples = new Float32Array(data.numberOfFrames);
      data.copyTo(samples, { planeIndex, format: "f32-planar" });
      return samples;
    });
    const { sampleRate } = data;
    const due = this.playout.due(data.timestamp / 1e6);
    data.close();
    const late = this.speaker.play({ channels, sampleRate }, due);
    if (late !== undefined) this.playout.late(performance.now(), late);
  }
}
