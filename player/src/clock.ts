// How far the server's clock is ahead of ours. No DOM, no timers: the caller brings the time.

/** Keeps the offset of the quickest answer, because that one leaves the least room for error. */
export class ServerClock {
  private offset = 0;
  private roundTrip = Infinity;

  /** All times in Unix milliseconds. */
  answered(sent: number, server: number, received: number): void {
    const roundTrip = received - sent;
    if (roundTrip < 0) return;
    const offset = server - (sent + roundTrip / 2);
    // Clocks drift, so an old best slowly loses its title.
    this.roundTrip *= 1.05;
    // An offset is wrong by half of its round trip at most. Where both cannot be true a clock was set,
    // or ours stood still while the computer slept.
    const bothTrue = Math.abs(offset - this.offset) <= (roundTrip + this.roundTrip) / 2;
    if (bothTrue && roundTrip > this.roundTrip) return;
    this.roundTrip = roundTrip;
    this.offset = offset;
  }

  /** Our time, told in the server's. */
  toServer(local: number): number {
    return local + this.offset;
  }
}

/** Unix milliseconds with the resolution and steadiness of the performance clock. */
export function unixNow(): number {
  return performance.timeOrigin + performance.now();
}
