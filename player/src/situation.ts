// From all that is known to the one word that a person reads.

import type { ChannelState } from "./messages.js";
import type { PlayerState } from "./stats.js";

export interface Situation {
  /** False while nobody looks. */
  started: boolean;
  /** The WebSocket: not yet opened, open, lost. */
  line: "new" | "up" | "down";
  /** Why the line is not up, where that is known. */
  obstacle: string;
  /** What the server says is wrong with the address, if it says so. */
  refusal: string;
  /** Pictures come on screen. */
  flowing: boolean;
  /** There was a picture since the start. */
  seen: boolean;
  /** What the server last said, and for how many seconds it had been so then. */
  server: { state: ChannelState; text: string; seconds?: number };
}

export function describe(situation: Situation): { state: PlayerState; text: string } {
  const { started, line, obstacle, refusal, flowing, seen, server } = situation;
  if (!started) return { state: "paused", text: "" };
  const away = seen ? "reconnecting" : "connecting";
  if (refusal || line === "down") return { state: away, text: refusal || obstacle };
  // Before the line is up there is nothing to go by but the pictures.
  if (line === "new") return { state: flowing ? "live" : "connecting", text: flowing ? "" : obstacle };
  if (server.state !== "live" || flowing) return { state: server.state, text: server.text };
  return { state: seen ? "stalled" : "connecting", text: "" };
}
