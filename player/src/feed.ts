// Where a player's media and the news about its channel come from, behind one small interface.

import type { ServerClock } from "./clock.js";
import type { Failure } from "./ladder.js";
import type { Chunk, Input, Note, Report } from "./messages.js";
import type { Situation } from "./situation.js";

/** What a feed tells the player. */
export interface FeedHost {
  readonly clock: ServerClock;
  init(mime: string, segment: ArrayBuffer, epoch: number): void;
  chunk(chunk: Chunk, data: ArrayBuffer): void;
  skipped(count: number): void;
  note(note: Note): void;
  /** Whether clicks and keys are wanted. */
  wantsInput(wanted: boolean): void;
  /** The server said how the source is. */
  state(server: Situation["server"]): void;
  /** The line is up or down; `text` says why it is not up, where that is known. */
  line(line: "up" | "down", text: string): void;
  /** This rung gets nothing here. */
  failed(kind: Failure, reason: string): void;
}

export interface Feed {
  /** Whether it was sent. */
  report(report: Report): boolean;
  input(input: Input): void;
  /** Whether the server was heard just now; asked again and again, it makes sure of that. */
  isAlive(): boolean;
  close(): void;
}
