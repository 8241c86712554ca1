// <tele-vision src="/cam" controls stats>: the element that a page uses.

import { Controls } from "./controls.js";
import { InputEar } from "./input.js";
import type { Note } from "./messages.js";
import { Notice } from "./notice.js";
import { Overlay } from "./overlay.js";
import { Player } from "./player.js";
import type { PlayerHost } from "./player_host.js";
import type { Picture } from "./rung.js";
import { choose } from "./rungs.js";
import { download, snapshot } from "./snapshot.js";
import { pictureSize } from "./stats.js";
import type { PlayerState, Stats } from "./stats.js";
import { StatsPanel } from "./stats_panel.js";
import { channelName } from "./stream_url.js";
import { styles } from "./styles.js";
import { Visibility } from "./visibility.js";

const LOOK_INTERVAL = 500;
const LATENCY_INTERVAL = 1000;
const MINUTE_SECONDS = 60;
const RESTARTING = new Set(["src", "rung", "latency", "patience"]);

export class Television extends HTMLElement {
  static readonly observedAttributes = ["src", "rung", "latency", "patience", "controls", "stats", "muted"];

  private readonly stage = document.createElement("div");
  private readonly pictures = document.createElement("div");
  private readonly notice = new Notice();
  private readonly panel = new StatsPanel();
  private readonly overlay = new Overlay();
  private readonly controls = new Controls({
    toggleMuted: () => (this.muted = !this.muted),
    toggleStats: () => this.toggleAttribute("stats"),
    takeSnapshot: () => void this.saveSnapshot(),
    toggleFullscreen: () => void this.toggleFullscreen(),
  });
  private player: Player | undefined;
  private visibility: Visibility | undefined;
  private visible = false;
  private silent = true;
  private audible = false;
  private timer = 0;
  private latencyAt = 0;
  private note: Note | undefined;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [styles];
    this.stage.className = "stage";
    this.stage.setAttribute("part", "stage");
    this.pictures.className = "pictures";
    this.controls.watch(this.stage);
    const { overlay, notice, panel, controls } = this;
    this.stage.append(this.pictures, overlay.element, notice.element, panel.element, controls.element);
    root.append(this.stage);
    new InputEar(this, this.pictures, {
      picture: () => this.wantedPicture,
      send: (input) => this.player?.input(input),
    });
    this.addEventListener("fullscreenchange", () => this.controls.showFullscreen(this.isFullscreen));
  }

  connectedCallback(): void {
    this.restart();
    this.visibility = new Visibility(this, (visible) => {
      this.visible = visible;
      if (visible) this.player?.start();
      else this.player?.stop();
    });
    this.timer = window.setInterval(() => this.look(), LOOK_INTERVAL);
  }

  disconnectedCallback(): void {
    this.visibility?.close();
    this.visible = false;
    window.clearInterval(this.timer);
    this.notice.close();
    this.endPlayer();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (name === "muted" && before !== after) this.muted = after !== null;
    if (name === "stats" || name === "controls") this.layOut();
    if (RESTARTING.has(name) && before !== after && this.isConnected) this.restart();
  }

  /** The <video> or <canvas> that is showing now. */
  get picture(): Picture | undefined {
    return this.player?.picture;
  }

  get stats(): Stats | undefined {
    return this.player?.stats;
  }

  /** True at first, as browsers demand; turning the sound on takes a gesture of the person. */
  get muted(): boolean {
    return this.silent;
  }

  set muted(muted: boolean) {
    this.silent = muted;
    // At once for what still plays; what follows is opened accordingly.
    for (const video of this.pictures.querySelectorAll("video")) video.muted = true;
    this.player?.mute(muted);
    this.controls.showSound(this.audible, muted);
  }

  /** A PNG of the current picture. */
  snapshot(): Promise<Blob> {
    return snapshot(this.picture);
  }

  private restart(): void {
    this.endPlayer();
    const src = this.getAttribute("src");
    if (!src) return;
    const options = {
      src,
      ...choose(this.getAttribute("rung"), this.getAttribute("latency")),
      patience: this.patience,
      onWall: this.closest("[data-wall]") !== null,
    };
    this.player = new Player(options, this.playerHost());
    this.player.mute(this.silent);
    this.layOut();
    if (this.visible) this.player.start();
  }

  private get patience(): number {
    const seconds = Number(this.getAttribute("patience") ?? MINUTE_SECONDS);
    return 1000 * (seconds > 0 ? seconds : MINUTE_SECONDS);
  }

  private endPlayer(): void {
    this.player?.close();
    this.player = undefined;
    this.pictures.replaceChildren();
    this.showNote(undefined);
    this.stage.classList.remove("flowing");
  }

  private playerHost(): PlayerHost {
    return {
      // Below the old picture, which covers it until it shows something itself.
      pictureAdded: (picture) => this.pictures.prepend(picture),
      pictureRemoved: (picture) => picture.remove(),
      rungChanged: (rung, reason) => this.tell("rungchange", { rung, reason }),
      stateChanged: (...told) => this.showState(...told),
      noted: (note) => this.showNote(note),
      playing: () => this.showFlow(true),
      stalled: () => this.showFlow(false),
      soundFound: (found) => {
        this.audible = found;
        this.controls.showSound(found, this.silent);
      },
      soundBlocked: () => (this.muted = true),
    };
  }

  /** Pictures that come are for looking at, whatever the state: the server may say something in them. */
  private showFlow(flowing: boolean): void {
    this.stage.classList.toggle("flowing", flowing);
    this.tell(flowing ? "playing" : "stalled", {});
  }

  /** The program's own words with its picture; pages may draw them in another way. */
  private showNote(note: Note | undefined): void {
    if (note === this.note) return;
    this.note = note;
    this.overlay.show(note);
    this.tell("note", { data: note?.data, captured: note?.captured });
  }

  /** The picture, where somebody wants to know what is clicked on it. */
  private get wantedPicture(): { element: Element; width: number; height: number } | undefined {
    const { player, picture: element } = this;
    if (!player?.wantsInput || !element) return undefined;
    return { element, ...pictureSize(element) };
  }

  private showState(state: PlayerState, text: string, seconds: number): void {
    const live = state === "live";
    // Keys are typed where the focus is.
    if (this.player?.wantsInput && !this.hasAttribute("tabindex")) this.tabIndex = 0;
    if (state === "paused") this.stage.classList.remove("flowing");
    this.stage.classList.toggle("dimmed", !live && state !== "paused");
    this.notice.update(state, text, seconds);
    this.controls.showLive(live);
    this.tell("statechange", { state, text });
  }

  private layOut(): void {
    this.controls.element.hidden = !this.hasAttribute("controls");
    this.panel.element.hidden = !this.hasAttribute("stats");
    this.controls.showStats(!this.panel.element.hidden);
    this.look();
  }

  /** What changes with every picture is told and shown at a human pace. */
  private look(): void {
    const { stats } = this;
    if (!stats) return;
    this.panel.update(stats);
    if (stats.width > 0) this.stage.style.aspectRatio = `${stats.width} / ${stats.height}`;
    const now = performance.now();
    if (stats.ageSeconds === undefined || now - this.latencyAt < LATENCY_INTERVAL) return;
    this.latencyAt = now;
    if (stats.state === "live") this.tell("latency", { seconds: stats.ageSeconds });
  }

  private async saveSnapshot(): Promise<void> {
    const blob = await this.snapshot().catch(() => undefined);
    if (blob) download(blob, channelName(this.getAttribute("src") ?? "", document.baseURI));
  }

  private get isFullscreen(): boolean {
    return document.fullscreenElement === this;
  }

  private async toggleFullscreen(): Promise<void> {
    if (this.isFullscreen) await document.exitFullscreen();
    else if (document.fullscreenEnabled) await this.requestFullscreen();
    // An iPhone enlarges nothing but a <video>.
    else (this.picture as { webkitEnterFullscreen?: () => void }).webkitEnterFullscreen?.();
  }

  private tell(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
