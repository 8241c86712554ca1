// The rung that plays and those before it, which stay on screen until it shows a picture.

import type { Picture, Rung } from "./rung.js";

export interface BridgeHost {
  pictureAdded(picture: Picture): void;
  pictureRemoved(picture: Picture): void;
}

export class Bridge {
  current: Rung | undefined;
  private readonly before: Rung[] = [];

  constructor(private readonly host: BridgeHost) {}

  /** What is on the screen now. */
  get picture(): Picture | undefined {
    return (this.before[0] ?? this.current)?.picture;
  }

  put(rung: Rung): void {
    if (this.current) this.before.push(this.current);
    this.current = rung;
    this.host.pictureAdded(rung.picture);
  }

  /** The current one shows a picture: the others may go. */
  crossed(): void {
    for (const rung of this.before.splice(0)) {
      this.host.pictureRemoved(rung.picture);
      rung.close();
    }
  }

  close(): void {
    this.crossed();
    this.current?.close();
  }
}
