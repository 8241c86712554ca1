// Why a WebSocket was refused: browsers do not tell, so the same address is asked over HTTP.

import type { Failure } from "./ladder.js";
import { load, Refused } from "./loading.js";

export interface Verdict {
  /** Something for the ladder to go by; undefined: another way of playing would fare no better. */
  failure: Failure | undefined;
  /** For a person. */
  text: string;
}

// The server is there, but this stream is not let through; another may be.
const BLOCKED: Verdict = { failure: "impossible", text: "the stream does not get through" };
const NO_WEBSOCKET: Verdict = { failure: "unreachable", text: "no WebSocket gets through" };
const PATIENCE = 3000;
// The server knows the channel, but not this form of it.
const NOT_THIS_FORM = new Set([404, 405, 406, 415, 501]);

// What the server says of a wall to who asks over HTTP: it is for WebSockets.
const WRONG_PROTOCOL = new Set([400, 426]);

/** `stream` and `channel` are the HTTP addresses of the stream and of what the API says of it. */
export async function explain(stream: URL, channel: URL): Promise<Verdict> {
  const answer = await ask(stream);
  if (answer === "silence") {
    return (await ask(channel)) === "granted" ? BLOCKED : { failure: undefined, text: unreachable(stream) };
  }
  if (answer === "granted") return NO_WEBSOCKET;
  const known = NOT_THIS_FORM.has(answer.status) && (await ask(channel)) === "granted";
  return { failure: known ? "impossible" : undefined, text: answer.message };
}

/** The same for a wall; `channels` is the HTTP address of the list of them. */
export async function explainWall(wall: URL, channels: URL): Promise<Verdict> {
  const answer = await ask(wall);
  if (answer === "silence") {
    return (await ask(channels)) === "granted" ? BLOCKED : { failure: undefined, text: unreachable(wall) };
  }
  if (answer === "granted" || WRONG_PROTOCOL.has(answer.status)) return NO_WEBSOCKET;
  return { failure: passes(answer.status) ? undefined : "impossible", text: answer.message };
}

/** Too many want something, or something on the way finds no server. */
function passes(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501);
}

function unreachable(stream: URL): string {
  if (stream.origin === location.origin) return "the server does not answer";
  return `${stream.host} does not answer, or does not allow pages of ${location.origin}`;
}

/** The endless body of a stream is not read. */
async function ask(url: URL): Promise<"granted" | "silence" | Refused> {
  const abort = new AbortController();
  const timer = window.setTimeout(() => abort.abort(), PATIENCE);
  try {
    await load(url, abort.signal);
    return "granted";
  } catch (error) {
    return error instanceof Refused ? error : "silence";
  } finally {
    window.clearTimeout(timer);
    abort.abort();
  }
}
