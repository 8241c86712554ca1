// Rung `image`: plain MJPEG over HTTP in an <img>, for networks that let no WebSocket through.

import type { Rung, RungHost, RungKind } from "./rung.js";

export const image: RungKind = {
  name: "image",
  extension: ".mjpg",
  pushed: false,
  audible: false,
  refusal: () => "",
  open: (host, url) => new ImageRung(host, url),
};

const LOOK_MILLISECONDS = 200;

class ImageRung implements Rung {
  readonly picture = document.createElement("img");
  private readonly timer: number;
  private closed = false;

  constructor(host: RungHost, url: URL) {
    this.picture.alt = "";
    this.picture.addEventListener("error", () => {
      if (!this.closed) host.failed("unreachable", "the stream cannot be reached");
    });
    this.picture.src = url.href;
    // Browsers tell nothing about the parts of a multipart image: its size is the only sign of life.
    this.timer = window.setInterval(() => {
      if (this.picture.naturalWidth > 0) host.shown(0, undefined, performance.now());
    }, LOOK_MILLISECONDS);
  }

  init(): void {}

  chunk(): void {}

  close(): void {
    this.closed = true;
    window.clearInterval(this.timer);
    // Otherwise the browser keeps the endless response open after the element is gone.
    this.picture.removeAttribute("src");
  }
}
