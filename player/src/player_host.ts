// What a player tells the element around it.

import type { Picture } from "./rung.js";
import type { PlayerState } from "./stats.js";

export interface PlayerHost {
  /** A rung opened: its picture lies below the old one until it shows something. */
  pictureAdded(picture: Picture): void;
  pictureRemoved(picture: Picture): void;
  rungChanged(rung: string, reason: string): void;
  stateChanged(state: PlayerState, text: string): void;
  playing(): void;
  stalled(): void;
  soundFound(found: boolean): void;
  /** The browser wants a gesture of the person first. */
  soundBlocked(): void;
}
