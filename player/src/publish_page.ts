// The page /cam/publish: preview, buttons, and a line that says what happens.

import { capture, end } from "./capture.js";
import { PublishForm } from "./publish_form.js";
import { Publisher } from "./publish.js";
import type { PublishState } from "./publish.js";
import { Wakefulness } from "./wake.js";

const FIRST_LOOK = 500;
const LOOK_INTERVAL = 2000;
const PATIENCE = 3000;
const READY = "Nothing is sent before you press Start.";

interface Channel {
  state: string;
  text: string;
  viewers: number;
}

class PublishPage {
  private readonly form: PublishForm;
  private readonly preview: HTMLVideoElement;
  private readonly previewButton: HTMLButtonElement;
  private readonly startButton: HTMLButtonElement;
  private readonly wakefulness = new Wakefulness();
  private readonly query = new URLSearchParams(location.search);
  private readonly channel: string;
  private stream: MediaStream | undefined;
  private publisher: Publisher | undefined;
  private shape = "";
  private captures = 0;
  private timer = 0;

  constructor(private readonly root: HTMLElement) {
    this.channel = root.dataset["publish"]!;
    this.form = new PublishForm(root);
    this.preview = this.find("video");
    this.previewButton = this.find("[name=preview]");
    this.startButton = this.find("[name=start]");
  }

  async open(): Promise<void> {
    // The key leaves the address, so that nobody reads it there or passes it on.
    history.replaceState(null, "", location.pathname);
    const obstacle = obstacleFor(this.channel, this.query.get("token"));
    if (obstacle) return this.say(obstacle);
    this.listen();
    this.say(READY);
    await this.fillForm();
  }

  private listen(): void {
    this.startButton.addEventListener("click", () => void this.toggle());
    this.previewButton.addEventListener("click", () => void this.togglePreview());
    this.form.onChange(() => void (this.stream && this.capture()));
    this.preview.addEventListener("resize", () => this.reshaped());
    navigator.mediaDevices.addEventListener("devicechange", () => void this.fillForm());
    addEventListener("pagehide", () => this.close(""));
  }

  private async fillForm(): Promise<void> {
    await this.form.fill(this.stream);
    const { isUsable } = this.form;
    this.startButton.disabled = this.previewButton.disabled = !isUsable;
    if (!isUsable) this.say("This device has no camera that the browser can use.");
  }

  private async toggle(): Promise<void> {
    if (this.publisher) return this.stop("");
    if (!this.stream) await this.capture();
    if (!this.stream || this.publisher) return;
    this.wakefulness.hold(true);
    this.publisher = new Publisher(this.stream, {
      address: (extension) => this.address(extension),
      changed: (state, text) => this.changed(state, text),
    });
    this.showButtons();
  }

  private async togglePreview(): Promise<void> {
    if (this.stream) this.close("");
    else await this.capture();
  }

  /** Opens what is chosen, in place of what was open: phones have one camera at a time. */
  private async capture(): Promise<void> {
    const number = ++this.captures;
    const isWanted = (): boolean => number === this.captures;
    end(this.stream);
    try {
      const stream = await capture(this.form.wish);
      if (!isWanted()) return end(stream);
      this.show(stream);
      await this.fillForm();
    } catch (error) {
      if (isWanted()) this.close((error as Error).message);
    }
  }

  private show(stream: MediaStream): void {
    this.stream = stream;
    this.shape = "";
    this.preview.srcObject = stream;
    const [picture] = stream.getVideoTracks();
    picture?.addEventListener("ended", () => this.stream === stream && this.close("The picture has ended."));
    this.say(this.publisher ? "" : READY);
    this.publisher?.show(stream);
    this.showButtons();
  }

  /** A phone was turned, or a window changed its size: no recorder goes on with that. */
  private reshaped(): void {
    const { videoWidth, videoHeight } = this.preview;
    if (videoWidth === 0 || !this.stream) return;
    const before = this.shape;
    this.shape = `${videoWidth}x${videoHeight}`;
    if (before && before !== this.shape) this.publisher?.show(this.stream);
  }

  private address(extension: string): URL {
    const url = new URL(`../${this.channel}${extension}`, document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.search = this.query.toString();
    return url;
  }

  private changed(state: PublishState, text: string): void {
    window.clearTimeout(this.timer);
    if (state === "refused") return this.stop(text);
    this.badge(state === "waiting" ? "Trying again" : "Connecting", "connecting");
    if (text) this.say(text);
    if (state !== "sending") return;
    // Two who take over from each other again and again would never end.
    this.query.delete("takeover");
    this.timer = window.setTimeout(() => void this.look(), FIRST_LOOK);
  }

  /** Only the server knows whether what is sent is shown, and to how many. */
  private async look(): Promise<void> {
    const timer = this.timer;
    const channel = await this.ask();
    if (timer !== this.timer || !this.publisher?.isSending) return;
    this.timer = window.setTimeout(() => void this.look(), LOOK_INTERVAL);
    if (!channel) return;
    const { state, text, viewers } = channel;
    const live = state === "live";
    this.badge(live ? "Live" : "Connecting", live ? "live" : "connecting");
    this.say(text);
    if (live) this.find("[data-viewers]").textContent = `${viewers} viewer${viewers === 1 ? "" : "s"}`;
  }

  private async ask(): Promise<Channel | undefined> {
    const url = new URL(`../api/channels/${this.channel}`, document.baseURI);
    url.search = new URLSearchParams({ token: this.query.get("token") ?? "" }).toString();
    try {
      const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
      return answer.ok ? ((await answer.json()) as Channel) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Ends the publishing; the preview stays. */
  private stop(text: string): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
    this.publisher?.stop();
    this.publisher = undefined;
    this.wakefulness.hold(false);
    this.badge("Not published", "offline");
    this.say(text);
    this.showButtons();
  }

  /** Ends everything; the camera's light goes out. */
  private close(text: string): void {
    this.captures += 1;
    end(this.stream);
    this.stream = undefined;
    this.preview.srcObject = null;
    this.stop(text);
  }

  private showButtons(): void {
    this.startButton.textContent = this.publisher ? "Stop" : "Start";
    this.previewButton.textContent = this.stream ? "End preview" : "Preview";
    this.previewButton.hidden = this.publisher !== undefined;
  }

  private badge(text: string, state: string): void {
    const badge = this.find("[data-state]");
    badge.textContent = text;
    badge.dataset["state"] = state;
    this.find("[data-viewers]").textContent = "";
  }

  private say(text: string): void {
    const line = this.find("[role=status]");
    // What is written again would be read aloud again.
    if (line.textContent !== text) line.textContent = text;
  }

  private find<T extends HTMLElement>(selector: string): T {
    return this.root.querySelector<T>(selector)!;
  }
}

/** Why nothing can be published here at all; '' where it can. */
function obstacleFor(channel: string, token: string | null): string {
  if (!navigator.mediaDevices)
    return "Browsers open cameras only by HTTPS, or on the server's own machine by http://localhost.";
  if (typeof MediaRecorder === "undefined") return "This browser cannot record video.";
  if (token) return "";
  return `A key is needed: on the server's machine “televise token ${channel}” prints a link to this page that has one.`;
}

void new PublishPage(document.querySelector<HTMLElement>("[data-publish]")!).open();
