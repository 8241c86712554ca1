// Keeps the screen of a phone on: when it goes off, the camera does too.

export class Wakefulness {
  private wanted = false;
  private lock: WakeLockSentinel | undefined;

  constructor() {
    // The browser lets go of it whenever the page is hidden.
    document.addEventListener("visibilitychange", () => void this.apply());
  }

  hold(wanted: boolean): void {
    this.wanted = wanted;
    void this.apply();
  }

  private async apply(): Promise<void> {
    const hold = this.wanted && document.visibilityState === "visible";
    if (hold && (!this.lock || this.lock.released)) {
      // Not there, or the battery is low.
      this.lock = await navigator.wakeLock?.request("screen").catch(() => undefined);
    }
    if (!this.wanted) await this.lock?.release();
  }
}
