// Staying at the live edge: when to jump, and how fast to play. Pure: no DOM, the caller brings the time.
//
// What is steered is the *slack*: the seconds of media still unplayed at the moment when the next
// picture comes in. Its minimum over the last moments tells how late the network and the encoder
// really are, so the delay follows the jitter of the line by itself. The wanted minimum is the
// reserve; it grows when playback ran dry and shrinks again, slowly, while all is calm.

export interface Span {
  start: number;
  end: number;
}

/** Seek to a media time, or play at a rate. */
export type Move = { seek: number } | { rate: number };

const RESERVE_CEILING = 0.4;
const RESERVE_STEP = 0.015;
const RESERVE_SHRINK_SHARE_PER_SECOND = 0.03;
const CALM_MILLISECONDS = 15_000;
const HICCUP_MILLISECONDS = 1000;
const SLACK_WINDOW_MILLISECONDS = 1000;
const TOO_LATE = 0.5;
const EDGE_TOLERANCE = 0.1;

export class LiveEdge {
  /** The wanted slack, in seconds. */
  reserve: number;
  private slacks: { at: number; slack: number }[] = [];
  private interval = 1 / 30;
  private newestPts: number | undefined;
  private starvedAt = -Infinity;
  private shrunkAt = 0;

  /** `floor`: what plays without a stutter on a perfect line, in seconds. */
  constructor(private readonly floor: number) {
    this.reserve = floor;
  }

  /** A fragment came in (not yet appended), with so much still unplayed; `now` in milliseconds. */
  arrived(now: number, slack: number): void {
    this.slacks.push({ at: now, slack });
    while (this.slacks[0]!.at < now - SLACK_WINDOW_MILLISECONDS) this.slacks.shift();
    this.shrink(now);
  }

  /** Learns the distance between pictures from their pts. */
  spaced(pts: number): void {
    const step = pts - (this.newestPts ?? pts);
    this.newestPts = Math.max(pts, this.newestPts ?? pts);
    if (step > 0 && step < 1) this.interval += (step - this.interval) * 0.1;
  }

  /** Playback ran dry: keep more in reserve from now on. */
  starved(now: number): void {
    // Browsers tell of one hiccup several times.
    if (now - this.starvedAt < HICCUP_MILLISECONDS) return;
    this.starvedAt = now;
    this.reserve = Math.min(RESERVE_CEILING, this.reserve + RESERVE_STEP);
  }

  /** A new timeline: where it ends is not yet known. */
  restart(): void {
    this.newestPts = undefined;
    this.slacks = [];
  }

  /**
   * Where what can be shown ends. The server may give pictures generous durations, so that browsers
   * play across lost ones; then the buffer seems to hold more than there is.
   */
  end(buffered: readonly Span[]): number | undefined {
    const end = buffered.at(-1)?.end;
    if (end === undefined || this.newestPts === undefined) return end;
    return Math.min(end, this.newestPts + this.interval);
  }

  /** What to do now, given the play position and what is buffered. */
  steer(position: number, buffered: readonly Span[]): Move {
    // Gaps that a browser would play across it does not report, so only the last span is worth playing.
    const start = buffered.at(-1)?.start;
    const end = this.end(buffered);
    if (start === undefined || end === undefined) return { rate: 1 };
    const span = { start, end: Math.max(start, end) };
    const outside = position < span.start - 0.001 || position > span.end + EDGE_TOLERANCE;
    const late = span.end - position - this.interval - this.reserve > TOO_LATE;
    if (outside || late) return this.jump(span);
    return { rate: this.rate() };
  }

  private jump(span: Span): Move {
    // What was measured before the jump says nothing about the time after it.
    this.slacks = [];
    return { seek: Math.max(span.start, span.end - this.interval - this.reserve) };
  }

  private rate(): number {
    if (this.slacks.length < 3) return 1;
    const surplus = Math.min(...this.slacks.map((entry) => entry.slack)) - this.reserve;
    // Few fixed steps: every change of rate costs the browser something, audio most of all.
    if (surplus > 0.2) return 1.25;
    if (surplus > 0.06) return 1.1;
    if (surplus > 0.015) return 1.03;
    if (surplus < -0.1) return 0.9;
    if (surplus < -0.01) return 0.97;
    return 1;
  }

  private shrink(now: number): void {
    const seconds = Math.min(1, Math.max(0, (now - this.shrunkAt) / 1000));
    this.shrunkAt = now;
    if (now - this.starvedAt < CALM_MILLISECONDS) return;
    // Quick to forget a storm, slow to try again what was only just too little.
    const excess = this.reserve - this.floor;
    this.reserve -= excess * seconds * RESERVE_SHRINK_SHARE_PER_SECOND;
  }
}
