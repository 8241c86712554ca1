// One channel, playing: joins the ladder, what plays and the meter. Knows no layout.

import { Bridge } from "./bridge.js";
import { Flow } from "./flow.js";
import { Ladder } from "./ladder.js";
import type { Failure } from "./ladder.js";
import type { Input } from "./messages.js";
import { Meter } from "./meter.js";
import { Notes } from "./notes.js";
import { Playback } from "./playback.js";
import type { PlaybackHost } from "./playback.js";
import type { PlayerHost, PlayerOptions } from "./player_host.js";
import type { Picture, RungKind } from "./rung.js";
import { describe } from "./situation.js";
import type { Situation } from "./situation.js";
import { pictureSize } from "./stats.js";
import type { PlayerState, Stats } from "./stats.js";

const TICK = 250;
// On average. The tiles of a wall share what they may say, and it is not always the same one's turn.
const REPORT_INTERVAL = 5000;
// An accident that repeats must not become a tight loop.
const RETRY_WAIT = { impossible: 0, stalled: 0, broken: 250, unreachable: 250 };
// Where all rungs fail, one after another.
const ALL_FAILED_WAIT = 3000;
const NO_NEWS: Situation["server"] = { state: "connecting", text: "" };
const NOTHING_KNOWN = { line: "new", obstacle: "", refusal: "", server: NO_NEWS } as const;

export class Player {
  private readonly ladder: Ladder<RungKind>;
  private readonly meter = new Meter();
  private readonly flow = new Flow();
  private readonly notes = new Notes();
  private captured: number | undefined;
  private readonly bridge: Bridge;
  private described: { state: PlayerState; text: string } = { state: "paused", text: "" };
  private told = { rung: "", reason: "" };
  private muted = true;
  private started = false;
  /** Since there was a picture. */
  private failures = 0;
  private reportAt = 0;
  private timer = 0;
  private retryTimer = 0;

  constructor(
    private readonly options: PlayerOptions,
    private readonly host: PlayerHost,
  ) {
    this.ladder = new Ladder(options.rungs, options.patience, options.why);
    this.bridge = new Bridge(host);
  }

  /** Joins the channel, live. */
  start(): void {
    if (this.started) return;
    this.started = true;
    this.meter.forget();
    this.flow.start();
    this.timer = window.setInterval(() => this.tick(), TICK);
    const { current } = this.bridge;
    if (!current || current.spent) this.open();
    else current.join();
    this.updateState();
  }

  /** Leaves the channel; the last picture stays. */
  stop(): void {
    if (!this.started) return;
    this.started = false;
    window.clearInterval(this.timer);
    window.clearTimeout(this.retryTimer);
    for (const playback of this.bridge.all) playback.leave();
    this.updateState();
  }

  /** Turns the sound off or on, with a stream that has it or not; the old one bridges the change. */
  mute(muted: boolean): void {
    if (muted === this.muted) return;
    this.muted = muted;
    const { current, all } = this.bridge;
    if (!current?.options.kind.audible) return;
    current.spent = !this.started;
    if (!this.started) return;
    // Silence is wanted at once.
    for (const playback of all) if (muted && !playback.options.muted) playback.leave();
    this.proceed();
  }

  /** Ends for good. */
  close(): void {
    this.stop();
    this.bridge.close();
  }

  /** What a person does on the picture; nothing where nobody wants to know. */
  input(input: Input): void {
    const { captured } = this;
    this.bridge.watched?.input(captured === undefined ? input : { ...input, captured });
  }

  get wantsInput(): boolean {
    return this.started && this.bridge.watched?.wantsInput === true;
  }

  get picture(): Picture | undefined {
    return this.bridge.picture;
  }

  get stats(): Stats {
    const { ageSeconds, ageP95Seconds, skipped, reconnects, stalls } = this.meter;
    return {
      ...this.told,
      ...this.described,
      ageSeconds,
      ageP95Seconds,
      ...this.meter.rates(performance.now()),
      ...pictureSize(this.picture),
      skipped,
      epoch: this.bridge.watched?.epoch ?? 0,
      reconnects,
      stalls,
    };
  }

  /** What the ladder wants: perhaps it plays still. */
  private proceed(): void {
    const { showing } = this.bridge;
    const { kind, muted } = showing?.options ?? {};
    const plays = showing?.joined && kind === this.ladder.current && muted === this.muted;
    if (!plays) return this.open();
    window.clearTimeout(this.retryTimer);
    this.bridge.abandon();
    this.tellRung();
  }

  private open(): void {
    window.clearTimeout(this.retryTimer);
    const { src, onWall } = this.options;
    const { muted, bridge } = this;
    const server = bridge.watched?.server ?? NO_NEWS;
    const options = { src, onWall, muted, server, kind: this.ladder.current };
    const playback = new Playback(options, this.playbackHost);
    bridge.put(playback);
    // What is only tried beside another that plays is told when it has shown a picture.
    if (!bridge.showing?.joined) this.tellRung();
    playback.join();
  }

  private readonly playbackHost: PlaybackHost = {
    meter: this.meter,
    shown: (from, count, pts, at) => from.joined && this.shown(from, count, pts, at),
    failed: (from, kind, reason) => this.failed(from, kind, reason),
    situated: () => this.updateState(),
    starved: (from) => from === this.watched && (this.meter.stalls += 1),
    reconnected: (from) => from === this.watched && (this.meter.reconnects += 1),
    noted: (note) => this.notes.add(note),
    skipped: (from, count) => from === this.watched && (this.meter.skipped += count),
    soundFound: (from, found) => from === this.bridge.current && this.host.soundFound(found),
    soundBlocked: (from) => from === this.bridge.current && this.host.soundBlocked(),
  };

  /** None while nobody looks. */
  private get watched(): Playback | undefined {
    return this.started ? this.bridge.watched : undefined;
  }

  private failed(playback: Playback, kind: Failure, reason: string): void {
    if (playback.spent || !this.started) return;
    playback.leave();
    playback.spent = true;
    // The old one, while a better one is tried: that one will do, or be followed by another.
    if (playback !== this.bridge.current) return;
    this.ladder.failed(kind, reason, performance.now());
    this.failures += 1;
    const wait = this.failures > this.options.rungs.length ? ALL_FAILED_WAIT : RETRY_WAIT[kind];
    // Not from within the rung's own call.
    this.retryTimer = window.setTimeout(() => this.started && this.proceed(), wait);
  }

  private shown(playback: Playback, count: number, pts: number | undefined, at: number): void {
    if (playback === this.bridge.coming) {
      this.bridge.cross();
      this.tellRung();
    }
    this.failures = 0;
    const now = performance.now();
    this.meter.shown(count, pts, at, now);
    this.captured = pts === undefined ? undefined : this.meter.capturedAt(pts);
    this.host.noted(this.captured === undefined ? undefined : this.notes.at(this.captured));
    if (!this.started || !this.flow.shown(now)) return;
    this.host.playing();
    this.updateState();
  }

  private tick(): void {
    const now = performance.now();
    if (this.flow.check(now)) {
      this.meter.stalls += 1;
      this.host.stalled();
    }
    for (const playback of this.bridge.all) {
      const seconds = playback.stalled(now);
      if (seconds) this.failed(playback, "stalled", `stalled ${seconds} s`);
    }
    if (this.isSettled && this.ladder.climb(now)) this.open();
    if (now > this.reportAt) this.report(now);
    this.updateState();
  }

  /** Pictures come, and nothing is being tried. */
  private get isSettled(): boolean {
    const { showing, coming } = this.bridge;
    return this.flow.flowing && !coming && showing?.joined === true;
  }

  private report(now: number): void {
    this.reportAt = now + REPORT_INTERVAL * (0.5 + Math.random());
    const report = this.meter.report(this.told.rung, now);
    if (report && this.bridge.watched?.report(report)) this.meter.reported();
  }

  private tellRung(): void {
    const { current, reason } = this.ladder;
    if (!current.audible) this.host.soundFound(false);
    if (current.name === this.told.rung && reason === this.told.reason) return;
    this.told = { rung: current.name, reason };
    this.host.rungChanged(current.name, reason);
  }

  private updateState(): void {
    const { started, flow, bridge } = this;
    const { flowing, seen } = flow;
    const { line, obstacle, refusal, server } = bridge.watched ?? NOTHING_KNOWN;
    const { state, text } = describe({ started, line, obstacle, refusal, flowing, seen, server });
    if (state === this.described.state && text === this.described.text) return;
    this.described = { state, text };
    this.host.stateChanged(state, text, state === server.state ? (server.seconds ?? 0) : 0);
  }
}
