// What is measured of one channel: ages, rates and counts.

import { PictureAges } from "./age.js";
import { ServerClock } from "./clock.js";
import type { Chunk, Report } from "./messages.js";
import { Rate } from "./rate.js";

export class Meter {
  readonly clock = new ServerClock();
  skipped = 0;
  reconnects = 0;
  stalls = 0;
  private reportedStalls = 0;
  private readonly ages = new PictureAges();
  private readonly pictures = new Rate();
  private readonly bytes = new Rate();

  received(chunk: Chunk, size: number, now: number): void {
    this.loaded(size, now);
    if (chunk.track === "video") this.ages.mark(chunk.pts, chunk.captured);
  }

  /** So many bytes of the stream came in. */
  loaded(size: number, now: number): void {
    this.bytes.add(size, now);
  }

  /** So many pictures came on screen, the last of them at this time of the performance clock. */
  shown(count: number, pts: number | undefined, at: number, now: number): void {
    this.pictures.add(count, now);
    if (pts !== undefined) this.ages.shown(pts, this.clock.toServer(performance.timeOrigin + at));
  }

  /** When the picture was captured that has this pts, on the server's clock. */
  capturedAt(pts: number): number | undefined {
    return this.ages.capturedAt(pts);
  }

  /** Pictures from before a pause say nothing about those after it. */
  forget(): void {
    this.ages.clear();
  }

  get ageSeconds(): number | undefined {
    return this.ages.latest;
  }

  get ageP95Seconds(): number | undefined {
    return this.ages.percentile(0.95);
  }

  rates(now: number): { fps: number; bytesPerSecond: number } {
    return { fps: this.pictures.perSecond(now), bytesPerSecond: this.bytes.perSecond(now) };
  }

  /** What the server wants to know; nothing before the first picture. */
  report(rung: string, now: number): Report | undefined {
    const { ageSeconds } = this;
    if (ageSeconds === undefined) return undefined;
    const { fps } = this.rates(now);
    const stalls = this.stalls - this.reportedStalls;
    return { type: "report", rung, age_ms: ageSeconds * 1000, fps, stalls };
  }

  /** The last report was sent. */
  reported(): void {
    this.reportedStalls = this.stalls;
  }
}
