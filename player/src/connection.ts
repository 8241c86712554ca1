// A WebSocket that speaks `televise.v1`: messages in order, reconnection, and the exchange of clocks.

import { retryWait } from "./backoff.js";
import { unixNow } from "./clock.js";
import { hasInitSegment, SUBPROTOCOL } from "./messages.js";
import type { Chunk, Clock, Init, ServerMessage } from "./messages.js";

/** How a connection ended. */
export interface Ending {
  code: number;
  reason: string;
  /** False when nothing was ever heard on it. */
  greeted: boolean;
  /** The so-manieth since media last came. */
  attempts: number;
}

export interface ConnectionHost {
  /** With the binary message that belongs to it, if one does. */
  message(message: Exclude<ServerMessage, Clock>, data: ArrayBuffer): void;
  clock(sent: number, server: number, received: number): void;
  lost(ending: Ending): void;
}

/** The code of an ending that is ours: nothing came, or the page forbids the address. */
export const GIVEN_UP = 0;

// The server greets at once.
const GREETED_WITHIN = 3000;
const TRY_LATER = 1013;
const QUICK_CLOCKS = 4;
const QUICK_CLOCK_INTERVAL = 150;
const CLOCK_INTERVAL = 10_000;
const PROBE_INTERVAL = 1000;
const NOTHING = new ArrayBuffer(0);

export class Connection {
  private socket: WebSocket | undefined;
  private awaited: Init | Chunk | undefined;
  private greeted = false;
  private attempts = 0;
  private heardAt = 0;
  private probedAt = -Infinity;
  private retryTimer = 0;
  private clockTimer = 0;
  private greetingTimer = 0;

  constructor(
    private readonly url: URL,
    private readonly host: ConnectionHost,
  ) {
    this.connect();
  }

  /** Whether there was a line to send it by. */
  send(message: object): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** Whether the server was heard just now; asked again and again, it makes sure of that. */
  isAlive(): boolean {
    const now = performance.now();
    // Questions must not pile up in front of a server that is held up.
    if (this.heardAt > this.probedAt && now - this.probedAt > PROBE_INTERVAL) {
      this.probedAt = now;
      this.send({ type: "clock", client: unixNow() });
    }
    return now - this.heardAt < PROBE_INTERVAL * 1.5;
  }

  close(): void {
    window.clearTimeout(this.retryTimer);
    this.drop();
  }

  private connect(): void {
    const socket = this.makeSocket();
    if (!socket) return;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.askClock(QUICK_CLOCKS);
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => this.received(data);
    socket.onclose = ({ code, reason }) => this.lost(code, reason);
    // Chromium lets no `close` follow when a Content-Security-Policy forbids the address.
    socket.onerror = () => this.lost(1006, "");
    this.socket = socket;
    this.greetingTimer = window.setTimeout(() => this.lost(GIVEN_UP, ""), GREETED_WITHIN);
  }

  /** A page may forbid it, by a Content-Security-Policy for example. */
  private makeSocket(): WebSocket | undefined {
    try {
      return new WebSocket(this.url, SUBPROTOCOL);
    } catch {
      this.retryTimer = window.setTimeout(() => this.lost(GIVEN_UP, ""));
      return undefined;
    }
  }

  private lost(code: number, reason: string): void {
    const { greeted } = this;
    this.drop();
    this.attempts += 1;
    const wait = retryWait(this.attempts, code === TRY_LATER);
    this.retryTimer = window.setTimeout(() => this.connect(), wait);
    this.host.lost({ code, reason, greeted, attempts: this.attempts });
  }

  /** Forgets the socket; what it may still say is not heard. */
  private drop(): void {
    window.clearTimeout(this.clockTimer);
    window.clearTimeout(this.greetingTimer);
    this.awaited = undefined;
    this.greeted = false;
    if (!this.socket) return;
    const { socket } = this;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
    this.socket = undefined;
  }

  private received(data: string | ArrayBuffer): void {
    this.heardAt = performance.now();
    this.greeted = true;
    window.clearTimeout(this.greetingTimer);
    if (typeof data === "string") this.text(JSON.parse(data) as ServerMessage);
    else this.media(data);
  }

  private text(message: ServerMessage): void {
    if (message.type === "clock") this.host.clock(message.client, message.server, unixNow());
    else if (announcesData(message)) this.awaited = message;
    else this.host.message(message, NOTHING);
  }

  private media(data: ArrayBuffer): void {
    const { awaited } = this;
    this.awaited = undefined;
    if (!awaited) return;
    if (awaited.type === "chunk") this.attempts = 0;
    this.host.message(awaited, data);
  }

  private askClock(quickOnes: number): void {
    const wait = quickOnes > 0 ? QUICK_CLOCK_INTERVAL : CLOCK_INTERVAL;
    this.send({ type: "clock", client: unixNow() });
    const askedAt = performance.now();
    this.clockTimer = window.setTimeout(() => {
      // A question that stays unanswered this long means that the line is dead, whatever TCP thinks.
      if (wait === CLOCK_INTERVAL && this.heardAt < askedAt) this.lost(GIVEN_UP, "");
      else this.askClock(quickOnes - 1);
    }, wait);
  }
}

function announcesData(message: ServerMessage): message is Init | Chunk {
  return message.type === "chunk" || (message.type === "init" && hasInitSegment(message.mime));
}
