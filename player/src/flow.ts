// Whether pictures flow. Pure: the caller brings the time, in milliseconds.

const STANDSTILL = 2000;

export class Flow {
  flowing = false;
  private shownAt: number | undefined;

  /** Whether there was a picture since the start. */
  get seen(): boolean {
    return this.shownAt !== undefined;
  }

  start(): void {
    this.flowing = false;
    this.shownAt = undefined;
  }

  /** A picture came on screen; true when the pictures flow from now on. */
  shown(now: number): boolean {
    const began = !this.flowing;
    this.flowing = true;
    this.shownAt = now;
    return began;
  }

  /** True, once, when the pictures have stopped. */
  check(now: number): boolean {
    if (!this.flowing || now - this.shownAt! <= STANDSTILL) return false;
    this.flowing = false;
    return true;
  }
}
