// Feeds one SourceBuffer: one operation at a time, waiting fragments together, old media trimmed.

import { concatenate } from "./bytes.js";
import type { Span } from "./live_edge.js";

type Job =
  | { kind: "format"; mime: string; segment: ArrayBuffer }
  | { kind: "media"; data: ArrayBuffer }
  | { kind: "clear" };

export interface AppendHost {
  appended(): void;
  failed(reason: string): void;
}

export class AppendQueue {
  private readonly jobs: Job[] = [];
  private buffer: SourceBuffer | undefined;
  private mime = "";
  private trimmable = 0;
  private trimmed = 0;

  constructor(
    private readonly source: MediaSource,
    private readonly host: AppendHost,
  ) {
    source.addEventListener("sourceopen", () => this.work());
    source.addEventListener("startstreaming", () => this.work());
  }

  format(mime: string, segment: ArrayBuffer): void {
    this.add({ kind: "format", mime, segment });
  }

  media(data: ArrayBuffer, keyframe: boolean): void {
    if (keyframe && !this.streaming) this.forgetMedia();
    this.add({ kind: "media", data });
  }

  /** Forget everything that was appended before: a new timeline begins. */
  clear(): void {
    this.trimmable = this.trimmed = 0;
    this.add({ kind: "clear" });
  }

  /** Media before this time may go; it must be the time of a keyframe. */
  trimBefore(seconds: number): void {
    this.trimmable = seconds;
  }

  get buffered(): Span[] {
    // A detached SourceBuffer throws instead of saying that it holds nothing.
    if (!this.buffer || this.source.readyState === "closed") return [];
    const { buffered } = this.buffer;
    return Array.from({ length: buffered.length }, (_, index) => ({
      start: buffered.start(index),
      end: buffered.end(index),
    }));
  }

  /** A ManagedMediaSource says when it wants no media for a while, to spare the battery. */
  private get streaming(): boolean {
    return (this.source as { streaming?: boolean }).streaming !== false;
  }

  /** Waiting media that a keyframe makes worthless; formats and clearings still count. */
  private forgetMedia(): void {
    const kept = this.jobs.filter((job) => job.kind !== "media");
    this.jobs.splice(0, this.jobs.length, ...kept);
  }

  private add(job: Job): void {
    this.jobs.push(job);
    this.work();
  }

  private work(): void {
    if (this.source.readyState !== "open" || this.buffer?.updating) return;
    try {
      if (this.trimmable > this.trimmed) this.trim();
      else if (this.jobs.length > 0) this.next(this.jobs[0]!);
    } catch (error) {
      this.refused(error);
    }
  }

  private next(job: Job): void {
    if (job.kind === "media") {
      if (this.streaming) this.append(this.waitingMedia());
      return;
    }
    this.jobs.shift();
    if (job.kind === "format") this.setFormat(job.mime, job.segment);
    else this.buffer?.remove(0, Infinity);
  }

  private setFormat(mime: string, segment: ArrayBuffer): void {
    if (!this.buffer) this.open(mime);
    else if (mime !== this.mime) this.buffer.changeType(mime);
    this.mime = mime;
    this.append([segment]);
  }

  private open(mime: string): void {
    this.source.duration = Infinity;
    this.buffer = this.source.addSourceBuffer(mime);
    this.buffer.mode = "segments";
    this.buffer.addEventListener("error", () => this.host.failed("the browser refused the media"));
    this.buffer.addEventListener("updateend", () => {
      this.host.appended();
      this.work();
    });
  }

  /** All fragments up to the next change of format: appending them one by one would fall behind. */
  private waitingMedia(): ArrayBuffer[] {
    const end = this.jobs.findIndex((job) => job.kind !== "media");
    const jobs = this.jobs.splice(0, end < 0 ? this.jobs.length : end);
    return jobs.map((job) => (job.kind === "media" ? job.data : new ArrayBuffer(0)));
  }

  private append(parts: ArrayBuffer[]): void {
    const whole = () => concatenate(parts.map((part) => new Uint8Array(part))).buffer;
    const data = parts.length === 1 ? parts[0]! : whole();
    try {
      this.buffer?.appendBuffer(data);
    } catch (error) {
      this.jobs.unshift({ kind: "media", data });
      throw error;
    }
  }

  private trim(): void {
    this.trimmed = this.trimmable;
    // A hair before the keyframe: removing up to it exactly may take it along, and then its whole GOP.
    this.buffer?.remove(0, this.trimmable - 0.001);
  }

  private refused(error: unknown): void {
    const name = error instanceof DOMException ? error.name : String(error);
    if (name === "QuotaExceededError" && this.trimmable > 0) {
      this.trim();
      return;
    }
    this.host.failed(name === "QuotaExceededError" ? "the browser's buffer is full" : name);
  }
}
