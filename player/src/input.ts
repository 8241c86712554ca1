// What a person clicks and types on the picture, for channels whose program wants to know.

import type { Input } from "./messages.js";

// The server hears ten messages a second; the clock and reports want some of them.
const PER_SECOND = 6;

export interface InputHost {
  /** The picture on screen, and its size in its own pixels. */
  picture(): { element: Element; width: number; height: number } | undefined;
  send(input: Input): void;
}

export class InputEar {
  private sent: number[] = [];

  constructor(
    element: HTMLElement,
    stage: HTMLElement,
    private readonly host: InputHost,
  ) {
    stage.addEventListener("pointerdown", (event) => this.pointed(event));
    // The right button is the program's.
    stage.addEventListener("contextmenu", (event) => this.host.picture() && event.preventDefault());
    element.addEventListener("keydown", (event) => this.typed(event));
  }

  private pointed(event: PointerEvent): void {
    const picture = this.host.picture();
    if (!picture) return;
    const place = placeIn(picture, event.clientX, event.clientY);
    if (place) this.send({ type: "pointer", ...place, button: event.button });
  }

  private typed(event: KeyboardEvent): void {
    const { key, ctrlKey, metaKey, altKey, repeat } = event;
    // The keys that move between elements belong to the page.
    if (repeat || ctrlKey || metaKey || altKey || key === "Tab" || key.length > 32) return;
    if (!this.host.picture()) return;
    this.send({ type: "key", key });
    if (key === " " || key.startsWith("Arrow")) event.preventDefault();
  }

  private send(input: Input): void {
    const now = performance.now();
    this.sent = this.sent.filter((at) => now - at < 1000);
    if (this.sent.length >= PER_SECOND) return;
    this.sent.push(now);
    this.host.send(input);
  }
}

/** From 0 to 1 of the picture, which lies in the middle of its element; none beside it. */
export function placeIn(
  { element, width, height }: { element: Element; width: number; height: number },
  clientX: number,
  clientY: number,
): { x: number; y: number } | undefined {
  const box = element.getBoundingClientRect();
  const scale = Math.min(box.width / width, box.height / height);
  if (!(scale > 0)) return undefined;
  const x = (clientX - box.left - (box.width - width * scale) / 2) / (width * scale);
  const y = (clientY - box.top - (box.height - height * scale) / 2) / (height * scale);
  return x >= 0 && x <= 1 && y >= 0 && y <= 1 ? { x, y } : undefined;
}
