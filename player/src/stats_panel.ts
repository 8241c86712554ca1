// The numbers over the picture.

import type { Stats } from "./stats.js";

export class StatsPanel {
  readonly element = document.createElement("dl");

  constructor() {
    this.element.className = "stats";
    this.element.hidden = true;
  }

  update(stats: Stats): void {
    if (this.element.hidden) return;
    this.element.replaceChildren(
      ...rows(stats).flatMap(([name, value]) => [cell("dt", name), cell("dd", value)]),
    );
  }
}

function rows(stats: Stats): [string, string][] {
  return [
    ["Picture age", `${milliseconds(stats.ageSeconds)} (95 %: ${milliseconds(stats.ageP95Seconds)})`],
    ["Rate", `${stats.fps.toFixed(1)} pictures/s`],
    ["Size", `${stats.width} × ${stats.height}`],
    ["Data", `${(stats.bytesPerSecond / 1000).toFixed(0)} kB/s`],
    ["Skipped", `${stats.skipped}`],
    ["Stalls", `${stats.stalls}`],
    ["Reconnects", `${stats.reconnects}`],
    ["Way", `${stats.rung} (${stats.reason})`],
  ];
}

function milliseconds(seconds: number | undefined): string {
  return seconds === undefined ? "–" : `${(seconds * 1000).toFixed(0)} ms`;
}

function cell(tag: "dt" | "dd", text: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
