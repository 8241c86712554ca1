// Rung `image`: still pictures, one after another, for networks that let nothing endless through.

import type { Rung, RungHost, RungKind } from "./rung.js";
import { Screen } from "./screen.js";

export const image: RungKind = {
  name: "image",
  extension: ".jpg",
  pushed: false,
  audible: false,
  refusal: () => (typeof createImageBitmap === "function" ? "" : "no createImageBitmap"),
  open: (host, url) => new ImageRung(host, url),
};

const INTERVAL = 200;
const RETRY_INTERVAL = 1000;
const ATTEMPTS = 3;

class ImageRung implements Rung {
  readonly picture: HTMLCanvasElement;
  private readonly screen: Screen;
  private readonly abort = new AbortController();
  private timer = 0;
  private attempts = 0;

  constructor(
    private readonly host: RungHost,
    private readonly url: URL,
  ) {
    this.screen = new Screen(host);
    this.picture = this.screen.canvas;
    void this.load();
  }

  init(): void {}

  chunk(): void {}

  close(): void {
    this.abort.abort();
    window.clearTimeout(this.timer);
  }

  private async load(): Promise<void> {
    const begun = performance.now();
    const shown = await this.show().catch(() => false);
    if (this.abort.signal.aborted) return;
    this.attempts = shown ? 0 : this.attempts + 1;
    if (this.attempts === ATTEMPTS) this.host.failed("unreachable", "no picture can be loaded");
    const wait = (shown ? INTERVAL : RETRY_INTERVAL) - (performance.now() - begun);
    this.timer = window.setTimeout(() => void this.load(), Math.max(0, wait));
  }

  private async show(): Promise<boolean> {
    const answer = await fetch(this.url, { cache: "no-store", signal: this.abort.signal });
    if (!answer.ok) return false;
    const bitmap = await createImageBitmap(await answer.blob());
    this.screen.draw(bitmap, bitmap.width, bitmap.height, undefined);
    bitmap.close();
    return true;
  }
}
