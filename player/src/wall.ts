// One WebSocket for all the small players of a page.

import { Connection, GIVEN_UP } from "./connection.js";
import type { Ending } from "./connection.js";
import { explainWall } from "./explain.js";
import type { Feed, FeedHost } from "./feed.js";
import { Inquiry } from "./inquiry.js";
import type { Clock, Init, Report, ServerMessage, State } from "./messages.js";
import { Outbox } from "./outbox.js";
import type { Wish } from "./outbox.js";
import { asSocket } from "./stream_url.js";

const PACE = 100;
const REPORT_INTERVAL = 1000;
const LINGER = 2000;
// So many connections in a row that break so soon.
const REFUSED_AFTER = 3;
const SOON = 10_000;
const REFUSED_FOR = 60_000;
const CLOCKS_KEPT = 5;
const RETRY_WAIT = 5000;

interface Tile {
  host: FeedHost;
  /** There is no wall now: the tile must look for itself. */
  refused(): void;
}

interface Seat {
  wish: string;
  tiles: Set<Tile>;
  state: State | undefined;
  init: Init | undefined;
}

const walls = new Map<string, Wall>();

/** The wall at this HTTP address; the same one for all who ask. */
export function wallAt(url: URL): Wall {
  const known = walls.get(url.href) ?? new Wall(url);
  walls.set(url.href, known);
  return known;
}

export class Wall {
  private readonly seats = new Map<string, Seat>();
  private readonly outbox = new Outbox();
  private readonly clocks: [number, number, number][] = [];
  private connection: Connection | undefined;
  private readonly inquiry: Inquiry;
  private up = false;
  private upAt = 0;
  private broken = 0;
  private refusedAt = -Infinity;
  private paceTimer = 0;
  private lingerTimer = 0;
  private reportedAt = -Infinity;

  /** At this HTTP address. */
  constructor(private readonly url: URL) {
    const channels = new URL(`channels${url.search}`, url);
    this.inquiry = new Inquiry(() => explainWall(url, channels), {
      told: (text) => this.down(text),
      failed: () => this.refuse(),
    });
  }

  /** Nothing when the wall cannot take it; then `tile` needs a socket of its own. */
  join(channel: string, wish: Wish, tile: Tile): Feed | undefined {
    const text = JSON.stringify(wish);
    const seat = this.seats.get(channel) ?? { wish: text, tiles: new Set(), state: undefined, init: undefined };
    const refused = performance.now() - this.refusedAt < REFUSED_FOR;
    if (refused || seat.wish !== text) return undefined;
    seat.tiles.add(tile);
    this.seats.set(channel, seat);
    this.outbox.want(channel, wish);
    this.greet(seat, tile);
    this.open();
    return {
      report: (report) => this.report(channel, report),
      // A tile is a link: a click on it goes elsewhere.
      input: () => undefined,
      isAlive: () => this.connection?.isAlive() ?? false,
      close: () => this.leave(channel, tile),
    };
  }

  private open(): void {
    window.clearTimeout(this.lingerTimer);
    this.connection ??= new Connection(asSocket(this.url), {
      message: (message, data) => this.heard(message, data),
      clock: (...times) => this.timed(times),
      lost: (ending) => this.lost(ending),
    });
    this.tell();
  }

  /** What those who were there before know already. */
  private greet({ state, init }: Seat, { host }: Tile): void {
    for (const times of this.clocks) host.clock.answered(...times);
    if (!this.up) return;
    host.line("up", "");
    if (state) host.state(state);
    if (init) host.init(init.mime, new ArrayBuffer(0), init.epoch);
  }

  private leave(channel: string, tile: Tile): void {
    const seat = this.seats.get(channel);
    if (!seat?.tiles.delete(tile) || seat.tiles.size > 0) return;
    this.seats.delete(channel);
    this.outbox.unwant(channel);
    this.tell();
    window.clearTimeout(this.lingerTimer);
    // Scrolling must not open and close it all the time.
    this.lingerTimer = window.setTimeout(() => this.seats.size === 0 && this.close(), LINGER);
  }

  private close(): void {
    window.clearTimeout(this.paceTimer);
    this.inquiry.forget();
    this.connection?.close();
    this.connection = undefined;
    this.up = false;
    this.outbox.restart();
  }

  private readonly tell = (): void => {
    window.clearTimeout(this.paceTimer);
    if (!this.up) return;
    let request;
    while ((request = this.outbox.next(performance.now()))) this.connection?.send(request);
    if (!this.outbox.isEmpty) this.paceTimer = window.setTimeout(this.tell, PACE);
  };

  private report(channel: string, report: Report): boolean {
    const now = performance.now();
    // All tiles share one allowance of texts.
    if (now - this.reportedAt < REPORT_INTERVAL) return false;
    this.reportedAt = now;
    return this.connection?.send({ ...report, channel }) === true;
  }

  private heard(message: Exclude<ServerMessage, Clock>, data: ArrayBuffer): void {
    if (message.type === "hello") return this.welcomed();
    const seat = this.seats.get(message.channel ?? "");
    if (!seat) return; // it was on its way when its last tile left
    if (message.type === "state") seat.state = message;
    if (message.type === "init") seat.init = message;
    if (message.type === "error") window.setTimeout(() => this.retry(seat, message.channel!), RETRY_WAIT);
    for (const { host } of seat.tiles) handOn(message, data, host);
  }

  /** What could not be had may come back. */
  private retry(seat: Seat, channel: string): void {
    if (this.seats.get(channel) !== seat) return;
    this.outbox.forget(channel);
    this.tell();
  }

  private welcomed(): void {
    this.up = true;
    this.upAt = performance.now();
    this.inquiry.forget();
    for (const { host } of this.tiles()) host.line("up", "");
    this.outbox.restart();
    this.tell();
  }

  private timed(times: [number, number, number]): void {
    this.clocks.push(times);
    if (this.clocks.length > CLOCKS_KEPT) this.clocks.shift();
    for (const { host } of this.tiles()) host.clock.answered(...times);
  }

  private lost({ code, reason, greeted }: Ending): void {
    this.up = false;
    for (const seat of this.seats.values()) seat.state = seat.init = undefined;
    // What was said of the attempt before stands until more is known.
    if (!greeted) return void this.inquiry.ask(code === GIVEN_UP);
    this.down(reason);
    const soon = performance.now() - this.upAt < SOON;
    this.broken = soon ? this.broken + 1 : 0;
    if (this.broken >= REFUSED_AFTER) this.refuse();
  }

  private down(text: string): void {
    for (const { host } of this.tiles()) host.line("down", text);
  }

  /** Who comes later than in a minute tries it again. */
  private refuse(): void {
    this.refusedAt = performance.now();
    this.broken = 0;
    const tiles = this.tiles();
    for (const channel of this.seats.keys()) this.outbox.unwant(channel);
    this.seats.clear();
    this.close();
    for (const tile of tiles) tile.refused();
  }

  private tiles(): Tile[] {
    return [...this.seats.values()].flatMap((seat) => [...seat.tiles]);
  }
}

function handOn(message: Exclude<ServerMessage, Clock>, data: ArrayBuffer, host: FeedHost): void {
  switch (message.type) {
    case "init":
      return host.init(message.mime, data, message.epoch);
    case "chunk":
      return host.chunk(message, data);
    case "skipped":
      return host.skipped(message.count);
    case "note":
      return host.note(message);
    case "state":
      return host.state(message);
    case "error":
      return host.state({ state: "offline", text: message.text });
  }
}
