// How much per second: pictures, bytes.

const WINDOW_MILLISECONDS = 2000;

/** A sum over the last two seconds, told per second. */
export class Rate {
  private entries: { at: number; amount: number }[] = [];
  private started: number | undefined;

  add(amount: number, now: number): void {
    this.started ??= now;
    this.entries.push({ at: now, amount });
    this.forget(now);
  }

  perSecond(now: number): number {
    this.forget(now);
    if (this.started === undefined) return 0;
    const span = Math.min(WINDOW_MILLISECONDS, Math.max(250, now - this.started));
    return (this.entries.reduce((sum, entry) => sum + entry.amount, 0) / span) * 1000;
  }

  private forget(now: number): void {
    while (this.entries.length && this.entries[0]!.at < now - WINDOW_MILLISECONDS) {
      this.entries.shift();
    }
    if (this.entries.length === 0) this.started = undefined;
  }
}
