// From blocks of AAC to the loudspeaker, in step with the picture.

import type { Movie } from "./movie.js";
import type { Playout } from "./playout.js";
import { Speaker } from "./speaker.js";

export class SoundDecoder {
  private readonly speaker: Speaker;
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
    this.decoder = new AudioDecoder({ output: (data) => this.play(data), error: () => this.stop() });
    this.decoder.configure({
      codec,
      sampleRate: sound.sampleRate,
      numberOfChannels: sound.channels,
      description: sound.config,
    });
  }

  decode(pts: number, data: Uint8Array): void {
    if (this.decoder?.state !== "configured") return;
    this.decoder.decode(new EncodedAudioChunk({ type: "key", timestamp: pts * 1e6, data }));
  }

  stop(): void {
    if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
    this.decoder = undefined;
  }

  close(): void {
    this.stop();
    this.speaker.close();
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
