import assert from "node:assert/strict";
import { test } from "node:test";

import { Ladder } from "../src/ladder.js";
import type { Step } from "../src/ladder.js";

function step(name: string, refusal = ""): Step {
  return { name, pushed: name !== "image", refusal: () => refusal };
}

const STEPS = [step("mse"), step("mjpeg"), step("image")];
const MINUTE = 60_000;

test("stands on the best rung that the browser can do, and says why", () => {
  const ladder = new Ladder([step("mse", "no MediaSource"), step("mjpeg")]);
  assert.equal(ladder.current.name, "mjpeg");
  assert.match(ladder.reason, /no MediaSource/);
});

test("one accident is forgiven, a second within a minute is not", () => {
  const ladder = new Ladder(STEPS);
  ladder.failed("broken", "decoder", 1000);
  assert.equal(ladder.current.name, "mse");
  ladder.failed("broken", "decoder", 2000);
  assert.equal(ladder.current.name, "mjpeg");
  assert.match(ladder.reason, /decoder/);
});

test("accidents that are far apart do not add up", () => {
  const ladder = new Ladder(STEPS);
  ladder.failed("broken", "decoder", 0);
  ladder.failed("broken", "decoder", 2 * MINUTE);
  assert.equal(ladder.current.name, "mse");
});

test("what is impossible is not tried twice", () => {
  const ladder = new Ladder(STEPS);
  ladder.failed("impossible", "unknown codec", 0);
  assert.equal(ladder.current.name, "mjpeg");
});

test("tries the best again after a minute, then after two", () => {
  const ladder = new Ladder(STEPS);
  ladder.failed("impossible", "unknown codec", 0);
  assert.equal(ladder.climb(MINUTE - 1), false);
  assert.equal(ladder.climb(MINUTE), true);
  assert.equal(ladder.current.name, "mse");
  ladder.failed("impossible", "unknown codec", MINUTE);
  assert.equal(ladder.climb(2.5 * MINUTE), false);
  assert.equal(ladder.climb(3 * MINUTE), true);
});

test("without WebSockets it goes straight to the rung that needs none, and back when that fails", () => {
  const ladder = new Ladder(STEPS);
  ladder.failed("unreachable", "no WebSocket", 0);
  assert.equal(ladder.current.name, "image");
  ladder.failed("unreachable", "gone", 10);
  assert.equal(ladder.current.name, "mse");
});

test("a single rung stays, whatever happens", () => {
  const ladder = new Ladder([step("mse")]);
  for (const kind of ["broken", "broken", "impossible", "unreachable"] as const) {
    ladder.failed(kind, "bad", 0);
  }
  assert.equal(ladder.current.name, "mse");
  assert.equal(ladder.climb(10 * MINUTE), false);
});
