// What a player tells about itself.

import type { ChannelState } from "./messages.js";
import type { Picture } from "./rung.js";

/** The channel's state, or why we do not know it: we are away, or the line is down. */
export type PlayerState = ChannelState | "reconnecting" | "paused";

export interface Stats {
  rung: string;
  /** Why this rung and no better one. */
  reason: string;
  state: PlayerState;
  text: string;
  fps: number;
  ageSeconds: number | undefined;
  ageP95Seconds: number | undefined;
  width: number;
  height: number;
  /** Chunks that the server left out for us. */
  skipped: number;
  epoch: number;
  reconnects: number;
  /** How often playback ran dry or stood still. */
  stalls: number;
  bytesPerSecond: number;
}

export function pictureSize(picture: Picture | undefined): { width: number; height: number } {
  if (picture instanceof HTMLVideoElement) {
    return { width: picture.videoWidth, height: picture.videoHeight };
  }
  return { width: picture?.width ?? 0, height: picture?.height ?? 0 };
}
