// The feed of a tile on a wall; where the server refuses the wall, a socket of its own.

import type { Feed, FeedHost } from "./feed.js";
import type { Input, Report } from "./messages.js";
import type { Wish } from "./outbox.js";
import type { Wall } from "./wall.js";

export class WallFeed implements Feed {
  private feed: Feed;

  constructor(
    wall: Wall,
    channel: string,
    wish: Wish,
    host: FeedHost,
    private readonly alone: () => Feed,
  ) {
    const refused = () => (this.feed = this.alone());
    this.feed = wall.join(channel, wish, { host, refused }) ?? alone();
  }

  report(report: Report): boolean {
    return this.feed.report(report);
  }

  input(input: Input): void {
    this.feed.input(input);
  }

  isAlive(): boolean {
    return this.feed.isAlive();
  }

  close(): void {
    this.feed.close();
  }
}
