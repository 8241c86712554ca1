// Rung `gif`: an endless GIF over HTTP, for what lets no WebSocket through or plays no video.
//
// Of a GIF in an <img> no script can tell whether it still moves. So it is read here, and its images
// are drawn one over the other, as they are meant to be.

import { Attempts } from "./attempts.js";
import { GifSplitter } from "./gif_splitter.js";
import { load } from "./loading.js";
import type { Rung, RungHost, RungKind } from "./rung.js";
import { Screen } from "./screen.js";

export const gif: RungKind = {
  name: "gif",
  extension: ".gif",
  pushed: false,
  audible: false,
  refusal: () => "",
  open: (host, url) => new GifRung(host, atMost(url)),
};

// What the server makes of a GIF at most, see src/televise/web/endless_gif.py.
const MOST_FPS = 40;
const ATTEMPTS = 2;

class GifRung implements Rung {
  readonly picture: HTMLCanvasElement;
  private readonly screen: Screen;
  private readonly abort = new AbortController();
  private retrying = 0;
  private readonly attempts: Attempts;

  constructor(
    private readonly host: RungHost,
    private readonly url: URL,
  ) {
    this.attempts = new Attempts(host, ATTEMPTS, "the GIF cannot be loaded");
    this.screen = new Screen(host);
    this.picture = this.screen.canvas;
    void this.load();
  }

  init(): void {}

  chunk(): void {}

  close(): void {
    this.abort.abort();
    window.clearTimeout(this.retrying);
  }

  /** A live picture that has ended is tried again. */
  private async load(): Promise<void> {
    const error: unknown = await this.show().catch((reason: unknown) => reason);
    if (this.abort.signal.aborted) return;
    this.retrying = window.setTimeout(() => void this.load(), this.attempts.failed(error));
  }

  private async show(): Promise<void> {
    const { body } = await load(this.url, this.abort.signal);
    const splitter = new GifSplitter();
    const reader = body!.getReader();
    try {
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        this.host.loaded(part.value.length);
        for (const image of splitter.add(part.value)) await this.draw(image);
      }
    } finally {
      void reader.cancel().catch(() => undefined);
    }
  }

  /** While this one is decoded nothing is read: so the server sees who is too slow for it. */
  private async draw(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const image = await decoded(new Blob([bytes], { type: "image/gif" }));
    if (this.abort.signal.aborted) return;
    this.attempts.succeeded();
    this.screen.draw(image, image.naturalWidth, image.naturalHeight, undefined);
  }
}

/** `fps` is what is wished for at most: other rungs can have more of it. */
function atMost(url: URL): URL {
  if (Number(url.searchParams.get("fps")) > MOST_FPS) url.searchParams.set("fps", `${MOST_FPS}`);
  return url;
}

/** An <img> needs no `createImageBitmap`, which the other rungs live on. */
async function decoded(blob: Blob): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  try {
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}
