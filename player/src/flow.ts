// Whether pictures flow. Pure: the caller brings the time, in milliseconds.

const NO_PICTURE = 3000;
const STANDSTILL = 2000;
// A source that is slow by nature is given this many of its own intervals.
const INTERVALS = 3;
const LONGEST_INTERVAL = 20_000;

/** `still`: the pictures have stopped; `stalled`: for so long that the rung must be at fault. */
export type Trouble = "still" | "stalled";

export class Flow {
  flowing = false;
  private shownAt: number | undefined;
  private expectedSince: number | undefined;
  private interval = 0;

  /** Whether there was a picture since the start. */
  get seen(): boolean {
    return this.shownAt !== undefined;
  }

  start(): void {
    this.flowing = false;
    this.shownAt = this.expectedSince = undefined;
  }

  /** Whether there are pictures to come: the line is up and the source is live. */
  expect(pictures: boolean, now: number): void {
    if (!pictures) this.expectedSince = undefined;
    else this.expectedSince ??= now;
  }

  /** A picture came on screen; true when the pictures flow from now on. */
  shown(now: number): boolean {
    const began = !this.flowing;
    if (!began) this.interval = Math.min(LONGEST_INTERVAL, now - this.shownAt!);
    this.flowing = true;
    this.shownAt = now;
    if (this.expectedSince !== undefined) this.expectedSince = now;
    return began;
  }

  /** For how long there should have been a picture. */
  quiet(now: number): number {
    return this.expectedSince === undefined ? 0 : now - this.expectedSince;
  }

  /** Tells each trouble once; after `stalled` the wait begins anew. */
  check(now: number): Trouble | undefined {
    if (this.quiet(now) > Math.max(NO_PICTURE, INTERVALS * this.interval)) {
      this.expectedSince = now;
      return "stalled";
    }
    if (!this.flowing || now - this.shownAt! <= STANDSTILL) return undefined;
    this.flowing = false;
    return "still";
  }
}
