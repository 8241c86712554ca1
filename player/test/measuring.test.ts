import assert from "node:assert/strict";
import { test } from "node:test";

import { PictureAges } from "../src/age.js";
import { ServerClock } from "../src/clock.js";
import { Meter } from "../src/meter.js";
import { Rate } from "../src/rate.js";
import { apiUrl, asSocket, channelName, streamUrl } from "../src/stream_url.js";

test("a picture's age leads from its pts to its capture, rounding forgiven", () => {
  const ages = new PictureAges();
  ages.mark(10, 1_000_000);
  ages.mark(10.04, 1_000_040);
  assert.ok(Math.abs(ages.shown(10.0401, 1_000_140)! - 0.1) < 0.001);
});

test("a picture of unknown origin has no age", () => {
  const ages = new PictureAges();
  ages.mark(10, 1_000_000);
  assert.equal(ages.shown(500, 1_000_000), undefined);
});

test("after a restart the newest claim on a pts counts", () => {
  const ages = new PictureAges();
  ages.mark(5, 1_000_000);
  ages.mark(5, 9_000_000);
  assert.equal(ages.capturedAt(5), 9_000_000);
});

test("percentiles", () => {
  const ages = new PictureAges();
  assert.equal(ages.percentile(0.95), undefined);
  ages.mark(0, 0);
  for (let age = 1; age <= 100; age++) ages.shown(0, age * 10);
  assert.equal(ages.percentile(0.95), 0.96);
  assert.equal(ages.percentile(1), 1);
  assert.equal(ages.latest, 1);
});

test("the clock believes the quickest answer", () => {
  const clock = new ServerClock();
  clock.answered(1000, 6050, 1100);
  assert.equal(clock.toServer(2000), 7000);
  clock.answered(2000, 7900, 3000);
  assert.equal(clock.toServer(2000), 7000);
  clock.answered(3000, 8011, 3002);
  assert.equal(clock.toServer(3000), 8010);
});

test("when a clock was set, or stood still, the newest answer counts, however slow it is", () => {
  const clock = new ServerClock();
  clock.answered(1000, 6005, 1010);
  clock.answered(2000, 67_100, 2200);
  assert.equal(clock.toServer(3000), 68_000);
  clock.answered(3000, 8050, 3100);
  assert.equal(clock.toServer(4000), 9000);
});

test("each stall is reported once, and again where the report was not sent", () => {
  const meter = new Meter();
  assert.equal(meter.report("mse", 0), undefined);
  const chunk = { type: "chunk", epoch: 1, sequence: 1, track: "video", pts: 5, captured: 0, keyframe: true } as const;
  meter.received(chunk, 100, 0);
  meter.shown(1, 5, 0, 0);
  meter.stalls = 2;
  assert.equal(meter.report("mse", 0)?.stalls, 2);
  meter.stalls = 3;
  assert.equal(meter.report("mse", 0)?.stalls, 3);
  meter.reported();
  assert.equal(meter.report("mse", 0)?.stalls, 0);
  assert.equal(meter.stalls, 3);
});

test("a rate is told per second and dies away", () => {
  const rate = new Rate();
  for (let now = 0; now <= 4000; now += 100) rate.add(3, now);
  assert.ok(Math.abs(rate.perSecond(4000) - 30) < 2);
  assert.equal(rate.perSecond(9000), 0);
});

test("stream addresses keep query and origin", () => {
  const base = "https://hub.example/cam";
  assert.equal(streamUrl("/cam?w=320&fps=5", ".mp4", base).href, "https://hub.example/cam.mp4?w=320&fps=5");
  assert.equal(streamUrl("http://other:8080/cam", ".mjpg", base).href, "http://other:8080/cam.mjpg");
  assert.equal(asSocket(streamUrl("/cam", ".mp4", base)).href, "wss://hub.example/cam.mp4");
  assert.equal(apiUrl("/cam?w=320", "wall", base).href, "https://hub.example/api/wall");
  assert.equal(apiUrl("http://other:8080/live/cam", "wall", base).href, "http://other:8080/live/api/wall");
  assert.equal(channelName("/live/cam?w=1", base), "cam");
});
