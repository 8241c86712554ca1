// Asks the server over HTTP how a channel is, for when its WebSocket says nothing.

const INTERVAL = 1000;
const PATIENCE = 3000;

export class Probe {
  private asking = false;
  private askedAt = -Infinity;
  private liveAt = -Infinity;

  /** What the API says of the channel is at this address. */
  constructor(private readonly channel: URL) {}

  /** Whether the channel was said to be live just now; asked again and again, it makes sure of that. */
  isLive(): boolean {
    const now = performance.now();
    if (!this.asking && now - this.askedAt > INTERVAL) void this.ask(now);
    return now - this.liveAt < INTERVAL * 1.5;
  }

  private async ask(now: number): Promise<void> {
    this.asking = true;
    this.askedAt = now;
    try {
      const signal = AbortSignal.timeout(PATIENCE);
      const answer = await fetch(this.channel, { cache: "no-store", signal });
      const { state } = (await answer.json()) as { state: string };
      if (state === "live") this.liveAt = performance.now();
    } catch {
      // It does not answer: then no other rung would do better.
    }
    this.asking = false;
  }
}
