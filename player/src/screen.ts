// A canvas that shows decoded pictures as they come.

import type { RungHost } from "./rung.js";

export class Screen {
  readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d", { alpha: false });

  constructor(private readonly host: RungHost) {}

  draw(image: CanvasImageSource, width: number, height: number, pts: number | undefined): void {
    const { canvas } = this;
    // Assigning a size clears the canvas, even if it is the same.
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    this.context?.drawImage(image, 0, 0, width, height);
    shownSoon(this.host, pts);
  }
}

/** A canvas reaches the screen with the next animation frame, not before. */
export function shownSoon(host: RungHost, pts: number | undefined): void {
  requestAnimationFrame(() => host.shown(1, pts, performance.now()));
}
