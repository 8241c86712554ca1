import assert from "node:assert/strict";
import { test } from "node:test";

import { Flow } from "../src/flow.js";
import { describe } from "../src/situation.js";
import type { Situation } from "../src/situation.js";

const LIVE: Situation = {
  started: true,
  line: "up",
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

test("media without a picture is told once, after three seconds", () => {
  const flow = new Flow();
  flow.start();
  flow.received(0);
  flow.received(2900);
  assert.equal(flow.check(3000), undefined);
  assert.equal(flow.check(3001), "blind");
  assert.equal(flow.check(9000), undefined);
});

test("a line that is down is not the rung's fault", () => {
  const flow = new Flow();
  flow.received(0);
  flow.interrupt();
  assert.equal(flow.check(9000), undefined);
});

test("pictures that stop are told once, and again after they flowed", () => {
  const flow = new Flow();
  assert.equal(flow.shown(0), true);
  assert.equal(flow.shown(33), false);
  assert.equal(flow.check(2000), undefined);
  assert.equal(flow.check(2100), "still");
  assert.equal(flow.check(2200), undefined);
  assert.equal(flow.shown(2300), true);
});
