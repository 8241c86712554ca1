// Why a WebSocket was refused: browsers do not tell, so the same address is asked over HTTP.

import type { Failure } from "./ladder.js";

export interface Verdict {
  /** Something for the ladder to go by; undefined: another way of playing would fare no better. */
  failure: Failure | undefined;
  /** For a person. */
  text: string;
}

// The server is there, but this stream is not let through; another may be.
const BLOCKED: Verdict = { failure: "impossible", text: "the stream does not get through" };
const PATIENCE = 3000;
const LONGEST_TEXT = 160;
// The server knows the channel, but not this form of it.
const NOT_THIS_FORM = new Set([400, 404, 405, 406, 415, 501]);

/** `stream` and `channel` are the HTTP addresses of the stream and of what the API says of it. */
export async function explain(stream: URL, channel: URL): Promise<Verdict> {
  const answer = await ask(stream);
  if (!answer) return (await ask(channel))?.ok ? BLOCKED : { failure: undefined, text: unreachable(stream) };
  if (answer.ok) return { failure: "unreachable", text: "no WebSocket gets through" };
  const known = NOT_THIS_FORM.has(answer.status) && (await ask(channel))?.ok;
  return { failure: known ? "impossible" : undefined, text: answer.text };
}

function unreachable(stream: URL): string {
  if (stream.origin === location.origin) return "the server does not answer";
  return `${stream.host} does not answer, or does not allow pages of ${location.origin}`;
}

/** The status, and what an error says; the endless body of a stream is not read. */
async function ask(url: URL): Promise<{ ok: boolean; status: number; text: string } | undefined> {
  const abort = new AbortController();
  const timer = window.setTimeout(() => abort.abort(), PATIENCE);
  try {
    const { ok, status, body } = await fetch(url, { cache: "no-store", signal: abort.signal });
    const read = ok ? undefined : await body?.getReader().read();
    const [line = ""] = new TextDecoder().decode(read?.value).split("\n");
    const text = line.startsWith("<") || !line ? `the server says ${status}` : line;
    return { ok, status, text: text.slice(0, LONGEST_TEXT) };
  } catch {
    return undefined;
  } finally {
    window.clearTimeout(timer);
    abort.abort();
  }
}
