// What it means for a publisher that the server has closed its socket.

/** Close codes, as src/televise/ingest/websocket.py sends them (RFC 6455 section 7.4.1). */
const NOT_MEDIA = 1003;
const NOT_ALLOWED = 1008;
export const TRY_LATER = 1013;

export interface Verdict {
  /** Whether it may go better another time. */
  again: boolean;
  /** For a person. */
  text: string;
}

export function verdictOf(code: number, reason: string): Verdict {
  const again = code !== NOT_ALLOWED && code !== NOT_MEDIA;
  return { again, text: reason || (again ? "the server does not answer" : "the server refuses it") };
}
