// Rung `image`: still pictures, one after another, for networks that let nothing endless through.

import { Attempts } from "./attempts.js";
import { load } from "./loading.js";
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
const ATTEMPTS = 3;

class ImageRung implements Rung {
  readonly picture: HTMLCanvasElement;
  private readonly screen: Screen;
  private readonly abort = new AbortController();
  private timer = 0;
  private readonly attempts: Attempts;

  constructor(
    private readonly host: RungHost,
    private readonly url: URL,
  ) {
    this.attempts = new Attempts(host, ATTEMPTS, "no picture can be loaded");
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
    const error: unknown = await this.show().catch((reason: unknown) => reason);
    if (this.abort.signal.aborted) return;
    const wait = error === undefined ? INTERVAL : this.attempts.failed(error);
    const passed = performance.now() - begun;
    this.timer = window.setTimeout(() => void this.load(), Math.max(0, wait - passed));
  }

  private async show(): Promise<void> {
    const answer = await load(this.url, this.abort.signal);
    const picture = await answer.blob();
    this.host.loaded(picture.size);
    const bitmap = await createImageBitmap(picture);
    this.screen.draw(bitmap, bitmap.width, bitmap.height, undefined);
    bitmap.close();
    this.attempts.succeeded();
  }
}
