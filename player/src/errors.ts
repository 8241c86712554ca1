// The errors of a decoder that is made again after each. Pure: the caller brings the time, in milliseconds.

const FORGIVEN = 2;
const FORGIVEN_AFTER = 10_000;

export class Errors {
  private times: number[] = [];

  add(now: number): void {
    this.times = [...this.recent(now), now];
  }

  /** More than is forgiven. */
  areTooMany(now: number): boolean {
    return this.recent(now).length > FORGIVEN;
  }

  private recent(now: number): number[] {
    return this.times.filter((at) => now - at < FORGIVEN_AFTER);
  }
}
