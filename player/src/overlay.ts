// Draws what a program says of its pictures: boxes and words, in the pixels of the source.

import type { Note } from "./messages.js";

const SVG = "http://www.w3.org/2000/svg";
const COLOUR = "#ffd166";
const MOST = 200;

interface Mark {
  x: number;
  y: number;
  width?: number;
  height?: number;
  label?: string;
  color?: string;
}

export class Overlay {
  readonly element = document.createElementNS(SVG, "svg");

  constructor() {
    this.element.classList.add("overlay");
    this.element.setAttribute("preserveAspectRatio", "xMidYMid meet");
    this.element.setAttribute("aria-hidden", "true");
  }

  /** In place of what was drawn before; nothing where there is nothing to draw. */
  show(note: Note | undefined): void {
    const marks = note ? marksOf(note.data) : [];
    if (marks.length === 0) return this.element.replaceChildren();
    const { width, height } = note!;
    this.element.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const size = Math.max(10, height / 32);
    this.element.replaceChildren(...marks.flatMap((mark) => drawn(mark, size)));
  }
}

/** `{"boxes": [{"x", "y", "width", "height", "label", "color"}]}`; a box without a size is words. */
function marksOf(data: unknown): Mark[] {
  const boxes = (data as { boxes?: unknown } | null)?.boxes;
  if (!Array.isArray(boxes)) return [];
  return boxes.slice(0, MOST).filter(isMark);
}

function isMark(value: unknown): value is Mark {
  const { x, y } = (value ?? {}) as Partial<Mark>;
  return Number.isFinite(x) && Number.isFinite(y);
}

function drawn({ x, y, width, height, label, color }: Mark, size: number): SVGElement[] {
  const stroke = typeof color === "string" && /^[#a-z0-9]{3,20}$/i.test(color) ? color : COLOUR;
  const elements: SVGElement[] = [];
  if (Number.isFinite(width) && Number.isFinite(height)) {
    const box = { x, y, width: Math.max(0, width!), height: Math.max(0, height!) };
    elements.push(make("rect", { ...box, fill: "none", stroke, "stroke-width": size / 8 }));
  }
  if (typeof label === "string") {
    const place = { x, y: Math.max(size, y - size / 4), "font-size": size, fill: stroke };
    const text = make("text", place);
    text.textContent = label.slice(0, 200);
    elements.push(text);
  }
  return elements;
}

function make(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, `${value}`);
  return element;
}
