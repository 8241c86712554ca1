// Rung `mjpeg`: each message is one JPEG, drawn to a canvas. The newest wins.

import type { Chunk } from "./messages.js";
import type { Rung, RungHost, RungKind } from "./rung.js";

export const mjpeg: RungKind = {
  name: "mjpeg",
  extension: ".mjpg",
  pushed: true,
  audible: false,
  refusal: () => (typeof createImageBitmap === "function" ? "" : "no createImageBitmap"),
  open: (host) => new MjpegRung(host),
};

const BROKEN_IN_A_ROW = 10;

interface Waiting {
  chunk: Chunk;
  data: ArrayBuffer;
}

class MjpegRung implements Rung {
  readonly picture = document.createElement("canvas");
  private readonly context = this.picture.getContext("2d", { alpha: false });
  private mime = "image/jpeg";
  private newest: Waiting | undefined;
  private decoding = false;
  private closed = false;
  private broken = 0;

  constructor(private readonly host: RungHost) {}

  init(mime: string): void {
    this.mime = mime;
  }

  chunk(chunk: Chunk, data: ArrayBuffer): void {
    this.newest = { chunk, data };
    if (!this.decoding) void this.decodeNewest();
  }

  close(): void {
    this.closed = true;
    this.newest = undefined;
  }

  /** One decode at a time; what comes in meanwhile replaces what waits. */
  private async decodeNewest(): Promise<void> {
    this.decoding = true;
    while (this.newest && !this.closed) {
      const { chunk, data } = this.newest;
      this.newest = undefined;
      await this.decode(chunk, data);
    }
    this.decoding = false;
  }

  private async decode(chunk: Chunk, data: ArrayBuffer): Promise<void> {
    try {
      const bitmap = await createImageBitmap(new Blob([data], { type: this.mime }));
      if (!this.closed) this.draw(bitmap, chunk);
      bitmap.close();
      this.broken = 0;
    } catch {
      this.broken += 1;
      if (this.broken === BROKEN_IN_A_ROW) this.host.failed("broken", "pictures cannot be decoded");
    }
  }

  private draw(bitmap: ImageBitmap, chunk: Chunk): void {
    const { picture } = this;
    if (picture.width !== bitmap.width) picture.width = bitmap.width;
    if (picture.height !== bitmap.height) picture.height = bitmap.height;
    this.context?.drawImage(bitmap, 0, 0);
    // The canvas reaches the screen with the next animation frame, not before.
    requestAnimationFrame(() => this.host.shown(1, chunk.pts, performance.now()));
  }
}
