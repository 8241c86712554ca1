// Publishes a camera or a screen: records it, and sends that over a WebSocket. Knows no layout.

import { Backlog } from "./backlog.js";
import { retryWait } from "./backoff.js";
import { bitsFor, formatFor } from "./recording.js";
import type { RecordingFormat } from "./recording.js";
import { TRY_LATER, verdictOf } from "./refusal.js";

/** `waiting` to try again; after `refused` nothing more is tried. */
export type PublishState = "connecting" | "sending" | "waiting" | "refused";

export interface PublishHost {
  /** Where a stream with this ending is published. */
  address(extension: string): URL;
  changed(state: PublishState, text: string): void;
}

const TIMESLICE = 50;
const KEYFRAME_INTERVAL = 1000;
const AUDIO_BITS = 96_000;
// What waits longer than this is left out, and so is all that waits behind it.
const MOST_DELAY = 1000;
// A line that is too slow so soon after the start is so all the time.
const SOON = 30_000;
const SLOWER = 0.6;
const LEAST_SHARE = 0.1;
// After so long the next stream may show whether the line has become better.
const CALM = 300_000;
const ANSWER_WITHIN = 5000;
const LASTING = 5000;
const NORMAL = 1000;
const NO_ANSWER = 1006;

export class Publisher {
  private readonly backlog = new Backlog();
  private socket: WebSocket | undefined;
  private recorder: MediaRecorder | undefined;
  private share = 1;
  private attempts = 0;
  private openedAt = Infinity;
  private timer = 0;

  constructor(
    private stream: MediaStream,
    private readonly host: PublishHost,
  ) {
    this.connect();
  }

  /** Something else, or the same in another size. */
  show(stream: MediaStream): void {
    this.stream = stream;
    this.renew();
  }

  get isSending(): boolean {
    return this.recorder !== undefined;
  }

  /** Ends for good. */
  stop(): void {
    window.clearTimeout(this.timer);
    this.drop();
  }

  private connect(): void {
    window.clearTimeout(this.timer);
    this.drop();
    const hasSound = this.stream.getAudioTracks().length > 0;
    const format = formatFor(hasSound, (mime) => MediaRecorder.isTypeSupported(mime));
    if (!format) return this.host.changed("refused", "this browser cannot record video");
    const socket = new WebSocket(this.host.address(format.extension));
    socket.onopen = () => this.record(format);
    socket.onclose = ({ code, reason }) => this.lost(code, reason);
    this.socket = socket;
    this.timer = window.setTimeout(() => this.lost(NO_ANSWER, ""), ANSWER_WITHIN);
    this.host.changed("connecting", "");
  }

  private record({ mime }: RecordingFormat): void {
    window.clearTimeout(this.timer);
    this.openedAt = performance.now();
    this.backlog.clear();
    const { width = 0, height = 0 } = this.stream.getVideoTracks()[0]?.getSettings() ?? {};
    const options = {
      mimeType: mime,
      videoBitsPerSecond: Math.round(bitsFor(width, height) * this.share),
      audioBitsPerSecond: AUDIO_BITS,
      // Who comes sees the first picture after so long at most; only Chromium can be told.
      videoKeyFrameIntervalDuration: KEYFRAME_INTERVAL,
    };
    this.recorder = new MediaRecorder(this.stream, options);
    this.recorder.ondataavailable = ({ data }) => this.send(data);
    this.recorder.onerror = () => this.renew();
    this.recorder.start(TIMESLICE);
    this.host.changed("sending", "");
  }

  private send(data: Blob): void {
    const { socket, backlog } = this;
    if (socket?.readyState !== WebSocket.OPEN) return;
    const now = performance.now();
    backlog.add(data.size, now);
    socket.send(data);
    if (backlog.age(socket.bufferedAmount, now) < MOST_DELAY) return;
    if (now - this.openedAt < SOON) this.share = Math.max(LEAST_SHARE, this.share * SLOWER);
    this.renew();
  }

  /** A stream has one beginning, so another recorder takes another socket; the seat is free when
   * the server has seen the end of the old one. */
  private renew(): void {
    const { socket } = this;
    this.endRecorder();
    if (socket?.readyState === WebSocket.CONNECTING) return this.connect();
    if (socket?.readyState !== WebSocket.OPEN) return; // what comes next is new anyway
    socket.onclose = () => this.connect();
    socket.close(NORMAL);
    // On a dead line nothing ends.
    this.timer = window.setTimeout(() => this.connect(), ANSWER_WITHIN);
    this.host.changed("connecting", "");
  }

  private lost(code: number, reason: string): void {
    const lasted = performance.now() - this.openedAt > LASTING;
    window.clearTimeout(this.timer);
    this.drop();
    const { again, text } = verdictOf(code, reason);
    if (!again) return this.host.changed("refused", text);
    this.attempts = lasted ? 1 : this.attempts + 1;
    const wait = retryWait(this.attempts, code === TRY_LATER);
    this.timer = window.setTimeout(() => this.connect(), wait);
    this.host.changed("waiting", text);
  }

  /** Forgets the socket; what it may still say is not heard. */
  private drop(): void {
    this.endRecorder();
    if (performance.now() - this.openedAt > CALM) this.share = Math.min(1, this.share / SLOWER);
    this.openedAt = Infinity;
    if (!this.socket) return;
    this.socket.onopen = this.socket.onclose = null;
    this.socket.close(NORMAL);
    this.socket = undefined;
  }

  private endRecorder(): void {
    if (!this.recorder) return;
    this.recorder.ondataavailable = this.recorder.onerror = null;
    if (this.recorder.state !== "inactive") this.recorder.stop();
    this.recorder = undefined;
  }
}
