// One channel, playing: joins the ladder, a rung, the connection and the meter. Knows no layout.

import { Bridge } from "./bridge.js";
import { openFeed } from "./feeds.js";
import type { Feed, FeedHost } from "./feed.js";
import { Flow } from "./flow.js";
import { Ladder } from "./ladder.js";
import type { Failure } from "./ladder.js";
import type { Chunk } from "./messages.js";
import { Meter } from "./meter.js";
import type { PlayerHost, PlayerOptions } from "./player_host.js";
import type { Picture, RungHost, RungKind } from "./rung.js";
import { describe } from "./situation.js";
import type { Situation } from "./situation.js";
import { pictureSize } from "./stats.js";
import type { PlayerState, Stats } from "./stats.js";
import { streamUrl } from "./stream_url.js";

const TICK = 250;
const REPORT_INTERVAL = 5000;
// An accident that repeats must not become a tight loop.
const RETRY_WAIT = { impossible: 0, stalled: 0, broken: 250, unreachable: 250 };
// After so long without a picture the server is asked whether it is still there.
const PROBE_AFTER = 2000;

export class Player {
  private readonly ladder: Ladder<RungKind>;
  private readonly meter = new Meter();
  private readonly flow = new Flow();
  private readonly bridge: Bridge;
  /** The rung is of no use for the next start. */
  private outdated = false;
  /** It failed, and the next one is about to open. */
  private failing = false;
  private feed: Feed | undefined;
  private line: Situation["line"] = "new";
  private obstacle = "";
  private server: Situation["server"] = { state: "connecting", text: "" };
  private described: { state: PlayerState; text: string } = { state: "paused", text: "" };
  private rungText = "";
  private muted = true;
  private epoch = 0;
  private started = false;
  private reportedAt = 0;
  private timer = 0;
  private retryTimer = 0;

  constructor(
    private readonly options: PlayerOptions,
    private readonly host: PlayerHost,
  ) {
    this.ladder = new Ladder(options.rungs, options.patience);
    this.bridge = new Bridge(host);
  }

  /** Joins the channel, live. */
  start(): void {
    if (this.started) return;
    this.started = true;
    this.meter.forget();
    this.flow.start();
    this.timer = window.setInterval(() => this.tick(), TICK);
    if (!this.bridge.current || this.outdated || this.failing) this.open();
    else this.connect();
    this.updateState();
  }

  /** Leaves the channel; the last picture stays. */
  stop(): void {
    if (!this.started) return;
    this.started = false;
    window.clearInterval(this.timer);
    window.clearTimeout(this.retryTimer);
    this.disconnect();
    if (!this.ladder.current.pushed) {
      this.bridge.current?.close();
      this.outdated = true;
    }
    this.updateState();
  }

  /** Turns the sound off or on; the old picture bridges the change. */
  mute(muted: boolean): void {
    if (muted === this.muted) return;
    this.muted = muted;
    if (!this.ladder.current.audible) return;
    if (this.started) this.open();
    else this.outdated = true;
  }

  /** Ends for good. */
  close(): void {
    this.stop();
    this.bridge.close();
  }

  get picture(): Picture | undefined {
    return this.bridge.picture;
  }

  get stats(): Stats {
    const { ageSeconds, ageP95Seconds, skipped, reconnects, stalls } = this.meter;
    return {
      rung: this.ladder.current.name,
      reason: this.ladder.reason,
      ...this.described,
      ageSeconds,
      ageP95Seconds,
      ...this.meter.rates(performance.now()),
      ...pictureSize(this.picture),
      skipped,
      epoch: this.epoch,
      reconnects,
      stalls,
    };
  }

  private open(): void {
    window.clearTimeout(this.retryTimer);
    const { current } = this.ladder;
    const url = streamUrl(this.options.src, current.extension, document.baseURI);
    const rung = current.open(this.rungHost(() => this.bridge.current === rung), url, this.muted);
    this.outdated = this.failing = false;
    if (!current.audible) this.host.soundFound(false);
    this.bridge.put(rung);
    this.tellRung();
    this.connect();
  }

  private connect(): void {
    this.disconnect();
    this.line = "new";
    const { src, onWall } = this.options;
    this.feed = openFeed({ src, kind: this.ladder.current, onWall }, this.feedHost());
    this.expect();
  }

  private disconnect(): void {
    this.feed?.close();
    this.feed = undefined;
    this.flow.expect(false, 0);
  }

  /** Pictures are expected while the line is up and the source live; without a line, of old news. */
  private expect(): void {
    const { pushed } = this.ladder.current;
    const told = this.line === "up" && this.server.state === "live";
    this.flow.expect(told || (!pushed && this.line === "new"), performance.now());
  }

  /** What a rung says counts only while it is the current one. */
  private rungHost(isCurrent: () => boolean): RungHost {
    return {
      shown: (count, pts, at) => isCurrent() && this.shown(count, pts, at),
      starved: () => isCurrent() && this.started && (this.meter.stalls += 1),
      failed: (kind, reason) => isCurrent() && this.failed(kind, reason),
      soundFound: (found) => isCurrent() && this.host.soundFound(found),
      soundBlocked: () => isCurrent() && this.host.soundBlocked(),
    };
  }

  private feedHost(): FeedHost {
    return {
      clock: this.meter.clock,
      init: (mime, segment, epoch) => {
        this.epoch = epoch;
        this.bridge.current?.init(mime, segment);
      },
      chunk: (chunk, data) => this.received(chunk, data),
      skipped: (count) => (this.meter.skipped += count),
      state: (server) => this.situate({ server }),
      line: (line, obstacle) => {
        if (line === "down" && this.line === "up") this.meter.reconnects += 1;
        this.situate({ line, obstacle });
      },
      failed: (kind, reason) => this.failed(kind, reason),
    };
  }

  private situate(news: Partial<Pick<Situation, "line" | "obstacle" | "server">>): void {
    this.line = news.line ?? this.line;
    this.obstacle = news.obstacle ?? this.obstacle;
    this.server = news.server ?? this.server;
    this.expect();
    this.updateState();
  }

  private received(chunk: Chunk, data: ArrayBuffer): void {
    this.meter.received(chunk, data.byteLength, performance.now());
    this.bridge.current?.chunk(chunk, data);
  }

  private failed(kind: Failure, reason: string): void {
    if (this.failing || !this.started) return;
    this.failing = true;
    this.disconnect();
    this.ladder.failed(kind, reason, performance.now());
    // Not from within the rung's own call.
    this.retryTimer = window.setTimeout(() => this.started && this.open(), RETRY_WAIT[kind]);
  }

  private shown(count: number, pts: number | undefined, at: number): void {
    this.bridge.crossed();
    const now = performance.now();
    this.meter.shown(count, pts, at, now);
    if (!this.started || !this.flow.shown(now)) return;
    this.host.playing();
    this.updateState();
  }

  private tick(): void {
    const now = performance.now();
    // A server that does not answer is not the rung's fault.
    const alive = this.flow.quiet(now) < PROBE_AFTER || this.feed?.isAlive();
    const trouble = this.flow.check(now);
    if (trouble === "still") {
      this.meter.stalls += 1;
      this.host.stalled();
    }
    if (trouble === "stalled" && alive) this.failed("stalled", "stalled 3 s");
    else if (this.flow.flowing && this.ladder.climb(now)) this.open();
    if (now - this.reportedAt > REPORT_INTERVAL) this.report(now);
    this.updateState();
  }

  private report(now: number): void {
    this.reportedAt = now;
    const report = this.meter.report(this.ladder.current.name, now);
    if (report) this.feed?.report(report);
  }

  private tellRung(): void {
    const { current, reason } = this.ladder;
    if (`${current.name}: ${reason}` === this.rungText) return;
    this.rungText = `${current.name}: ${reason}`;
    this.host.rungChanged(current.name, reason);
  }

  private updateState(): void {
    const { started, line, obstacle, server, flow } = this;
    const { flowing, seen } = flow;
    const { state, text } = describe({ started, line, obstacle, flowing, seen, server });
    if (state === this.described.state && text === this.described.text) return;
    this.described = { state, text };
    this.host.stateChanged(state, text);
  }
}
