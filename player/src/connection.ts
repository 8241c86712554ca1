// The WebSocket of one stream: messages in order, reconnection, and the exchange of clocks.

import { ServerClock, unixNow } from "./clock.js";
import { hasInitSegment, SUBPROTOCOL } from "./messages.js";
import type { Chunk, Hello, Init, Report, ServerMessage, Skipped, State } from "./messages.js";

export interface ConnectionHost {
  init(mime: string, segment: ArrayBuffer, epoch: number): void;
  chunk(chunk: Chunk, data: ArrayBuffer): void;
  told(message: Hello | State | Skipped): void;
  /** The socket closed, for the so-manieth time since media last came. */
  lost(attempts: number): void;
}

const FIRST_WAIT = 250;
const LONGEST_WAIT = 3000;
const TRY_LATER = 1013;
const QUICK_CLOCKS = 4;
const QUICK_CLOCK_INTERVAL = 150;
const CLOCK_INTERVAL = 10_000;
const NOTHING = new ArrayBuffer(0);

export class Connection {
  private socket: WebSocket | undefined;
  private awaited: Init | Chunk | undefined;
  private attempts = 0;
  private heardAt = 0;
  private retryTimer = 0;
  private clockTimer = 0;

  constructor(
    private readonly url: URL,
    private readonly host: ConnectionHost,
    private readonly clock: ServerClock,
  ) {
    this.connect();
  }

  report(report: Report): void {
    this.send(report);
  }

  close(): void {
    window.clearTimeout(this.retryTimer);
    this.drop();
  }

  private connect(): void {
    const socket = new WebSocket(this.url, SUBPROTOCOL);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.askClock(QUICK_CLOCKS);
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => this.received(data);
    socket.onclose = ({ code }) => this.lost(code);
    this.socket = socket;
  }

  private lost(code: number): void {
    this.drop();
    this.attempts += 1;
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.attempts - 1));
    // Jitter, so that a restarted server is not met by all its viewers at once.
    const jittered = (code === TRY_LATER ? LONGEST_WAIT : wait) * (0.5 + Math.random());
    this.retryTimer = window.setTimeout(() => this.connect(), Math.min(LONGEST_WAIT, jittered));
    this.host.lost(this.attempts);
  }

  /** Forgets the socket; what it may still say is not heard. */
  private drop(): void {
    window.clearTimeout(this.clockTimer);
    this.awaited = undefined;
    if (!this.socket) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = undefined;
  }

  private received(data: string | ArrayBuffer): void {
    this.heardAt = performance.now();
    if (typeof data === "string") this.message(JSON.parse(data) as ServerMessage);
    else this.media(data);
  }

  private message(message: ServerMessage): void {
    switch (message.type) {
      case "init":
        if (hasInitSegment(message.mime)) this.awaited = message;
        else this.host.init(message.mime, NOTHING, message.epoch);
        break;
      case "chunk":
        this.awaited = message;
        break;
      case "clock":
        this.clock.answered(message.client, message.server, unixNow());
        break;
      case "hello":
      case "state":
      case "skipped":
        this.host.told(message);
        break;
    }
  }

  private media(data: ArrayBuffer): void {
    const { awaited } = this;
    this.awaited = undefined;
    if (awaited?.type === "init") this.host.init(awaited.mime, data, awaited.epoch);
    if (awaited?.type !== "chunk") return;
    this.attempts = 0;
    this.host.chunk(awaited, data);
  }

  private askClock(quickOnes: number): void {
    const wait = quickOnes > 0 ? QUICK_CLOCK_INTERVAL : CLOCK_INTERVAL;
    this.send({ type: "clock", client: unixNow() });
    const askedAt = performance.now();
    this.clockTimer = window.setTimeout(() => {
      // A question that stays unanswered this long means that the line is dead, whatever TCP thinks.
      if (wait === CLOCK_INTERVAL && this.heardAt < askedAt) this.lost(0);
      else this.askClock(quickOnes - 1);
    }, wait);
  }

  private send(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }
}
