// Rung `gif`: an endless GIF in an <img>, for what lets no WebSocket through or plays no video.
//
// An image tells neither its pictures nor their age. What can be known: its size says that it began,
// `load` and `error` that it ended, and the server whether the channel is live.

import type { Rung, RungHost, RungKind } from "./rung.js";

export const gif: RungKind = {
  name: "gif",
  extension: ".gif",
  pushed: false,
  audible: false,
  refusal: () => "",
  open: (host, url) => new GifRung(host, url),
};

const LOOK_MILLISECONDS = 200;
const RETRY_MILLISECONDS = 1000;
const ATTEMPTS = 2;

class GifRung implements Rung {
  readonly picture = document.createElement("img");
  private readonly looking: number;
  private retrying = 0;
  private attempts = 0;
  private closed = false;

  constructor(
    private readonly host: RungHost,
    private readonly url: URL,
  ) {
    this.picture.alt = "";
    this.picture.addEventListener("load", () => this.ended());
    this.picture.addEventListener("error", () => this.ended());
    this.looking = window.setInterval(() => this.look(), LOOK_MILLISECONDS);
    this.load();
  }

  init(): void {}

  chunk(): void {}

  close(): void {
    this.closed = true;
    window.clearInterval(this.looking);
    window.clearTimeout(this.retrying);
    // Otherwise the browser keeps the endless response open after the element is gone.
    this.picture.removeAttribute("src");
  }

  private load(): void {
    const url = new URL(this.url);
    // The same address again would show the old pictures from the browser's memory.
    url.searchParams.set("again", `${Date.now()}`);
    this.picture.src = url.href;
  }

  private look(): void {
    if (this.picture.naturalWidth === 0) return;
    this.attempts = 0;
    this.host.shown(0, undefined, performance.now());
  }

  /** A live picture that is complete is over. */
  private ended(): void {
    if (this.closed) return;
    this.picture.removeAttribute("src");
    this.attempts += 1;
    if (this.attempts === ATTEMPTS) this.host.failed("unreachable", "the image cannot be loaded");
    else this.retrying = window.setTimeout(() => this.load(), RETRY_MILLISECONDS);
  }
}
