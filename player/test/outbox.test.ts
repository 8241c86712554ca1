import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox, wishOf } from "../src/outbox.js";

/** All that it has to tell at a moment. */
function told(outbox: Outbox, now: number): string[] {
  const texts: string[] = [];
  for (let request; (request = outbox.next(now)); ) texts.push(`${request.type} ${request.channel}`);
  return texts;
}

test("a wish is told once, with its size and rate", () => {
  const outbox = new Outbox();
  outbox.want("cam", { w: 320, fps: 5 });
  assert.deepEqual(outbox.next(0), { type: "watch", channel: "cam", w: 320, fps: 5 });
  assert.equal(outbox.next(0), undefined);
  assert.equal(outbox.isEmpty, true);
});

test("what is no longer wanted is told, unless it never was", () => {
  const outbox = new Outbox();
  outbox.want("cam", {});
  told(outbox, 0);
  outbox.unwant("cam");
  outbox.want("door", {});
  outbox.unwant("door");
  assert.deepEqual(told(outbox, 1000), ["unwatch cam"]);
});

test("who leaves and returns before it was told has not left", () => {
  const outbox = new Outbox();
  outbox.want("cam", {});
  told(outbox, 0);
  outbox.unwant("cam");
  outbox.want("cam", {});
  assert.deepEqual(told(outbox, 0), []);
});

test("thirty tiles are told at once, but hundreds never too many at a time", () => {
  const outbox = new Outbox();
  for (let index = 0; index < 30; index++) outbox.want(`cam${index}`, {});
  assert.equal(told(outbox, 0).length, 30);
  for (let index = 30; index < 100; index++) outbox.want(`cam${index}`, {});
  const counts: number[] = [];
  for (let now = 0; now <= 7000; now += 100) counts.push(told(outbox, now).length);
  assert.equal(counts.reduce((sum, count) => sum + count), 70);
  for (let start = 1; start + 10 < counts.length; start++) {
    assert.ok(counts.slice(start, start + 10).reduce((sum, count) => sum + count) <= 11);
  }
  assert.equal(outbox.isEmpty, true);
});

test("what the server gave up is told again", () => {
  const outbox = new Outbox();
  outbox.want("cam", {});
  told(outbox, 0);
  outbox.forget("cam");
  assert.equal(outbox.isEmpty, false);
  assert.deepEqual(told(outbox, 0), ["watch cam"]);
});

test("a new connection is told everything again", () => {
  const outbox = new Outbox();
  outbox.want("cam", {});
  told(outbox, 0);
  outbox.restart();
  assert.deepEqual(told(outbox, 0), ["watch cam"]);
});

test("only what a wall can do is a wish", () => {
  assert.deepEqual(wishOf(new URLSearchParams("w=320&fps=5&token=x")), { w: 320, fps: 5 });
  assert.equal(wishOf(new URLSearchParams("w=320&max_latency=1s")), undefined);
});
