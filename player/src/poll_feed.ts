// The feed of rungs that load their stream by themselves: only news about the channel, over HTTP.

import type { Feed, FeedHost } from "./feed.js";
import type { ChannelState } from "./messages.js";

const INTERVAL = 2000;
const STATES: readonly string[] = ["connecting", "live", "stalled", "offline"];

export class PollFeed implements Feed {
  private readonly abort = new AbortController();
  private readonly timer: number;
  private answered = false;

  constructor(
    private readonly channel: URL,
    private readonly host: FeedHost,
  ) {
    this.timer = window.setInterval(() => void this.ask(), INTERVAL);
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
    return this.answered;
  }

  close(): void {
    window.clearInterval(this.timer);
    this.abort.abort();
  }

  private async ask(): Promise<void> {
    try {
      const answer = await fetch(this.channel, { cache: "no-store", signal: this.abort.signal });
      const said = (await answer.json()) as { state: string; text: string; seconds: number };
      this.answered = true;
      this.host.line("up", "");
      // The source of a channel that nobody watches is closed; it is on its way.
      const known = STATES.includes(said.state) ? (said.state as ChannelState) : "connecting";
      this.host.state({ state: known, text: said.text, seconds: said.seconds });
    } catch {
      this.answered = false;
      if (!this.abort.signal.aborted) this.host.line("down", "the server does not answer");
    }
  }
}
