// How long to wait before a lost connection is tried again.

const FIRST_WAIT = 250;
const LONGEST_WAIT = 3000;

/** Milliseconds, after so many attempts in a row; `later` where the server asked for patience. */
export function retryWait(attempts: number, later: boolean): number {
  const wait = later ? LONGEST_WAIT : Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempts - 1));
  // Jitter, so that a restarted server is not met by everybody at once.
  return Math.min(LONGEST_WAIT, wait * (0.5 + Math.random()));
}
