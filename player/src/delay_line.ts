// Holds what came in until it is due, in order.

export class DelayLine<T> {
  private readonly waiting: { item: T; due: number }[] = [];
  private timer = 0;

  constructor(private readonly release: (item: T) => void) {}

  /** Hands `item` on at `due`, on the performance clock; at once when nothing waits and it is due. */
  add(item: T, due: number): void {
    this.waiting.push({ item, due });
    if (this.waiting.length === 1) this.work();
  }

  clear(): void {
    this.waiting.length = 0;
    window.clearTimeout(this.timer);
  }

  private readonly work = (): void => {
    while (this.waiting.length > 0) {
      const wait = this.waiting[0]!.due - performance.now();
      if (wait > 1) {
        this.timer = window.setTimeout(this.work, wait);
        return;
      }
      // Removed only now: what is added meanwhile queues up behind it.
      this.release(this.waiting[0]!.item);
      this.waiting.shift();
    }
  };
}
