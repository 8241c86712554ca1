// Takes an endless GIF apart: each of its images becomes a GIF of its own. Pure: bytes in, bytes out.

import { concatenate } from "./bytes.js";

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;
const SCREEN_BYTES = 13;
const IMAGE_BYTES = 10;

/** Sections are those of the GIF89a specification. */
export class GifSplitter {
  private waiting = new Uint8Array();
  private screen: Uint8Array | undefined;

  /** The images that these bytes complete; throws where they are no GIF. */
  add(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
    this.waiting = concatenate([this.waiting, bytes]);
    const images = [];
    for (let image = this.next(); image; image = this.next()) images.push(image);
    return images;
  }

  private next(): Uint8Array<ArrayBuffer> | undefined {
    this.screen ??= this.take(endOfScreen(this.waiting));
    const image = this.screen && this.take(endOfImage(this.waiting));
    return image && concatenate([this.screen!, image, Uint8Array.of(TRAILER)]);
  }

  private take(end: number): Uint8Array | undefined {
    if (end > this.waiting.length) return undefined;
    const taken = this.waiting.subarray(0, end);
    this.waiting = this.waiting.subarray(end);
    return taken;
  }
}

/** Of the header and the logical screen (sections 17 to 19); infinite where not all of it is there. */
function endOfScreen(data: Uint8Array): number {
  if (data.length < SCREEN_BYTES) return Infinity;
  if (String.fromCharCode(...data.subarray(0, 3)) !== "GIF") throw new TypeError("this is no GIF");
  return SCREEN_BYTES + tableBytes(data[10]!);
}

/** Of the next image with the extensions before it (sections 20 to 26). */
function endOfImage(data: Uint8Array): number {
  let at = 0;
  while (data[at] === EXTENSION) at = endOfBlocks(data, at + 2);
  if (at >= data.length) return Infinity;
  if (data[at] !== IMAGE) throw new TypeError("the GIF is broken, or has ended");
  // Behind the colour table stands the size of the first codes.
  return endOfBlocks(data, at + IMAGE_BYTES + tableBytes(data[at + IMAGE_BYTES - 1] ?? 0) + 1);
}

/** Of sub-blocks, each with its length before it, and an empty one at the end (section 15). */
function endOfBlocks(data: Uint8Array, start: number): number {
  let at = start;
  while (data[at]) at += 1 + data[at]!;
  return at < data.length ? at + 1 : Infinity;
}

function tableBytes(packed: number): number {
  return packed & 0x80 ? 6 << (packed & 7) : 0;
}
