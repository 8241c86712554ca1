// Plays blocks of sound, each at its moment, through the Web Audio API.

export interface Sound {
  channels: Float32Array<ArrayBuffer>[];
  sampleRate: number;
}

const SEAMLESS_SECONDS = 0.06;
const UNLOCK_MILLISECONDS = 500;

export class Speaker {
  private readonly context = new AudioContext({ latencyHint: "interactive" });
  private readonly timer: number;
  private end = 0;

  /** Made in the person's gesture, or the browser stays silent and `blocked` is told. */
  constructor(blocked: () => void) {
    void this.context.resume().catch(() => undefined);
    this.timer = window.setTimeout(() => {
      if (this.context.state === "suspended") blocked();
    }, UNLOCK_MILLISECONDS);
  }

  /** Plays it so that it is heard at `due`, on the performance clock; false when that has passed. */
  play(sound: Sound, due: number): boolean {
    const { context } = this;
    const latency = context.outputLatency || context.baseLatency || 0;
    const wanted = context.currentTime + (due - performance.now()) / 1000 - latency;
    // Blocks that follow each other play without a seam; clocks that drift apart cost a rare click.
    const seamless = Math.abs(wanted - this.end) < SEAMLESS_SECONDS;
    const start = seamless ? this.end : wanted;
    if (start < context.currentTime) return false;
    this.end = start + this.schedule(sound, start);
    return true;
  }

  close(): void {
    window.clearTimeout(this.timer);
    void this.context.close();
  }

  private schedule({ channels, sampleRate }: Sound, start: number): number {
    const buffer = this.context.createBuffer(channels.length, channels[0]!.length, sampleRate);
    channels.forEach((samples, index) => buffer.copyToChannel(samples, index));
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    source.start(start);
    return buffer.duration;
  }
}
