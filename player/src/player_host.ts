// What the element around a player tells it, and what it tells the element.

import type { Note } from "./messages.js";
import type { Picture } from "./rung.js";
import type { Choice } from "./rungs.js";
import type { PlayerState } from "./stats.js";

export interface PlayerOptions extends Choice {
  src: string;
  /** How long all must be quiet before a better rung is tried again. */
  patience: number;
  /** The WebSocket of this page's wall may be shared. */
  onWall: boolean;
}

export interface PlayerHost {
  /** A rung opened: its picture lies below the old one until it shows something. */
  pictureAdded(picture: Picture): void;
  pictureRemoved(picture: Picture): void;
  rungChanged(rung: string, reason: string): void;
  stateChanged(state: PlayerState, text: string, seconds: number): void;
  /** What the source tells of the picture that is on screen now, if anything. */
  noted(note: Note | undefined): void;
  playing(): void;
  stalled(): void;
  soundFound(found: boolean): void;
  /** The browser wants a gesture of the person first. */
  soundBlocked(): void;
}
