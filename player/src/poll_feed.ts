// The feed of rungs that load their stream by themselves: only news about the channel, over HTTP.

import type { Feed, FeedHost } from "./feed.js";
import type { ChannelState } from "./messages.js";

const INTERVAL = 2000;
const PATIENCE = 3000;
const STATES: readonly string[] = ["connecting", "live", "stalled", "offline"];

interface News {
  state: string;
  text: string;
  seconds: number;
}

export class PollFeed implements Feed {
  private timer = 0;
  private heardAt = -Infinity;
  private closed = false;

  constructor(
    private readonly channel: URL,
    private readonly host: FeedHost,
  ) {
    void this.ask();
  }

  report(): boolean {
    // The server counts such viewers without their help.
    return false;
  }

  input(): void {
    // There is no way back on which it could be told.
  }

  isAlive(): boolean {
    return performance.now() - this.heardAt < INTERVAL * 1.5;
  }

  close(): void {
    this.closed = true;
    window.clearTimeout(this.timer);
  }

  /** One question at a time: where nothing answers they would pile up. */
  private async ask(): Promise<void> {
    const news = await this.load().catch(() => undefined);
    if (this.closed) return;
    this.timer = window.setTimeout(() => void this.ask(), INTERVAL);
    if (news) this.heard(news);
    else this.host.line("down", "the server does not answer");
  }

  private async load(): Promise<News> {
    const signal = AbortSignal.timeout(PATIENCE);
    const answer = await fetch(this.channel, { cache: "no-store", signal });
    return (await answer.json()) as News;
  }

  private heard({ state, text, seconds }: News): void {
    this.heardAt = performance.now();
    this.host.line("up", "");
    // The source of a channel that nobody watches is closed; it is on its way.
    const known = STATES.includes(state) ? (state as ChannelState) : "connecting";
    this.host.state({ state: known, text, seconds });
  }
}
