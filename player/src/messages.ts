// The JSON half of the WebSocket subprotocol `televise.v1`; the media follow as binary messages.

export const SUBPROTOCOL = "televise.v1";

export type ChannelState = "connecting" | "live" | "stalled" | "offline";

/** On the socket of a wall each message says which channel it is about. */
interface OnWall {
  channel?: string;
}

export interface Hello {
  type: "hello";
  channel: string;
  state: ChannelState;
  text: string;
  /** For so long it has been so. */
  seconds: number;
  version: string;
  /** Clicks and keys are wanted. */
  input?: true;
}

/** A new format. For MP4 the init segment follows as one binary message. */
export interface Init extends OnWall {
  type: "init";
  epoch: number;
  mime: string;
}

/** Announces exactly one binary message: a fragment, or one whole picture. */
export interface Chunk extends OnWall {
  type: "chunk";
  epoch: number;
  sequence: number;
  track: "video" | "audio";
  /** Seconds on the stream's timeline. */
  pts: number;
  /** Unix milliseconds on the server's clock. */
  captured: number;
  keyframe: boolean;
}

export interface State extends OnWall {
  type: "state";
  state: ChannelState;
  text: string;
  /** For so long it has been so. */
  seconds: number;
}

/** The server left chunks out for us, because we were slow. */
export interface Skipped extends OnWall {
  type: "skipped";
  count: number;
}

/** What the source tells with the picture that was captured then. */
export interface Note extends OnWall {
  type: "note";
  /** Unix milliseconds on the server's clock. */
  captured: number;
  /** Of the source's pictures. */
  width: number;
  height: number;
  data: unknown;
}

/** A wall cannot show this channel. */
export interface Refusal extends OnWall {
  type: "error";
  text: string;
}

export interface Clock {
  type: "clock";
  client: number;
  server: number;
}

export interface Report {
  type: "report";
  rung: string;
  age_ms: number;
  fps: number;
  /** Since the report before. */
  stalls: number;
}

/** What a person does on the picture. */
export type Input =
  | { type: "pointer"; x: number; y: number; button: number; captured?: number }
  | { type: "key"; key: string; captured?: number };

export type ServerMessage = Hello | Init | Chunk | State | Note | Skipped | Refusal | Clock;

/** All other formats need none: each picture, or each keyframe, is complete. */
export function hasInitSegment(mime: string): boolean {
  return mime.startsWith("video/mp4");
}
