// How old the pictures on the screen are: from a picture's media time back to the moment of its capture.

interface Mark {
  pts: number;
  captured: number;
}

const MARKS_KEPT = 300;
const AGES_KEPT = 300;

/** All captures in Unix milliseconds on the server's clock, all ages in seconds. */
export class PictureAges {
  private marks: Mark[] = [];
  private ages: number[] = [];

  /** A chunk came in whose capture time is known. */
  mark(pts: number, captured: number): void {
    this.marks.push({ pts, captured });
    if (this.marks.length > MARKS_KEPT) this.marks.shift();
  }

  /** A picture came on screen; returns its age, or undefined when its origin is unknown. */
  shown(pts: number, serverNow: number): number | undefined {
    const captured = this.capturedAt(pts);
    if (captured === undefined) return undefined;
    const age = (serverNow - captured) / 1000;
    this.ages.push(age);
    if (this.ages.length > AGES_KEPT) this.ages.shift();
    return age;
  }

  /** The capture time of a picture: its nearest mark, carried on by the difference in pts. */
  capturedAt(pts: number): number | undefined {
    let nearest: Mark | undefined;
    // Newest first: after a restart an old mark may claim the same pts.
    for (let index = this.marks.length - 1; index >= 0; index--) {
      const mark = this.marks[index]!;
      if (!nearest || Math.abs(mark.pts - pts) < Math.abs(nearest.pts - pts)) nearest = mark;
    }
    if (!nearest || Math.abs(nearest.pts - pts) > 1) return undefined;
    return nearest.captured + (pts - nearest.pts) * 1000;
  }

  get latest(): number | undefined {
    return this.ages.at(-1);
  }

  /** The age that `share` (0 to 1) of the recent pictures do not exceed. */
  percentile(share: number): number | undefined {
    if (this.ages.length === 0) return undefined;
    const sorted = [...this.ages].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  }

  /** A new timeline: what the marks say no longer holds. */
  clear(): void {
    this.marks = [];
    this.ages = [];
  }
}
