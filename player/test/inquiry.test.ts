import assert from "node:assert/strict";
import { test } from "node:test";

import type { Verdict } from "../src/explain.js";
import { Inquiry } from "../src/inquiry.js";

const BLOCKED: Verdict = { failure: "unreachable", text: "no WebSocket gets through" };
const SILENCE: Verdict = { failure: undefined, text: "the server does not answer" };

/** What comes of asking again and again, while this is answered. */
async function asked(verdicts: Verdict[], sure = false): Promise<string[]> {
  const said: string[] = [];
  const inquiry = new Inquiry(async () => verdicts.shift()!, {
    told: (text) => said.push(text),
    failed: (kind) => said.push(kind),
  });
  while (verdicts.length > 0) await inquiry.ask(sure);
  return said;
}

test("what is told twice in a row is believed", async () => {
  const { text } = BLOCKED;
  assert.deepEqual(await asked([BLOCKED]), [text]);
  assert.deepEqual(await asked([BLOCKED, BLOCKED]), [text, text, "unreachable"]);
});

test("a server that comes back just between the questions is not blamed", async () => {
  const verdicts = [SILENCE, SILENCE, BLOCKED, SILENCE, BLOCKED];
  assert.ok(!(await asked(verdicts)).includes("unreachable"));
});

test("where the WebSocket had its time, once is enough", async () => {
  assert.deepEqual(await asked([BLOCKED], true), [BLOCKED.text, "unreachable"]);
});

test("an answer that comes when the WebSocket is there is not heard", async () => {
  let answer = (_: Verdict): void => undefined;
  const said: string[] = [];
  const inquiry = new Inquiry(() => new Promise((resolve) => (answer = resolve)), {
    told: (text) => said.push(text),
    failed: (kind) => said.push(kind),
  });
  const asking = inquiry.ask(true);
  inquiry.forget();
  answer(BLOCKED);
  await asking;
  assert.deepEqual(said, []);
});
