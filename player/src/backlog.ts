// How old is what waits in a socket to be sent.
// Pure: the caller brings the time, in milliseconds.

interface Piece {
  /** All bytes up to its end. */
  end: number;
  at: number;
}

export class Backlog {
  private waiting: Piece[] = [];
  private total = 0;

  /** So many bytes were given to the socket. */
  add(bytes: number, now: number): void {
    this.total += bytes;
    this.waiting.push({ end: this.total, at: now });
  }

  /** The age of the oldest piece of which something is still there; `buffered` as the socket says. */
  age(buffered: number, now: number): number {
    const sent = this.total - buffered;
    this.waiting = this.waiting.filter(({ end }) => end > sent);
    const [oldest] = this.waiting;
    return oldest ? now - oldest.at : 0;
  }

  /** Another socket. */
  clear(): void {
    this.waiting = [];
    this.total = 0;
  }
}
