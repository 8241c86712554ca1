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
const PATIENCE = 3000;
// The server knows the channel, but not this form of it.
const NOT_THIS_FORM = new Set([404, 405, 406, 415, 501]);

/** `stream` and `channel` are the HTTP addresses of the stream and of what the API says of it. */
export async function explain(stream: URL, channel: URL): Promise<Verdict> {
  const answer = await ask(stream);
  if (answer === "silence") {
    return (await ask(channel)) === "granted" ? BLOCKED : { failure: undefined, text: unreachable(stream) };
  }
  if (answer === "granted") return { failure: "unreachable", text: "no WebSocket gets through" };
  const known = NOT_THIS_FORM.has(answer.status) && (await ask(channel)) === "granted";
  return { failure: known ? "impossible" : undefined, text: answer.message };
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
