import assert from "node:assert/strict";
import { test } from "node:test";

import { placeIn } from "../src/input.js";
import type { Note } from "../src/messages.js";
import { Notes } from "../src/notes.js";

function note(captured: number, data: unknown = captured): Note {
  return { type: "note", captured, width: 640, height: 480, data };
}

/** An element of this size that shows a picture of another one. */
function shown(width: number, height: number, picture: { width: number; height: number }) {
  const box = { left: 100, top: 50, width, height };
  const element = { getBoundingClientRect: () => box } as unknown as Element;
  return { element, ...picture };
}

const WIDE = { width: 640, height: 360 };

test("a note is found by when its picture was captured, however that was rounded", () => {
  const notes = new Notes();
  for (const captured of [1000, 1040, 1080]) notes.add(note(captured));
  assert.equal(notes.at(1040)?.data, 1040);
  assert.equal(notes.at(1042.9)?.data, 1040);
  assert.equal(notes.at(1037.1)?.data, 1040);
});

test("a picture without a note has not its neighbour's", () => {
  const notes = new Notes();
  for (const captured of [1000, 1080]) notes.add(note(captured));
  assert.equal(notes.at(1040), undefined);
  assert.equal(new Notes().at(1000), undefined);
});

test("of notes that are both near the nearer one counts", () => {
  const notes = new Notes();
  for (const captured of [1000, 1002, 1004]) notes.add(note(captured));
  assert.equal(notes.at(1002.4)?.data, 1002);
  assert.equal(notes.at(1003.6)?.data, 1004);
});

test("so many notes are kept and no more", () => {
  const notes = new Notes();
  for (let captured = 0; captured <= 3000; captured += 10) notes.add(note(captured));
  assert.equal(notes.at(0), undefined);
  assert.equal(notes.at(10)?.data, 10);
  assert.equal(notes.at(3000)?.data, 3000);
});

test("a place in a picture that fills its element", () => {
  const picture = shown(320, 180, WIDE);
  assert.deepEqual(placeIn(picture, 100, 50), { x: 0, y: 0 });
  assert.deepEqual(placeIn(picture, 260, 140), { x: 0.5, y: 0.5 });
  assert.deepEqual(placeIn(picture, 420, 230), { x: 1, y: 1 });
});

test("bars above and below, or left and right, are no part of the picture", () => {
  const below = shown(320, 380, WIDE);
  assert.equal(placeIn(below, 260, 50 + 99), undefined);
  assert.deepEqual(placeIn(below, 260, 50 + 100), { x: 0.5, y: 0 });
  assert.deepEqual(placeIn(below, 260, 50 + 280), { x: 0.5, y: 1 });
  const beside = shown(520, 180, WIDE);
  assert.equal(placeIn(beside, 100 + 99, 140), undefined);
  assert.deepEqual(placeIn(beside, 100 + 180, 140), { x: 0.25, y: 0.5 });
});

test("where there is no picture yet there is no place in it", () => {
  assert.equal(placeIn(shown(320, 180, { width: 0, height: 0 }), 260, 140), undefined);
  assert.equal(placeIn(shown(0, 0, WIDE), 100, 50), undefined);
});
