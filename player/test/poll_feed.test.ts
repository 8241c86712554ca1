import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import type { FeedHost } from "../src/feed.js";
import { PollFeed } from "../src/poll_feed.js";

const LIVE = { state: "live", text: "", seconds: 1 };
const INTERVAL = 2000;

let now = 0;
let lines: string[] = [];
let questions: { answer(news: object): void; fail(): void }[] = [];

const host = {
  line: (line: string) => lines.push(line),
  state: ({ state }: { state: string }) => lines.push(state),
} as unknown as FeedHost;

function fetched(): Promise<object> {
  return new Promise((resolve, reject) => {
    const answer = (news: object) => resolve({ json: async () => news });
    questions.push({ answer, fail: () => reject(new TypeError("nobody answers")) });
  });
}

beforeEach(() => {
  now = 0;
  lines = [];
  questions = [];
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(performance, "now", () => now);
  Object.assign(globalThis, { fetch: fetched, window: globalThis });
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** What is told is heard, and time passes. */
async function pass(milliseconds: number): Promise<void> {
  await new Promise(setImmediate);
  now += milliseconds;
  mock.timers.tick(milliseconds);
}

test("a server that does not answer is asked one question at a time, and is not alive", async () => {
  const feed = new PollFeed(new URL("http://hub/api/channels/cam"), host);
  questions[0]!.answer(LIVE);
  await pass(INTERVAL);
  assert.ok(feed.isAlive());
  for (let minute = 0; minute < 60; minute++) await pass(60_000);
  assert.equal(questions.length, 2);
  assert.equal(feed.isAlive(), false);
  questions[1]!.fail();
  await pass(INTERVAL);
  questions[2]!.answer(LIVE);
  await pass(0);
  assert.deepEqual(lines, ["up", "live", "down", "up", "live"]);
  assert.ok(feed.isAlive());
  feed.close();
});

test("a feed that is closed says and asks nothing more", async () => {
  const feed = new PollFeed(new URL("http://hub/api/channels/cam"), host);
  feed.close();
  questions[0]!.answer(LIVE);
  await pass(INTERVAL);
  assert.deepEqual(lines, []);
  assert.equal(questions.length, 1);
});
