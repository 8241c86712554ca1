// When each moment of the stream is due, for rungs that must keep sound and picture in step themselves.
// Pure: the caller brings the time, in milliseconds.

const FIRST_DELAY = 120;
const LONGEST_DELAY = 500;
const STEP = 20;
const CALM = 15_000;
const WINDOW = 5000;

export class Playout {
  /** How long after the earliest possible moment everything is played. */
  delay = FIRST_DELAY;
  private current = Infinity;
  private before = Infinity;
  private turnedAt: number | undefined;
  private lateAt = -Infinity;

  /** A chunk came in: the quickest one of the last seconds sets the pace. */
  arrived(pts: number, now: number): void {
    this.turnedAt ??= now;
    if (now - this.turnedAt > WINDOW) {
      this.turnedAt = now;
      this.before = this.current;
      this.current = Infinity;
      if (now - this.lateAt > CALM && this.delay > FIRST_DELAY) this.delay -= STEP;
    }
    this.current = Math.min(this.current, now - pts * 1000);
  }

  /** When to play what has this pts. */
  due(pts: number): number {
    return Math.min(this.current, this.before) + pts * 1000 + this.delay;
  }

  /** Something came after it was due; `by` so much it always will, as the device is no quicker. */
  late(now: number, by = 0): void {
    if (now - this.lateAt < 1000) return;
    this.lateAt = now;
    this.delay = Math.min(LONGEST_DELAY, this.delay + Math.max(STEP, by));
  }

  /** A new timeline. */
  restart(): void {
    this.current = this.before = Infinity;
    this.turnedAt = undefined;
  }
}
