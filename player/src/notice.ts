// The calm words over the picture when it is not live: what is wrong, and for how long.

import type { PlayerState } from "./stats.js";

const TITLES: Record<PlayerState, string> = {
  connecting: "Connecting",
  live: "",
  stalled: "No new picture",
  offline: "Offline",
  reconnecting: "Reconnecting",
  paused: "",
};

// A hiccup that is over at once is not worth a word.
const PATIENCE = 800;

export class Notice {
  readonly element = document.createElement("div");
  private readonly title = document.createElement("strong");
  private readonly detail = document.createElement("span");
  private readonly duration = document.createElement("span");
  private state: PlayerState = "paused";
  private since = 0;
  private timer = 0;

  constructor() {
    this.element.className = "notice";
    this.element.hidden = true;
    this.title.setAttribute("role", "status");
    // The ticking seconds are for the eye; read aloud they would never end.
    this.duration.setAttribute("aria-hidden", "true");
    this.element.append(this.title, this.detail, this.duration);
  }

  /** It has been so for as many `seconds` already. */
  update(state: PlayerState, text: string, seconds: number): void {
    if (state !== this.state) this.since = performance.now() - seconds * 1000;
    this.state = state;
    this.detail.textContent = text;
    window.clearInterval(this.timer);
    if (TITLES[state] && !this.element.hidden) this.show();
    if (TITLES[state]) this.timer = window.setInterval(() => this.show(), PATIENCE);
    else this.hide();
  }

  close(): void {
    window.clearInterval(this.timer);
  }

  private show(): void {
    const seconds = Math.floor((performance.now() - this.since) / 1000);
    if (this.title.textContent !== TITLES[this.state]) this.title.textContent = TITLES[this.state];
    this.duration.textContent = seconds < 3 ? "" : `for ${spoken(seconds)}`;
    this.element.hidden = false;
  }

  private hide(): void {
    this.element.hidden = true;
    this.title.textContent = "";
  }
}

function spoken(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
