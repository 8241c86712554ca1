// Takes the sound out of an MP4 init segment. Pure: bytes in, bytes out.
//
// Browsers want far more media in hand before they play sound (Chromium 0.2 s) than before they
// show a picture. While the player is muted the sound is therefore not given to the browser at all.

import { concatenate } from "./bytes.js";

const CONTAINERS = new Set(["moov", "mvex"]);

interface Box {
  type: string;
  /** With its header. */
  bytes: Uint8Array;
}

/** The same init segment, video tracks only. */
export function withoutSound(segment: ArrayBuffer): ArrayBuffer {
  const file = new Uint8Array(segment);
  const silent = soundTracks(file);
  return concatenate(boxes(file).map((box) => strip(box, silent))).buffer;
}

/** `video/mp4; codecs="avc1.42c01f,mp4a.40.2"` without its second codec. */
export function silentMime(mime: string): string {
  return mime.replace(/codecs="([^"]*)"/, (_, codecs: string) => {
    const video = codecs.split(",").filter((codec) => !isSoundCodec(codec.trim()));
    return `codecs="${video.join(",")}"`;
  });
}

/** Whether there is sound beside pictures. */
export function hasSound(mime: string): boolean {
  return silentMime(mime) !== mime;
}

function isSoundCodec(codec: string): boolean {
  return /^(mp4a|opus|mp3|ac-3|ec-3|flac)/i.test(codec);
}

function soundTracks(file: Uint8Array): Set<number> {
  const movie = boxes(file).filter((box) => box.type === "moov");
  const tracks = movie.flatMap((box) => children(box)).filter((box) => box.type === "trak");
  return new Set(tracks.filter(isSound).map((track) => word(find(track, "tkhd"), trackOffset(track))));
}

function isSound(track: Box): boolean {
  const handler = find(find(track, "mdia"), "hdlr");
  return handler !== undefined && name(handler.bytes, 16) === "soun";
}

/** Version 1 of `tkhd` has 64-bit times before the track's number. */
function trackOffset(track: Box): number {
  return find(track, "tkhd")?.bytes[8] === 1 ? 28 : 20;
}

function strip(box: Box, silent: Set<number>): Uint8Array {
  if (!CONTAINERS.has(box.type)) return box.bytes;
  const kept = children(box).filter((child) => !belongsTo(child, silent));
  return wrapped(box.type, concatenate(kept.map((child) => strip(child, silent))));
}

function belongsTo(box: Box, silent: Set<number>): boolean {
  if (box.type === "trex") return silent.has(word(box, 12));
  return box.type === "trak" && silent.has(word(find(box, "tkhd"), trackOffset(box)));
}

function children(box: Box): Box[] {
  return boxes(box.bytes.subarray(8));
}

function find(parent: Box | undefined, type: string): Box | undefined {
  return parent && children(parent).find((box) => box.type === type);
}

function boxes(bytes: Uint8Array): Box[] {
  const found: Box[] = [];
  for (let offset = 0; offset + 8 <= bytes.length; ) {
    const size = view(bytes).getUint32(offset);
    // Larger or endless boxes do not occur in an init segment; what is broken the browser will tell.
    if (size < 8) break;
    found.push({ type: name(bytes, offset + 4), bytes: bytes.subarray(offset, offset + size) });
    offset += size;
  }
  return found;
}

function wrapped(type: string, content: Uint8Array): Uint8Array {
  const box = new Uint8Array(content.length + 8);
  view(box).setUint32(0, box.length);
  for (let index = 0; index < 4; index++) box[4 + index] = type.charCodeAt(index);
  box.set(content, 8);
  return box;
}

function word(box: Box | undefined, offset: number): number {
  return box ? view(box.bytes).getUint32(offset) : -1;
}

function name(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
