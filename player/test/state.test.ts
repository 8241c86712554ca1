import assert from "node:assert/strict";
import { test } from "node:test";

import { Flow } from "../src/flow.js";
import { describe } from "../src/situation.js";
import type { Situation } from "../src/situation.js";
import { Watchdog } from "../src/watchdog.js";

const LIVE: Situation = {
  started: true,
  line: "up",
  obstacle: "",
  refusal: "",
  flowing: true,
  seen: true,
  server: { state: "live", text: "" },
};

function state(changes: Partial<Situation>): string {
  return describe({ ...LIVE, ...changes }).state;
}

test("one word for every situation", () => {
  assert.equal(state({}), "live");
  assert.equal(state({ started: false }), "paused");
  assert.equal(state({ line: "down" }), "reconnecting");
  assert.equal(state({ line: "new", flowing: false }), "connecting");
  assert.equal(state({ line: "new" }), "live");
  assert.equal(state({ flowing: false }), "stalled");
  assert.equal(state({ flowing: false, seen: false }), "connecting");
});

test("the server knows best why there is no picture", () => {
  const server = { state: "offline", text: "unplugged" } as const;
  assert.deepEqual(describe({ ...LIVE, flowing: false, server }), server);
});

test("a line that is down says why, where that is known", () => {
  const refused = { line: "down", obstacle: "too many viewers" } as const;
  assert.deepEqual(describe({ ...LIVE, ...refused, seen: false }), {
    state: "connecting",
    text: "too many viewers",
  });
  assert.equal(state(refused), "reconnecting");
});

test("what is wrong with the address is said, whatever else the server answers", () => {
  const refusal = "w=3: even from 16 to 4096 (width in pixels)";
  assert.deepEqual(describe({ ...LIVE, refusal, flowing: false, seen: false }), {
    state: "connecting",
    text: refusal,
  });
});

test("no picture in three seconds, though there should be some, is told once in three seconds", () => {
  const watchdog = new Watchdog();
  watchdog.expect(true, 0);
  watchdog.expect(true, 2900);
  assert.equal(watchdog.check(3000), false);
  assert.equal(watchdog.check(3001), true);
  assert.equal(watchdog.check(6001), false);
  assert.equal(watchdog.check(6002), true);
});

test("a stream that has not begun yet is waited for longer, and its first picture as long as any", () => {
  const watchdog = new Watchdog();
  watchdog.begins(false, 0);
  watchdog.expect(true, 0);
  assert.equal(watchdog.patience, 10_000);
  assert.equal(watchdog.check(9000), false);
  watchdog.begins(true, 9000);
  assert.equal(watchdog.patience, 3000);
  watchdog.begins(true, 11_000);
  assert.equal(watchdog.check(12_000), false);
  assert.equal(watchdog.check(12_001), true);
});

test("while no pictures are expected their absence is nobody's fault", () => {
  const watchdog = new Watchdog();
  watchdog.expect(true, 0);
  watchdog.expect(false, 1000);
  assert.equal(watchdog.check(9000), false);
  watchdog.expect(true, 9000);
  assert.equal(watchdog.check(12_000), false);
  assert.equal(watchdog.check(12_001), true);
});

test("a source with a picture every five seconds is given time", () => {
  const watchdog = new Watchdog();
  watchdog.expect(true, 0);
  for (const now of [0, 5000]) watchdog.shown(now);
  assert.equal(watchdog.check(19_000), false);
  assert.equal(watchdog.check(20_001), true);
});

test("the time in which a source was away is no interval of its pictures", () => {
  const watchdog = new Watchdog();
  watchdog.expect(true, 0);
  watchdog.shown(0);
  watchdog.expect(false, 1000);
  watchdog.expect(true, 15_000);
  watchdog.shown(15_000);
  assert.equal(watchdog.check(18_001), true);
});

test("pictures that stop are told once, and again after they flowed", () => {
  const flow = new Flow();
  flow.start();
  assert.equal(flow.shown(0), true);
  assert.equal(flow.shown(100), false);
  assert.equal(flow.check(2100), false);
  assert.equal(flow.check(2101), true);
  assert.equal(flow.check(5000), false);
  assert.equal(flow.shown(5000), true);
});
