import assert from "node:assert/strict";
import { test } from "node:test";

import { Playout } from "../src/playout.js";

test("everything is due a fixed time after the quickest could have come", () => {
  const playout = new Playout();
  playout.arrived(10, 50_000);
  playout.arrived(10.1, 50_190);
  playout.arrived(10.2, 50_180);
  assert.ok(Math.abs(playout.due(10.2) - (50_180 + playout.delay)) < 1e-6);
  assert.ok(Math.abs(playout.due(11.2) - playout.due(10.2) - 1000) < 1e-6);
});

test("what comes late lengthens the delay, once a second, and a calm shortens it", () => {
  const playout = new Playout();
  const before = playout.delay;
  playout.late(0);
  playout.late(100);
  assert.equal(playout.delay, before + 20);
  for (let now = 0; now < 60_000; now += 1000) playout.arrived(now / 1000, now);
  assert.equal(playout.delay, before);
});

test("a device that takes long is waited for at once", () => {
  const playout = new Playout();
  const before = playout.delay;
  playout.late(0, 5);
  playout.late(1000, 250);
  assert.equal(playout.delay, before + 20 + 250);
  playout.late(2000, 350);
  assert.ok(playout.delay <= 500, "but not for ever");
});

test("clocks that drift apart are followed", () => {
  const playout = new Playout();
  // The source's seconds are a thousandth longer than ours.
  for (let second = 0; second < 1000; second++) playout.arrived(second, second * 1001);
  assert.ok(playout.due(1000) - 1000 * 1001 < playout.delay + 5);
  assert.ok(playout.due(1000) - 1000 * 1001 > playout.delay - 20);
});

test("a new timeline begins anew", () => {
  const playout = new Playout();
  playout.arrived(1000, 0);
  playout.restart();
  playout.arrived(0, 5000);
  assert.equal(playout.due(0), 5000 + playout.delay);
});
