// Plays blocks of sound, each at its moment, through the Web Audio API.

export interface Sound {
  channels: Float32Array<ArrayBuffer>[];
  sampleRate: number;
}

const SEAMLESS_SECONDS = 0.06;
const UNLOCK_MILLISECONDS = 500;
// Devices take their time to wake up, those by radio seconds.
const WAKE_MILLISECONDS = 10_000;
const RESUME_INTERVAL = 1000;
// In seconds. What a device takes longer is heard late: pictures cannot wait for it.
const LONGEST_LATENCY = 0.35;

export class Speaker {
  private readonly context = new AudioContext({ latencyHint: "interactive" });
  private readonly timer: number;
  private resumedAt = -Infinity;
  private end = 0;

  /** Made in the person's gesture, or the browser stays silent and `blocked` is told. */
  constructor(blocked: () => void) {
    this.resume();
    const patience = isAllowed(this.context) ? WAKE_MILLISECONDS : UNLOCK_MILLISECONDS;
    this.timer = window.setTimeout(() => {
      if (this.context.state === "suspended") blocked();
    }, patience);
  }

  /**
   * Plays it so that it is heard at `due`, on the performance clock. Where that has passed it does
   * not, and tells by how many milliseconds the device is to blame.
   */
  play(sound: Sound, due: number): number | undefined {
    const { context } = this;
    if (context.state !== "running") {
      // Its clock stands still: what was put on it now would all be heard at once.
      this.resume();
      return undefined;
    }
    const latency = Math.min(LONGEST_LATENCY, context.outputLatency || context.baseLatency || 0);
    const wanted = context.currentTime + (due - performance.now()) / 1000 - latency;
    // Blocks that follow each other play without a seam; clocks that drift apart cost a rare click.
    const seamless = Math.abs(wanted - this.end) < SEAMLESS_SECONDS;
    const start = seamless ? this.end : wanted;
    const late = context.currentTime - start;
    if (late > 0) return Math.min(late, latency) * 1000;
    this.end = start + this.schedule(sound, start);
    return undefined;
  }

  close(): void {
    window.clearTimeout(this.timer);
    void this.context.close();
  }

  /** A call, or another program that took the device, leaves it standing when it is over. */
  private resume(): void {
    const now = performance.now();
    if (now - this.resumedAt < RESUME_INTERVAL) return;
    this.resumedAt = now;
    void this.context.resume().catch(() => undefined);
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

/** Whether the browser lets it be heard, as far as it says so: a silent one is then only slow. */
function isAllowed(context: AudioContext): boolean {
  const { getAutoplayPolicy, userActivation } = navigator as Navigator & {
    getAutoplayPolicy?: (context: AudioContext) => string;
  };
  if (getAutoplayPolicy) return getAutoplayPolicy.call(navigator, context) === "allowed";
  return (userActivation as UserActivation | undefined)?.hasBeenActive === true;
}
