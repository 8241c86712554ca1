// The bar of buttons below the picture.

import { icon } from "./icons.js";
import type { IconName } from "./icons.js";

export interface ControlsHost {
  toggleMuted(): void;
  toggleStats(): void;
  takeSnapshot(): void;
  toggleFullscreen(): void;
}

const IDLE_AFTER = 2500;

export class Controls {
  readonly element = document.createElement("div");
  private readonly sound: HTMLButtonElement;
  private readonly stats: HTMLButtonElement;
  private readonly fullscreen: HTMLButtonElement;
  private readonly live = document.createElement("span");
  private timer = 0;

  constructor(host: ControlsHost) {
    this.element.className = "controls";
    this.element.setAttribute("role", "toolbar");
    this.element.setAttribute("aria-label", "Player");
    this.live.className = "live";
    this.sound = button("muted", "Turn sound on", () => host.toggleMuted());
    this.sound.hidden = true;
    this.stats = button("stats", "Show numbers", () => host.toggleStats());
    const camera = button("snapshot", "Save this picture", () => host.takeSnapshot());
    this.fullscreen = button("enlarge", "Full screen", () => host.toggleFullscreen());
    this.element.append(this.live, this.sound, this.stats, camera, this.fullscreen);
  }

  /** Hides the bar when the pointer has rested for a while. */
  watch(stage: HTMLElement): void {
    stage.addEventListener("pointermove", () => {
      stage.classList.remove("idle");
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => stage.classList.add("idle"), IDLE_AFTER);
    });
  }

  showLive(live: boolean): void {
    this.live.textContent = live ? "Live" : "";
  }

  showSound(found: boolean, muted: boolean): void {
    this.sound.hidden = !found;
    change(this.sound, muted ? "muted" : "sound", muted ? "Turn sound on" : "Turn sound off");
  }

  showStats(shown: boolean): void {
    this.stats.setAttribute("aria-pressed", String(shown));
    change(this.stats, "stats", shown ? "Hide numbers" : "Show numbers");
  }

  showFullscreen(full: boolean): void {
    change(this.fullscreen, full ? "reduce" : "enlarge", full ? "Leave full screen" : "Full screen");
  }
}

function button(name: IconName, label: string, pressed: () => void): HTMLButtonElement {
  const element = document.createElement("button");
  element.type = "button";
  element.addEventListener("click", pressed);
  change(element, name, label);
  return element;
}

function change(element: HTMLButtonElement, name: IconName, label: string): void {
  element.setAttribute("aria-label", label);
  element.title = label;
  element.replaceChildren(icon(name));
}
