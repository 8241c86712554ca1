// Takes the sound out of an MP4 init segment. Pure: bytes in, bytes out.
//
// Browsers want far more media in hand before they play sound (Chromium 0.2 s) than before they
// show a picture. While the player is muted the sound is therefore not given to the browser at all.

import { boxes, children, makeBox, trackHandler, trackNumber, word } from "./boxes.js";
import type { Box } from "./boxes.js";
import { concatenate } from "./bytes.js";

const CONTAINERS = new Set(["moov", "mvex"]);

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

export function isSoundCodec(codec: string): boolean {
  return /^(mp4a|opus|mp3|ac-3|ec-3|flac)/i.test(codec);
}

function soundTracks(file: Uint8Array): Set<number> {
  const movie = boxes(file).filter((box) => box.type === "moov");
  const tracks = movie.flatMap((box) => children(box)).filter((box) => box.type === "trak");
  return new Set(tracks.filter((track) => trackHandler(track) === "soun").map(trackNumber));
}

function strip(box: Box, silent: Set<number>): Uint8Array {
  if (!CONTAINERS.has(box.type)) return box.bytes;
  const kept = children(box).filter((child) => !belongsTo(child, silent));
  return makeBox(box.type, ...kept.map((child) => strip(child, silent)));
}

function belongsTo(box: Box, silent: Set<number>): boolean {
  if (box.type === "trex") return silent.has(word(box, 12));
  return box.type === "trak" && silent.has(trackNumber(box));
}
