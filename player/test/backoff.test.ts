import assert from "node:assert/strict";
import { test } from "node:test";

import { retryWait } from "../src/backoff.js";

test("the first attempt comes soon, each other at any time within three seconds", () => {
  for (const [attempts, least, most] of [[1, 125, 375], [2, 250, 3000], [9, 250, 3000]] as const) {
    const waits = Array.from({ length: 50 }, () => retryWait(attempts, false));
    assert.ok(Math.min(...waits) >= least);
    assert.ok(Math.max(...waits) <= most);
    assert.ok(new Set(waits).size > 1);
  }
  assert.ok(retryWait(1, true) >= 1500);
});

test("500 who lost a server come back within four seconds, and never 400 in one", () => {
  for (const away of [1000, 2000, 4000]) {
    const back = Array.from({ length: 500 }, () => backAfter(away)).sort((a, b) => a - b);
    const mostInASecond = Math.max(
      ...back.map((from) => back.filter((at) => at >= from && at < from + 1000).length),
    );
    assert.ok(mostInASecond < 400, String(mostInASecond));
    assert.ok(Math.max(...back) <= away + 3000);
  }
});

/** When somebody is back, whose server was away for so long; all in milliseconds. */
function backAfter(away: number): number {
  let at = 0;
  for (let attempts = 1; at < away; attempts += 1) at += retryWait(attempts, false);
  return at;
}
