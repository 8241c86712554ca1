// One channel, playing: joins the ladder, a rung, the connection and the meter. Knows no layout.

import { Connection } from "./connection.js";
import type { ConnectionHost } from "./connection.js";
import { Flow } from "./flow.js";
import { Ladder } from "./ladder.js";
import type { Failure } from "./ladder.js";
import type { Chunk, Hello, Skipped, State } from "./messages.js";
import { Meter } from "./meter.js";
import type { PlayerHost } from "./player_host.js";
import type { Picture, Rung, RungHost, RungKind } from "./rung.js";
import { describe } from "./situation.js";
import type { Situation } from "./situation.js";
import { pictureSize } from "./stats.js";
import type { PlayerState, Stats } from "./stats.js";
import { streamUrl } from "./stream_url.js";

const TICK = 250;
const REPORT_INTERVAL = 5000;
const UNREACHABLE_AFTER = 3;
const RETRY_WAIT = 1000;

export class Player {
  private readonly ladder: Ladder<RungKind>;
  private readonly meter = new Meter();
  private readonly flow = new Flow();
  private rung: Rung | undefined;
  /** The rung is of no use for the next start. */
  private outdated = false;
  /** It failed, and the next one is about to open. */
  private failing = false;
  private readonly retiring: Rung[] = [];
  private connection: Connection | undefined;
  private line: Situation["line"] = "new";
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
    private readonly src: string,
    rungs: readonly RungKind[],
    private readonly host: PlayerHost,
  ) {
    this.ladder = new Ladder(rungs);
  }

  /** Joins the channel, live. */
  start(): void {
    if (this.started) return;
    this.started = true;
    this.meter.forget();
    this.flow.start();
    this.timer = window.setInterval(() => this.tick(), TICK);
    if (!this.rung || this.outdated || this.failing) this.open();
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
      this.rung?.close();
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
    this.retire();
    this.rung?.close();
  }

  /** What is on the screen now. */
  get picture(): Picture | undefined {
    return (this.retiring[0] ?? this.rung)?.picture;
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
    const { current } = this.ladder;
    if (this.rung) this.retiring.push(this.rung);
    const url = streamUrl(this.src, current.extension, false, document.baseURI);
    const rung = current.open(this.rungHost(() => this.rung === rung), url, this.muted);
    this.rung = rung;
    this.outdated = this.failing = false;
    if (!current.audible) this.host.soundFound(false);
    this.host.pictureAdded(rung.picture);
    this.tellRung();
    this.connect();
  }

  private connect(): void {
    this.disconnect();
    const { pushed, extension } = this.ladder.current;
    if (!pushed) return;
    const url = streamUrl(this.src, extension, true, document.baseURI);
    this.connection = new Connection(url, this.connectionHost(), this.meter.clock);
  }

  private disconnect(): void {
    this.connection?.close();
    this.connection = undefined;
    this.flow.interrupt();
  }

  /** What a rung says counts only as long as it is the current one. */
  private rungHost(isCurrent: () => boolean): RungHost {
    return {
      shown: (count, pts, at) => isCurrent() && this.shown(count, pts, at),
      starved: () => isCurrent() && this.started && (this.meter.stalls += 1),
      failed: (kind, reason) => isCurrent() && this.failed(kind, reason),
      soundFound: (found) => isCurrent() && this.host.soundFound(found),
      soundBlocked: () => isCurrent() && this.host.soundBlocked(),
    };
  }

  private connectionHost(): ConnectionHost {
    return {
      init: (mime, segment, epoch) => {
        this.epoch = epoch;
        this.rung?.init(mime, segment);
      },
      chunk: (chunk, data) => this.received(chunk, data),
      told: (message) => this.told(message),
      lost: (attempts) => this.lost(attempts),
    };
  }

  private received(chunk: Chunk, data: ArrayBuffer): void {
    const now = performance.now();
    this.meter.received(chunk, data.byteLength, now);
    if (chunk.track === "video") this.flow.received(now);
    this.rung?.chunk(chunk, data);
  }

  private told(message: Hello | State | Skipped): void {
    if (message.type === "skipped") {
      this.meter.skipped += message.count;
      return;
    }
    if (message.type === "hello") this.line = "up";
    this.server = message;
    this.updateState();
  }

  private lost(attempts: number): void {
    if (this.line === "up") {
      this.line = "down";
      this.meter.reconnects += 1;
    }
    this.flow.interrupt();
    this.updateState();
    if (this.line === "new" && attempts === UNREACHABLE_AFTER) {
      this.failed("unreachable", "no WebSocket gets through");
    }
  }

  private failed(kind: Failure, reason: string): void {
    if (this.failing) return;
    this.failing = true;
    this.disconnect();
    this.ladder.failed(kind, reason, performance.now());
    // Not from within the rung's own call, and an accident that repeats must not become a tight loop.
    const wait = kind === "impossible" ? 0 : RETRY_WAIT;
    this.retryTimer = window.setTimeout(() => this.started && this.open(), wait);
  }

  private shown(count: number, pts: number | undefined, at: number): void {
    this.retire();
    const now = performance.now();
    this.meter.shown(count, pts, at, now);
    if (!this.started || !this.flow.shown(now)) return;
    this.host.playing();
    this.updateState();
  }

  /** The new rung shows a picture: the old one, which bridged the change, may go. */
  private retire(): void {
    for (const rung of this.retiring.splice(0)) {
      this.host.pictureRemoved(rung.picture);
      rung.close();
    }
  }

  private tick(): void {
    const now = performance.now();
    const trouble = this.flow.check(now);
    if (trouble === "still") {
      this.meter.stalls += 1;
      this.host.stalled();
    }
    if (trouble === "blind") this.failed("broken", "media came, but no picture");
    else if (this.ladder.climb(now)) this.open();
    if (now - this.reportedAt > REPORT_INTERVAL) this.report(now);
    this.updateState();
  }

  private report(now: number): void {
    this.reportedAt = now;
    const report = this.meter.report(this.ladder.current.name, now);
    if (report) this.connection?.report(report);
  }

  private tellRung(): void {
    const { current, reason } = this.ladder;
    if (`${current.name}: ${reason}` === this.rungText) return;
    this.rungText = `${current.name}: ${reason}`;
    this.host.rungChanged(current.name, reason);
  }

  private updateState(): void {
    const { started, line, server } = this;
    const { flowing, seen } = this.flow;
    const { state, text } = describe({ started, line, flowing, seen, server });
    if (state === this.described.state && text === this.described.text) return;
    this.described = { state, text };
    this.host.stateChanged(state, text);
  }
}
