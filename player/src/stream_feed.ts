// The usual feed: a WebSocket of its own for one stream.

import { Connection, GIVEN_UP } from "./connection.js";
import type { Ending } from "./connection.js";
import { explain } from "./explain.js";
import type { Feed, FeedHost } from "./feed.js";
import { Inquiry } from "./inquiry.js";
import type { Input, Report, ServerMessage } from "./messages.js";
import { Probe } from "./probe.js";
import { asSocket } from "./stream_url.js";

const TRY_LATER = 1013;

export class StreamFeed implements Feed {
  private readonly connection: Connection;
  private readonly probe: Probe;
  private readonly inquiry: Inquiry;
  private fed = false;
  private live = false;

  /** The HTTP addresses of the stream and of what the API says of its channel. */
  constructor(
    stream: URL,
    channel: URL,
    private readonly host: FeedHost,
  ) {
    this.probe = new Probe(channel);
    this.inquiry = new Inquiry(() => explain(stream, channel), {
      told: (text) => host.line("down", text),
      failed: (kind, text) => host.failed(kind, text),
    });
    this.connection = new Connection(asSocket(stream), {
      message: (message, data) => this.heard(message, data),
      clock: (sent, server, received) => host.clock.answered(sent, server, received),
      lost: (ending) => this.lost(ending),
    });
  }

  report(report: Report): boolean {
    return this.connection.send(report);
  }

  input(input: Input): void {
    this.connection.send(input);
  }

  isAlive(): boolean {
    // Something on the way may hold up the one and let the other through: both are asked.
    const heard = this.connection.isAlive();
    return this.probe.isLive() || heard;
  }

  close(): void {
    this.inquiry.forget();
    this.connection.close();
  }

  private heard(message: ServerMessage, data: ArrayBuffer): void {
    const { host } = this;
    switch (message.type) {
      case "init":
        return host.init(message.mime, data, message.epoch);
      case "chunk":
        this.fed = true;
        return host.chunk(message, data);
      case "skipped":
        return host.skipped(message.count);
      case "note":
        return host.note(message);
      case "hello":
        this.inquiry.forget();
        host.wantsInput(message.input === true);
        host.line("up", "");
        this.live = message.state === "live";
        return host.state(message);
      case "state":
        this.live = message.state === "live";
        return host.state(message);
    }
  }

  private lost({ code, reason, greeted }: Ending): void {
    const refused = greeted && code === TRY_LATER && !this.fed;
    // What was said of the attempt before stands until more is known.
    if (greeted) this.host.line("down", reason);
    // The source is fine, only this form of it cannot be had.
    if (refused && this.live) this.host.failed("impossible", reason);
    // Where nothing came in all that time, it is no chance.
    if (!greeted) void this.inquiry.ask(code === GIVEN_UP);
  }
}
