// Whether a rung shows the pictures that it should. Pure: the caller brings the time, in milliseconds.

const NO_PICTURE = 3000;
// Before its stream has begun the rung is hardly at fault: an encoder starts, perhaps one of many.
const NO_STREAM = 10_000;
// A source that is slow by nature is given this many of its own intervals.
const INTERVALS = 3;
const LONGEST_INTERVAL = 20_000;

export class Watchdog {
  private shownAt: number | undefined;
  private expectedSince: number | undefined;
  private interval = 0;
  private least = NO_PICTURE;

  /** Whether there are pictures to come: the line is up and the source is live. */
  expect(pictures: boolean, now: number): void {
    if (pictures) this.expectedSince ??= now;
    // The time without a source is no interval between its pictures.
    else this.expectedSince = this.shownAt = undefined;
  }

  /** Whether the stream has begun, so that its pictures should follow soon. */
  begins(has: boolean, now: number): void {
    const least = has ? NO_PICTURE : NO_STREAM;
    if (least === this.least) return; // a stream that begins again and again shows nothing either
    this.least = least;
    if (this.expectedSince !== undefined) this.expectedSince = now;
  }

  /** A picture came on screen. */
  shown(now: number): void {
    if (this.expectedSince === undefined) return;
    if (this.shownAt !== undefined) this.interval = Math.min(LONGEST_INTERVAL, now - this.shownAt);
    this.expectedSince = this.shownAt = now;
  }

  /** For how long there should have been a picture. */
  quiet(now: number): number {
    return this.expectedSince === undefined ? 0 : now - this.expectedSince;
  }

  /** How long it may be quiet. */
  get patience(): number {
    return Math.max(this.least, INTERVALS * this.interval);
  }

  /** True when it has been quiet for too long; then the wait begins anew. */
  check(now: number): boolean {
    if (this.quiet(now) <= this.patience) return false;
    this.expectedSince = now;
    return true;
  }
}
