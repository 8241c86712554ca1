import assert from "node:assert/strict";
import { test } from "node:test";

import { Ladder } from "../src/ladder.js";
import type { Failure, Step } from "../src/ladder.js";

function step(name: string, refusal = ""): Step {
  return { name, pushed: name !== "gif" && name !== "image", refusal: () => refusal };
}

const STEPS = ["mse", "webcodecs", "mjpeg", "gif", "image"].map((name) => step(name));
const MINUTE = 60_000;

// Failures one after another, so many milliseconds apart, and the rung that each leads to.
const STORIES: [string, [Failure, number, string][]][] = [
  ["one accident is forgiven, a second within a minute is not", [
    ["broken", 1000, "mse"], ["broken", 1000, "webcodecs"],
  ]],
  ["accidents that are far apart do not add up", [["broken", 0, "mse"], ["broken", 2 * MINUTE, "mse"]]],
  ["what is impossible is not tried twice", [["impossible", 0, "webcodecs"]]],
  ["a stalled rung is left at once", [["stalled", 3000, "webcodecs"], ["stalled", 3000, "mjpeg"]]],
  ["each rung has its turn, and after the last the first", [
    ["stalled", 0, "webcodecs"], ["stalled", 3000, "mjpeg"], ["impossible", 0, "gif"],
    ["stalled", 3000, "image"], ["stalled", 3000, "mse"],
  ]],
  ["without WebSockets it goes straight to the rungs that need none", [
    ["unreachable", 0, "gif"], ["unreachable", 1000, "image"], ["unreachable", 1000, "mse"],
  ]],
  ["what failed lately is passed over on the way down", [
    ["stalled", 0, "webcodecs"], ["unreachable", 0, "gif"], ["impossible", 0, "image"],
    ["impossible", 0, "mse"], ["impossible", 0, "mjpeg"],
  ]],
];

for (const [title, failures] of STORIES) {
  test(title, () => {
    const ladder = new Ladder(STEPS);
    let now = 0;
    for (const [kind, later, expected] of failures) {
      now += later;
      ladder.failed(kind, "bad", now);
      assert.equal(ladder.current.name, expected);
    }
  });
}

test("stands on the best rung that the browser can do, and says why", () => {
  const ladder = new Ladder([step("mse", "no MediaSource"), step("mjpeg")]);
  assert.equal(ladder.current.name, "mjpeg");
  assert.equal(ladder.reason, "mse: no MediaSource; best this browser can do");
});

test("a rung that was asked for says so", () => {
  assert.equal(new Ladder([step("gif")], MINUTE, "asked for").reason, "asked for");
  const ladder = new Ladder([step("mjpeg", "no canvas"), step("image")], MINUTE, "asked for");
  assert.equal(ladder.reason, "mjpeg: no canvas; best this browser can do");
});

test("each change says what failed, why, and what is used now", () => {
  const ladder = new Ladder(STEPS);
  ladder.failed("stalled", "stalled 3 s", 0);
  assert.equal(ladder.reason, "mse: stalled 3 s, now webcodecs");
  ladder.failed("broken", "decoder", 0);
  assert.equal(ladder.reason, "webcodecs: decoder, tried again");
  ladder.climb(MINUTE);
  assert.equal(ladder.reason, "mse: tried again, webcodecs worked");
});

test("rungs that the browser cannot do are passed over", () => {
  const ladder = new Ladder([step("mse"), step("webcodecs", "no VideoDecoder"), step("mjpeg")]);
  ladder.failed("stalled", "bad", 0);
  assert.equal(ladder.current.name, "mjpeg");
});

test("climbs after a quiet minute, with growing patience", () => {
  const ladder = new Ladder(STEPS);
  ladder.failed("impossible", "unknown codec", 0);
  assert.equal(ladder.climb(MINUTE - 1), false);
  assert.equal(ladder.climb(MINUTE), true);
  assert.equal(ladder.current.name, "mse");
  ladder.failed("impossible", "unknown codec", MINUTE);
  assert.equal(ladder.climb(2.5 * MINUTE), false);
  assert.equal(ladder.climb(3 * MINUTE), true);
  // After a long good time the patience is short again.
  ladder.failed("impossible", "unknown codec", 60 * MINUTE);
  assert.equal(ladder.climb(61 * MINUTE), true);
});

test("a minute in which something failed is not quiet", () => {
  const ladder = new Ladder(STEPS);
  ladder.failed("stalled", "bad", 0);
  ladder.failed("stalled", "bad", MINUTE / 2);
  assert.equal(ladder.climb(MINUTE), false);
  assert.equal(ladder.climb(1.5 * MINUTE), true);
  assert.equal(ladder.current.name, "mse");
});

test("the minute can be another", () => {
  const ladder = new Ladder(STEPS, 1000);
  ladder.failed("stalled", "bad", 0);
  assert.equal(ladder.climb(1000), true);
});

test("a single rung stays, whatever happens", () => {
  const ladder = new Ladder([step("mse")]);
  for (const kind of ["broken", "broken", "stalled", "impossible", "unreachable"] as const) {
    ladder.failed(kind, "bad", 0);
  }
  assert.equal(ladder.current.name, "mse");
  assert.equal(ladder.climb(10 * MINUTE), false);
});
