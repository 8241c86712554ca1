// Which channels of a wall the server has been asked for, and what it must still be told.
// Pure: the caller brings the time, in milliseconds.
//
// Servers close sockets that talk too much, so the wishes are spread over time; what was wanted and
// no longer is, before it was told, is never told.

export interface Wish {
  w?: number;
  h?: number;
  fps?: number;
  q?: number;
}

export type WallRequest =
  | ({ type: "watch"; channel: string } & Wish)
  | { type: "unwatch"; channel: string };

// The server allows a burst of 60 and 20 per second.
const BURST = 40;
const INTERVAL = 100;

export class Outbox {
  private readonly wanted = new Map<string, Wish>();
  private readonly told = new Set<string>();
  private allowance = BURST;
  private countedAt = -Infinity;

  want(channel: string, wish: Wish): void {
    this.wanted.set(channel, wish);
  }

  unwant(channel: string): void {
    this.wanted.delete(channel);
  }

  /** A new connection, whose server knows nothing yet. */
  restart(): void {
    this.told.clear();
  }

  /** The server has given this one up: it must be told again. */
  forget(channel: string): void {
    this.told.delete(channel);
  }

  /** What to tell now; nothing when all is told, or too much was told lately. */
  next(now: number): WallRequest | undefined {
    const earned = Math.max(0, (now - this.countedAt) / INTERVAL);
    this.allowance = Math.min(BURST, this.allowance + earned);
    this.countedAt = now;
    if (this.allowance < 1) return undefined;
    const request = this.pending();
    if (request) this.allowance -= 1;
    return request;
  }

  /** Whether there is something left to tell, later. */
  get isEmpty(): boolean {
    const untold = [...this.wanted.keys()].some((channel) => !this.told.has(channel));
    return !untold && [...this.told].every((channel) => this.wanted.has(channel));
  }

  private pending(): WallRequest | undefined {
    for (const channel of this.told) {
      if (this.wanted.has(channel)) continue;
      this.told.delete(channel);
      return { type: "unwatch", channel };
    }
    for (const [channel, wish] of this.wanted) {
      if (this.told.has(channel)) continue;
      this.told.add(channel);
      return { type: "watch", channel, ...wish };
    }
    return undefined;
  }
}

/** The wish in a tile's query: `?w=320&fps=5`. Undefined when there is something a wall cannot do. */
export function wishOf(query: URLSearchParams): Wish | undefined {
  const wish: Wish = {};
  for (const [key, value] of query) {
    if (key === "token") continue;
    if (key !== "w" && key !== "h" && key !== "fps" && key !== "q") return undefined;
    wish[key] = Number(value);
  }
  return wish;
}
