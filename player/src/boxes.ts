// MP4 boxes (ISO/IEC 14496-12). Pure: bytes in, bytes out; broken bytes give fewer boxes, never an error.

import { concatenate } from "./bytes.js";

export interface Box {
  type: string;
  /** With its header. */
  bytes: Uint8Array;
}

const HEADER = 8;

export function boxes(bytes: Uint8Array): Box[] {
  const found: Box[] = [];
  for (let offset = 0; offset + HEADER <= bytes.length; ) {
    const size = view(bytes).getUint32(offset);
    // Larger or endless boxes do not occur in what we read; what is broken the browser will tell.
    if (size < HEADER) break;
    found.push({ type: name(bytes, offset + 4), bytes: bytes.subarray(offset, offset + size) });
    offset += size;
  }
  return found;
}

/** The boxes inside; some kinds have fields of their own before them. */
export function children(box: Box, fields = 0): Box[] {
  return boxes(box.bytes.subarray(HEADER + fields));
}

/** The box at the end of a path of types. */
export function find(parent: Box | undefined, ...path: string[]): Box | undefined {
  return path.reduce(
    (box, type) => box && children(box).find((child) => child.type === type),
    parent,
  );
}

export function makeBox(type: string, ...parts: Uint8Array[]): Uint8Array {
  const header = new Uint8Array(HEADER);
  const size = parts.reduce((sum, part) => sum + part.length, HEADER);
  view(header).setUint32(0, size);
  for (let index = 0; index < 4; index++) header[4 + index] = type.charCodeAt(index);
  return concatenate([header, ...parts]);
}

/** The 32 bits at an offset from the box's start; -1 when the box is missing or too short. */
export function word(box: Box | undefined, offset: number): number {
  if (!box || offset + 4 > box.bytes.length) return -1;
  return view(box.bytes).getUint32(offset);
}

/** The four letters at an offset from the start of these bytes. */
export function name(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}

/** The number of a `trak`; version 1 of its `tkhd` has 64-bit times before it. */
export function trackNumber(track: Box): number {
  const header = find(track, "tkhd");
  return word(header, header?.bytes[8] === 1 ? 28 : 20);
}

/** What a `trak` holds: `vide`, `soun`. */
export function trackHandler(track: Box): string {
  const handler = find(track, "mdia", "hdlr");
  return handler ? name(handler.bytes, 16) : "";
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
