import assert from "node:assert/strict";
import { test } from "node:test";

import { LiveEdge } from "../src/live_edge.js";

const FLOOR = 0.03;

/** An edge that for two seconds saw a fragment every 33 ms, with this slack each time. */
function edgeWithSlack(slack: number, end = 10.1): LiveEdge {
  const edge = new LiveEdge(FLOOR);
  for (let index = 0; index < 60; index++) {
    edge.spaced(end - (60 - index) / 30);
    edge.arrived((index * 1000) / 30, slack);
  }
  return edge;
}

test("nothing buffered: play on", () => {
  assert.deepEqual(new LiveEdge(FLOOR).steer(0, []), { rate: 1 });
});

test("joins near the end of what is buffered, not at its start", () => {
  const move = new LiveEdge(FLOOR).steer(0, [{ start: 100, end: 102 }]);
  assert.ok("seek" in move && move.seek > 101.9 && move.seek < 102);
});

test("never seeks before the only picture", () => {
  const move = new LiveEdge(FLOOR).steer(0, [{ start: 100, end: 100.01 }]);
  assert.deepEqual(move, { seek: 100 });
});

test("jumps when more than half a second late", () => {
  const move = edgeWithSlack(0.03, 10.7).steer(10, [{ start: 5, end: 10.7 }]);
  assert.ok("seek" in move && move.seek > 10.6);
});

test("a timeline that goes on elsewhere is followed, forward and back", () => {
  const edge = edgeWithSlack(0.03);
  assert.ok("seek" in edge.steer(10, [{ start: 5, end: 10 }, { start: 90, end: 90.2 }]));
  assert.ok("seek" in edge.steer(10, [{ start: 0, end: 0.2 }]));
});

test("does not wait in front of a gap", () => {
  const spans = [{ start: 5, end: 10 }, { start: 10.03, end: 10.1 }];
  assert.ok("seek" in edgeWithSlack(FLOOR).steer(9.99, spans));
});

test("plays faster the more it has in hand, and slower when it has too little", () => {
  const rates = [0, 0.03, 0.06, 0.15, 0.4].map((slack) => {
    const move = edgeWithSlack(slack).steer(10, [{ start: 5, end: 10.1 }]);
    return "rate" in move ? move.rate : NaN;
  });
  assert.deepEqual(rates, [0.97, 1, 1.03, 1.1, 1.25]);
});

test("the reserve grows when playback runs dry, once per hiccup, and shrinks after a calm", () => {
  const edge = new LiveEdge(FLOOR);
  edge.starved(0);
  edge.starved(100);
  const grown = edge.reserve;
  assert.ok(grown > FLOOR && grown < FLOOR + 0.02);
  for (let now = 0; now < 120_000; now += 100) edge.arrived(now, 0.1);
  assert.ok(edge.reserve - FLOOR < 0.001);
});

test("a line with jitter settles at a delay that covers it", () => {
  const edge = new LiveEdge(FLOOR);
  let position = 0;
  let rate = 1;
  let dry = 0;
  for (let index = 0; index < 900; index++) {
    // Every seventh picture comes 60 ms late; playback moves on meanwhile.
    const late = index % 7 === 0 ? 0.06 : 0;
    const slack = index / 30 - position - late;
    if (slack < 0 && index > 300) dry += 1;
    edge.spaced(index / 30);
    edge.arrived((index * 1000) / 30, slack);
    const move = edge.steer(position, [{ start: 0, end: (index + 1) / 30 }]);
    if ("seek" in move) position = move.seek;
    else rate = move.rate;
    position += rate / 30;
  }
  assert.equal(dry, 0);
  assert.ok(900 / 30 - position < 0.25);
});

test("generous durations do not move the edge", () => {
  const edge = new LiveEdge(FLOOR);
  for (let index = 0; index <= 60; index++) edge.spaced(index / 30);
  assert.ok(Math.abs(edge.end([{ start: 0, end: 2.25 }])! - (2 + 1 / 30)) < 0.005);
  assert.equal(edge.end([{ start: 0, end: 1.5 }]), 1.5);
  assert.equal(edge.end([]), undefined);
  const move = edge.steer(0, [{ start: 0, end: 2.25 }]);
  assert.ok("seek" in move && move.seek > 1.9 && move.seek < 2);
});

test("pictures that come out of order do not move the edge back", () => {
  const edge = new LiveEdge(FLOOR);
  for (const pts of [0, 0.1, 0.033, 0.066]) edge.spaced(pts);
  assert.ok(edge.end([{ start: 0, end: 1 }])! > 0.1);
});
