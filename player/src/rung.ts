// What each way of playing implements. A new one is one file and one line in `rungs.ts`.

import type { Failure, Step } from "./ladder.js";
import type { Chunk } from "./messages.js";

export type Picture = HTMLVideoElement | HTMLCanvasElement;

/** What a rung tells the player. */
export interface RungHost {
  /** So many pictures came on screen; the last has this pts; `at` on the performance clock. */
  shown(count: number, pts: number | undefined, at: number): void;
  /** So many bytes came in of what it loads by itself. */
  loaded(size: number): void;
  /** Playback ran dry and waits for media. */
  starved(): void;
  /** The server says what is wrong with the address; no other rung would do better. */
  refused(text: string): void;
  /** It cannot go on; the ladder decides what comes next. */
  failed(kind: Failure, reason: string): void;
  /** Whether the stream has sound, and whether the browser lets it be heard. */
  soundFound(found: boolean): void;
  soundBlocked(): void;
}

/** One way of playing, in use. Fed by the player with what the server pushes. */
export interface Rung {
  /** The element that shows the picture. */
  readonly picture: Picture;
  /** A new format; `segment` is empty for formats that have no init segment. */
  init(mime: string, segment: ArrayBuffer): void;
  chunk(chunk: Chunk, data: ArrayBuffer): void;
  close(): void;
}

/** One way of playing, on offer. */
export interface RungKind extends Step {
  /** The channel's URL plus this is the stream. */
  readonly extension: string;
  /** True when the player feeds it over `televise.v1`, false when it opens `url` by itself. */
  readonly pushed: boolean;
  /** True when it can be heard; it is opened anew when the sound is turned on or off. */
  readonly audible: boolean;
  open(host: RungHost, url: URL, muted: boolean): Rung;
}
