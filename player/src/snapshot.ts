// The current picture as a file.

import type { Picture } from "./rung.js";
import { pictureSize } from "./stats.js";

/** A PNG of the picture in its own size; rejects when there is none, or another origin forbids it. */
export async function snapshot(picture: Picture | undefined): Promise<Blob> {
  const { width, height } = pictureSize(picture);
  if (!picture || width === 0) throw new DOMException("no picture yet", "InvalidStateError");
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new DOMException("the picture cannot be encoded", "EncodingError"));
    }, "image/png");
  });
}

/** Hands the file to the person: `cam-2026-01-31-12-00-00.png`, in their own time. */
export function download(blob: Blob, channel: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = `${channel}-${localTime(new Date())}.png`;
  link.click();
  // The browser has taken the file over by then.
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function localTime(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace(/[T:]/g, "-");
}
