// Whether pictures flow. Pure: the caller brings the time, in milliseconds.

const NO_PICTURE = 3000;
const STANDSTILL = 2000;

/** `blind`: media come, but no picture. `still`: the pictures have stopped. */
export type Trouble = "blind" | "still";

export class Flow {
  flowing = false;
  private shownAt: number | undefined;
  private blindSince: number | undefined;

  /** Whether there was a picture since the start. */
  get seen(): boolean {
    return this.shownAt !== undefined;
  }

  start(): void {
    this.flowing = false;
    this.shownAt = this.blindSince = undefined;
  }

  /** No media come for a known reason, so their absence is not the rung's fault. */
  interrupt(): void {
    this.blindSince = undefined;
  }

  received(now: number): void {
    this.blindSince ??= now;
  }

  /** A picture came on screen; true when the pictures flow from now on. */
  shown(now: number): boolean {
    const began = !this.flowing;
    this.flowing = true;
    this.shownAt = now;
    this.blindSince = undefined;
    return began;
  }

  /** Tells each trouble once. */
  check(now: number): Trouble | undefined {
    if (this.blindSince !== undefined && now - this.blindSince > NO_PICTURE) {
      this.blindSince = undefined;
      return "blind";
    }
    if (!this.flowing || now - this.shownAt! <= STANDSTILL) return undefined;
    this.flowing = false;
    return "still";
  }
}
