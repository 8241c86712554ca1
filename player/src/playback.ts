// One rung at work: its feed, and what that says of the channel. While a better rung is tried there are two.

import { openFeed } from "./feeds.js";
import type { Feed, FeedHost } from "./feed.js";
import type { Failure } from "./ladder.js";
import type { Chunk, Input, Note, Report } from "./messages.js";
import type { Meter } from "./meter.js";
import type { Rung, RungHost, RungKind } from "./rung.js";
import type { Situation } from "./situation.js";
import { streamUrl } from "./stream_url.js";
import { Watchdog } from "./watchdog.js";

/** What a playback tells the player. */
export interface PlaybackHost {
  readonly meter: Meter;
  shown(from: Playback, count: number, pts: number | undefined, at: number): void;
  starved(from: Playback): void;
  failed(from: Playback, kind: Failure, reason: string): void;
  /** What it knows of line and server has changed. */
  situated(from: Playback): void;
  reconnected(from: Playback): void;
  skipped(from: Playback, count: number): void;
  noted(note: Note): void;
  soundFound(from: Playback, found: boolean): void;
  soundBlocked(from: Playback): void;
}

export interface PlaybackOptions {
  src: string;
  onWall: boolean;
  kind: RungKind;
  muted: boolean;
  /** What was last heard of the channel, by others. */
  server: Situation["server"];
}

// After so long without a picture the server is asked whether it is still there.
const PROBE_AFTER = 2000;

export class Playback {
  readonly rung: Rung;
  line: Situation["line"] = "new";
  obstacle = "";
  refusal = "";
  server: Situation["server"];
  epoch = 0;
  /** Clicks and keys are heard there. */
  wantsInput = false;
  /** Of no use for the next start. */
  spent = false;
  private feed: Feed | undefined;
  private readonly watchdog = new Watchdog();

  constructor(
    readonly options: PlaybackOptions,
    private readonly host: PlaybackHost,
  ) {
    const { kind, src, muted, server } = options;
    this.server = server;
    this.rung = kind.open(this.rungHost(), streamUrl(src, kind.extension, document.baseURI), muted);
  }

  /** Whether it takes its stream. */
  get joined(): boolean {
    return this.feed !== undefined;
  }

  join(): void {
    this.leave();
    this.line = "new";
    this.begins(!this.options.kind.pushed);
    this.feed = openFeed(this.options, this.feedHost());
    this.expect();
  }

  /** Takes nothing more; the last picture stays, if the rung can be stopped at all. */
  leave(): void {
    if (!this.feed) return;
    this.feed.close();
    this.feed = undefined;
    this.expect();
    if (this.options.kind.pushed) return;
    this.rung.close();
    this.spent = true;
  }

  close(): void {
    this.leave();
    this.rung.close();
  }

  /** Whether it was sent. */
  report(report: Report): boolean {
    return this.feed?.report(report) === true;
  }

  input(input: Input): void {
    this.feed?.input(input);
  }

  /** For how long pictures are missing, in whole seconds, where the rung must be at fault; otherwise 0. */
  stalled(now: number): number {
    // A server that does not answer is not the rung's fault.
    const answered = this.watchdog.quiet(now) < PROBE_AFTER || this.feed?.isAlive();
    const seconds = Math.round(this.watchdog.patience / 1000);
    return this.watchdog.check(now) && answered === true ? seconds : 0;
  }

  private begins(has: boolean): void {
    this.watchdog.begins(has, performance.now());
  }

  /** Pictures are expected while the line is up and the source live; without a line, of old news. */
  private expect(): void {
    const told = this.line === "up" && this.server.state === "live";
    const expected = told || (!this.options.kind.pushed && this.line === "new");
    this.watchdog.expect(this.joined && expected && !this.refusal, performance.now());
  }

  private rungHost(): RungHost {
    return {
      shown: (count, pts, at) => {
        if (this.refusal) this.situate({ refusal: "" });
        this.watchdog.shown(performance.now());
        this.host.shown(this, count, pts, at);
      },
      loaded: (size) => this.host.meter.loaded(size, performance.now()),
      starved: () => this.host.starved(this),
      refused: (refusal) => this.situate({ refusal }),
      failed: (kind, reason) => this.host.failed(this, kind, reason),
      soundFound: (found) => this.host.soundFound(this, found),
      soundBlocked: () => this.host.soundBlocked(this),
    };
  }

  private feedHost(): FeedHost {
    return {
      clock: this.host.meter.clock,
      init: (mime, segment, epoch) => {
        this.epoch = epoch;
        this.begins(true);
        this.rung.init(mime, segment);
      },
      chunk: (chunk, data) => this.received(chunk, data),
      skipped: (count) => this.host.skipped(this, count),
      note: (note) => this.host.noted(note),
      wantsInput: (wanted) => (this.wantsInput = wanted),
      state: (server) => this.situate({ server }),
      line: (line, obstacle) => {
        if (line === "down" && this.line === "up") {
          this.host.reconnected(this);
          this.begins(!this.options.kind.pushed);
        }
        this.situate({ line, obstacle });
      },
      failed: (kind, reason) => this.host.failed(this, kind, reason),
    };
  }

  private received(chunk: Chunk, data: ArrayBuffer): void {
    this.host.meter.received(chunk, data.byteLength, performance.now());
    this.rung.chunk(chunk, data);
  }

  private situate(news: Partial<Pick<Situation, "line" | "obstacle" | "refusal" | "server">>): void {
    Object.assign(this, news);
    this.expect();
    this.host.situated(this);
  }
}
