// How long to wait before a lost connection is tried again.

const SHORTEST_WAIT = 250;
const LONGEST_WAIT = 3000;

/** Milliseconds, after so many attempts in a row; `later` where the server asked for patience. */
export function retryWait(attempts: number, later: boolean): number {
  if (later) return between(LONGEST_WAIT / 2, LONGEST_WAIT);
  // Once soon: mostly it is the line that broke. If that fails the server is gone, and when it is
  // back, all come back: any time is as good as another, so that they do not come at once.
  if (attempts === 1) return between(SHORTEST_WAIT / 2, SHORTEST_WAIT * 1.5);
  return between(SHORTEST_WAIT, LONGEST_WAIT);
}

function between(least: number, most: number): number {
  return least + Math.random() * (most - least);
}
