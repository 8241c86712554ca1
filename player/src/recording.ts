// In which form a browser records.

export interface RecordingFormat {
  mime: string;
  /** The channel's URL plus this is where it is published. */
  extension: string;
}

// H.264 first: the server passes it on as it is. Of containers Matroska, whose every picture can
// be sent at once; Safari has MP4 only, and its AAC passes on too.
const FORMATS = [
  { container: "video/x-matroska", video: "avc1", audio: "opus", extension: ".webm" },
  { container: "video/webm", video: "h264", audio: "opus", extension: ".webm" },
  { container: "video/mp4", video: "avc1.42E01E", audio: "mp4a.40.2", extension: ".mp4" },
  { container: "video/webm", video: "vp8", audio: "opus", extension: ".webm" },
  { container: "video/webm", video: "vp9", audio: "opus", extension: ".webm" },
];
const BITS_PER_PIXEL = 2.7;
const FEWEST_BITS = 300_000;
const MOST_BITS = 8_000_000;

/** The best that the browser can; undefined where it can record nothing that is of use. */
export function formatFor(
  hasSound: boolean,
  isSupported: (mime: string) => boolean,
): RecordingFormat | undefined {
  for (const { container, video, audio, extension } of FORMATS) {
    const mime = `${container};codecs=${hasSound ? `${video},${audio}` : video}`;
    if (isSupported(mime)) return { mime, extension };
  }
  return undefined;
}

/** Bits per second for pictures of this size, 30 a second: 2.5 million for 1280x720. */
export function bitsFor(width: number, height: number): number {
  return Math.round(Math.min(MOST_BITS, Math.max(FEWEST_BITS, width * height * BITS_PER_PIXEL)));
}
