// What the source tells with its pictures, until the picture that it belongs to is on screen.

import type { Note } from "./messages.js";

const KEPT = 300;
// Media time is rounded on its way through a source buffer.
const SAME_MILLISECONDS = 3;

export class Notes {
  private kept: Note[] = [];

  add(note: Note): void {
    this.kept.push(note);
    if (this.kept.length > KEPT) this.kept.shift();
  }

  /** The note of the picture that was captured then (Unix milliseconds), if it has one. */
  at(captured: number): Note | undefined {
    let nearest: Note | undefined;
    for (const note of this.kept) {
      const distance = Math.abs(note.captured - captured);
      if (distance > SAME_MILLISECONDS) continue;
      if (!nearest || distance < Math.abs(nearest.captured - captured)) nearest = note;
    }
    return nearest;
  }

  clear(): void {
    this.kept = [];
  }
}
