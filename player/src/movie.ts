// What a decoder needs from MP4: each track's configuration, and the sample in a fragment. Pure.

import { boxes, children, find, trackHandler, word } from "./boxes.js";
import type { Box } from "./boxes.js";
import { isSoundCodec } from "./silence.js";

export interface Movie {
  /** The record `avcC` of the video track. */
  picture: Uint8Array | undefined;
  /** The AudioSpecificConfig of the audio track. */
  sound: { config: Uint8Array; sampleRate: number; channels: number } | undefined;
}

const SAMPLE_DESCRIPTION_FIELDS = 8;
const VIDEO_ENTRY_FIELDS = 78;
const AUDIO_ENTRY_FIELDS = 28;
const DECODER_SPECIFIC_INFO = 5;
const DESCRIPTOR_FIELDS = new Map([
  [3, 3], // ES_Descriptor: its number and flags, which we write as 0
  [4, 13], // DecoderConfigDescriptor
]);

export function readMovie(segment: ArrayBuffer): Movie {
  const movie = boxes(new Uint8Array(segment)).find((box) => box.type === "moov");
  const tracks = movie ? children(movie).filter((box) => box.type === "trak") : [];
  const entry = (handler: string): Box | undefined => {
    const table = find(tracks.find((track) => trackHandler(track) === handler), ...TABLE);
    return table && children(table, SAMPLE_DESCRIPTION_FIELDS)[0];
  };
  return { picture: readPicture(entry("vide")), sound: readSound(entry("soun")) };
}

const TABLE = ["mdia", "minf", "stbl", "stsd"];

/** The codecs of a mime type, for one kind of track. */
export function codecOf(mime: string, sound: boolean): string {
  const codecs = /codecs="([^"]*)"/.exec(mime)?.[1] ?? "";
  const all = codecs.split(",").map((codec) => codec.trim());
  return all.find((codec) => isSoundCodec(codec) === sound) ?? "";
}

/** The one sample of a fragment: the whole content of its `mdat`. */
export function readSample(fragment: ArrayBuffer): Uint8Array | undefined {
  const data = boxes(new Uint8Array(fragment)).find((box) => box.type === "mdat");
  return data?.bytes.subarray(8);
}

function readPicture(entry: Box | undefined): Uint8Array | undefined {
  const record =
    entry && children(entry, VIDEO_ENTRY_FIELDS).find((box) => box.type === "avcC");
  return record?.bytes.subarray(8);
}

function readSound(entry: Box | undefined): Movie["sound"] {
  const descriptor =
    entry && children(entry, AUDIO_ENTRY_FIELDS).find((box) => box.type === "esds");
  const config = descriptor && specificInfo(descriptor.bytes.subarray(12));
  if (!config) return undefined;
  return { config, channels: word(entry, 24) >>> 16, sampleRate: word(entry, 32) >>> 16 };
}

/** Walks the descriptors of ISO/IEC 14496-1 7.2.6 down to the innermost. */
function specificInfo(bytes: Uint8Array): Uint8Array | undefined {
  let offset = 0;
  while (offset < bytes.length) {
    const tag = bytes[offset++]!;
    let size = 0;
    let byte;
    do {
      byte = bytes[offset++] ?? 0;
      size = size * 128 + (byte & 0x7f);
    } while (byte & 0x80);
    if (tag === DECODER_SPECIFIC_INFO) return bytes.subarray(offset, offset + size);
    offset += DESCRIPTOR_FIELDS.get(tag) ?? size;
  }
  return undefined;
}
