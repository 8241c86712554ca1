// Rung `mse`: fragments of MP4 into a <video>, played as close to the live edge as the line allows.

import { AppendQueue } from "./append_queue.js";
import { LiveEdge } from "./live_edge.js";
import type { Chunk } from "./messages.js";
import type { Rung, RungHost, RungKind } from "./rung.js";
import { hasSound, silentMime, withoutSound } from "./silence.js";

type MediaSourceClass = typeof MediaSource;

/** iPhones have only the managed one. Looked up when it is needed, as all that browsers may lack. */
function sourceClass(): MediaSourceClass | undefined {
  const { ManagedMediaSource } = globalThis as { ManagedMediaSource?: MediaSourceClass };
  return globalThis.MediaSource ?? ManagedMediaSource;
}

export const mse: RungKind = {
  name: "mse",
  extension: ".mp4",
  pushed: true,
  audible: true,
  refusal: () => (sourceClass() ? "" : "no MediaSource"),
  open: (host, _, muted) => new MseRung(host, new (sourceClass()!)(), muted),
};

// Seconds in hand that play without a stutter; measured, see the README.
const PICTURE_RESERVE = 0.04;
const SOUND_RESERVE = 0.12;
const KEPT_SECONDS = 10;
const TRIM_EVERY_SECONDS = 2;
const NEW_TIMELINE_SECONDS = 1;
const SETTLING_MILLISECONDS = 1000;

class MseRung implements Rung {
  readonly picture = document.createElement("video");
  private readonly queue: AppendQueue;
  private readonly edge: LiveEdge;
  private readonly address: string;
  private keyframes: number[] = [];
  private newestPts: number | undefined;
  private freshInit = false;
  private soughtAt = -Infinity;
  private presented = 0;
  private closed = false;

  constructor(
    private readonly host: RungHost,
    source: MediaSource,
    private readonly muted: boolean,
  ) {
    this.edge = new LiveEdge(muted ? PICTURE_RESERVE : SOUND_RESERVE);
    this.queue = new AppendQueue(source, {
      appended: () => this.steer(),
      failed: (reason) => this.failed("broken", reason),
    });
    this.address = URL.createObjectURL(source);
    this.setUpVideo();
    this.watchPictures();
  }

  init(mime: string, segment: ArrayBuffer): void {
    this.host.soundFound(hasSound(mime));
    const heard = this.muted ? silentMime(mime) : mime;
    if (!sourceClass()?.isTypeSupported(heard)) {
      this.failed("impossible", `this browser cannot play ${heard}`);
      return;
    }
    this.freshInit = true;
    this.queue.format(heard, this.muted ? withoutSound(segment) : segment);
  }

  chunk(chunk: Chunk, data: ArrayBuffer): void {
    if (chunk.track === "audio" && this.muted) return;
    const end = this.edge.end(this.queue.buffered);
    if (end !== undefined) this.arrived(end - this.picture.currentTime);
    if (chunk.track === "video") this.follow(chunk);
    this.queue.media(data, chunk.track === "video" && chunk.keyframe);
  }

  close(): void {
    this.closed = true;
    this.picture.removeAttribute("src");
    this.picture.load();
    URL.revokeObjectURL(this.address);
  }

  private setUpVideo(): void {
    const video = this.picture;
    video.muted = this.muted;
    video.playsInline = true;
    video.disableRemotePlayback = true;
    video.addEventListener("loadedmetadata", () => this.steer());
    video.addEventListener("seeked", () => this.steer());
    video.addEventListener("waiting", () => this.waiting());
    // A live picture knows no pause, and a browser that paused it to save power has to be told so.
    video.addEventListener("pause", () => this.play());
    video.addEventListener("error", () =>
      this.failed("broken", video.error?.message || "the decoder failed"),
    );
    video.src = this.address;
    this.play();
  }

  private play(): void {
    if (this.closed) return;
    this.picture.play().catch((error: unknown) => {
      const blocked = error instanceof DOMException && error.name === "NotAllowedError";
      if (blocked && !this.closed) this.blocked();
    });
  }

  private blocked(): void {
    if (this.muted) this.failed("impossible", "the browser blocks autoplay");
    else this.host.soundBlocked();
  }

  private arrived(slack: number): void {
    const now = performance.now();
    this.edge.arrived(now, slack);
    // Where durations are generous the browser plays on past the newest picture, and tells nobody.
    if (slack < 0 && this.presented > 0 && now - this.soughtAt > SETTLING_MILLISECONDS) {
      this.edge.starved(now);
    }
  }

  /** Keeps count of the timeline: where it is, where its keyframes are, where it breaks. */
  private follow(chunk: Chunk): void {
    const step = chunk.pts - (this.newestPts ?? chunk.pts);
    const elsewhere = step < 0 || step > NEW_TIMELINE_SECONDS;
    if (step < -NEW_TIMELINE_SECONDS || (this.freshInit && elsewhere)) this.startTimeline();
    this.freshInit = false;
    this.newestPts = chunk.pts;
    this.edge.spaced(chunk.pts);
    if (chunk.keyframe) this.keyframes.push(chunk.pts);
    this.trim();
  }

  private startTimeline(): void {
    this.keyframes = [];
    this.edge.restart();
    this.soughtAt = performance.now();
    this.queue.clear();
  }

  private trim(): void {
    const oldest = this.picture.currentTime - KEPT_SECONDS - TRIM_EVERY_SECONDS;
    if (this.keyframes.length < 2 || this.keyframes[0]! > oldest) return;
    const kept = this.keyframes.filter((pts) => pts > this.picture.currentTime - KEPT_SECONDS);
    // The GOP that holds the oldest kept picture stays whole.
    const first = this.keyframes[this.keyframes.length - kept.length - 1]!;
    this.keyframes = [first, ...kept];
    this.queue.trimBefore(first);
  }

  private steer(): void {
    const video = this.picture;
    const now = performance.now();
    const seeking = video.seeking && now - this.soughtAt < SETTLING_MILLISECONDS;
    if (this.closed || video.readyState === 0 || seeking) return;
    const move = this.edge.steer(video.currentTime, this.queue.buffered);
    if ("seek" in move) {
      this.soughtAt = now;
      video.currentTime = move.seek;
    } else if (video.playbackRate !== move.rate) {
      video.playbackRate = move.rate;
    }
  }

  private waiting(): void {
    const now = performance.now();
    if (this.presented === 0 || now - this.soughtAt < SETTLING_MILLISECONDS) return;
    this.edge.starved(now);
    this.host.starved();
  }

  private watchPictures(): void {
    const video = this.picture;
    if (typeof video.requestVideoFrameCallback === "function") {
      video.requestVideoFrameCallback(this.onPicture);
      return;
    }
    // Older browsers tell only now and then how far they are.
    video.addEventListener("timeupdate", () => this.onTime());
  }

  private readonly onPicture: VideoFrameRequestCallback = (_, metadata) => {
    if (this.closed) return;
    const count = metadata.presentedFrames - this.presented;
    this.presented = metadata.presentedFrames;
    this.host.shown(count, metadata.mediaTime, metadata.expectedDisplayTime);
    this.picture.requestVideoFrameCallback(this.onPicture);
  };

  private onTime(): void {
    const total = this.picture.getVideoPlaybackQuality().totalVideoFrames;
    const count = total - this.presented;
    this.presented = total;
    if (count > 0) this.host.shown(count, this.picture.currentTime, performance.now());
  }

  private failed(kind: "broken" | "impossible", reason: string): void {
    if (!this.closed) this.host.failed(kind, reason);
  }
}
