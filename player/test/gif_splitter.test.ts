import assert from "node:assert/strict";
import { test } from "node:test";

import { GifSplitter } from "../src/gif_splitter.js";

const SCREEN = [..."GIF89a"].map((letter) => letter.charCodeAt(0)).concat([2, 0, 2, 0, 0, 0, 0]);
const COLOURS = [0, 0, 0, 255, 255, 255];
const LOOP = [0x21, 0xff, 3, 1, 2, 3, 2, 4, 5, 0];
const CONTROL = [0x21, 0xf9, 4, 5, 2, 0, 0, 0];
// With colours of its own, and LZW in two blocks.
const FIRST = [...LOOP, ...CONTROL, 0x2c, 0, 0, 0, 0, 2, 0, 2, 0, 0x80, ...COLOURS, 8, 2, 7, 8, 1, 9, 0];
const SECOND = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 8, 1, 7, 0];

function split(stream: number[], size: number): number[][] {
  const splitter = new GifSplitter();
  const images: number[][] = [];
  for (let offset = 0; offset < stream.length; offset += size) {
    const part = Uint8Array.from(stream.slice(offset, offset + size));
    for (const image of splitter.add(part)) images.push([...image]);
  }
  return images;
}

test("each image is a GIF of its own, however its bytes arrive", () => {
  const stream = [...SCREEN, ...FIRST, ...SECOND, ...FIRST, ...CONTROL];
  const images = [FIRST, SECOND, FIRST].map((image) => [...SCREEN, ...image, 0x3b]);
  for (let size = 1; size <= stream.length; size++) assert.deepEqual(split(stream, size), images);
});

test("colours for all images go with each", () => {
  const screen = [...SCREEN.slice(0, 10), 0x80, 0, 0, ...COLOURS];
  assert.deepEqual(split([...screen, ...SECOND], 5), [[...screen, ...SECOND, 0x3b]]);
});

test("what is no GIF is refused, and so is the end of one", () => {
  assert.throws(() => split([...SCREEN].reverse(), 13), TypeError);
  assert.throws(() => split([...SCREEN, ...SECOND, 0x3b], 100), TypeError);
});
