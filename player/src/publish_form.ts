// What a publisher can choose: picture, sound, and size.

import type { CaptureWish } from "./capture.js";
import { choicesOf } from "./devices.js";
import type { Choice } from "./devices.js";

export class PublishForm {
  private readonly picture: HTMLSelectElement;
  private readonly sound: HTMLSelectElement;
  private readonly size: HTMLSelectElement;

  constructor(root: ParentNode) {
    this.picture = root.querySelector("[name=picture]")!;
    this.sound = root.querySelector("[name=sound]")!;
    this.size = root.querySelector("[name=size]")!;
  }

  onChange(changed: () => void): void {
    for (const select of this.selects) select.addEventListener("change", changed);
  }

  get wish(): CaptureWish {
    const { picture, sound, size } = this;
    return { picture: picture.value, sound: sound.value, height: Number(size.value) };
  }

  /** Whether there is a picture to choose. */
  get isUsable(): boolean {
    return this.picture.length > 0;
  }

  /** What the device has, with names once there is a permission; what is `used` stays chosen. */
  async fill(used: MediaStream | undefined): Promise<void> {
    const { mediaDevices } = navigator;
    const touch = matchMedia("(pointer: coarse)").matches;
    const screen = "getDisplayMedia" in mediaDevices;
    const choices = choicesOf(await mediaDevices.enumerateDevices(), { touch, screen });
    fill(this.picture, choices.pictures, deviceOf(used?.getVideoTracks()));
    fill(this.sound, choices.sounds, deviceOf(used?.getAudioTracks()));
    for (const select of this.selects) select.disabled = !this.isUsable;
  }

  private get selects(): HTMLSelectElement[] {
    return [this.picture, this.sound, this.size];
  }
}

function fill(select: HTMLSelectElement, choices: readonly Choice[], used: string | undefined): void {
  const values = choices.map(({ value }) => value);
  // Before the permission a device has no identifier: then it is known by being used.
  const chosen = [select.value, used].find((value) => value !== undefined && values.includes(value));
  select.replaceChildren(...choices.map(({ value, label }) => new Option(label, value)));
  if (chosen !== undefined) select.value = chosen;
}

function deviceOf(tracks: MediaStreamTrack[] | undefined): string | undefined {
  return tracks?.[0]?.getSettings().deviceId;
}
