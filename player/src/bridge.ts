// What is on the screen, and what shall take its place as soon as it shows a picture.

import type { Playback } from "./playback.js";
import type { Picture } from "./rung.js";

export interface BridgeHost {
  pictureAdded(picture: Picture): void;
  pictureRemoved(picture: Picture): void;
}

export class Bridge {
  /** It shows a picture; it may play on, or only leave its last picture there. */
  showing: Playback | undefined;
  /** It has shown nothing yet. */
  coming: Playback | undefined;

  constructor(private readonly host: BridgeHost) {}

  get all(): Playback[] {
    return [this.showing, this.coming].filter((each) => each !== undefined);
  }

  /** The newest: what the ladder speaks of. */
  get current(): Playback | undefined {
    return this.coming ?? this.showing;
  }

  /** The one that a person watches, or waits for. */
  get watched(): Playback | undefined {
    return this.showing?.joined ? this.showing : this.current;
  }

  get picture(): Picture | undefined {
    return (this.showing ?? this.coming)?.rung.picture;
  }

  put(playback: Playback): void {
    this.abandon();
    this.coming = playback;
    this.host.pictureAdded(playback.rung.picture);
  }

  /** The coming one shows a picture: the other may go. */
  cross(): void {
    this.remove(this.showing);
    this.showing = this.coming;
    this.coming = undefined;
  }

  /** The coming one came to nothing. */
  abandon(): void {
    this.remove(this.coming);
    this.coming = undefined;
  }

  close(): void {
    for (const playback of this.all) playback.close();
  }

  private remove(playback: Playback | undefined): void {
    if (!playback) return;
    playback.close();
    this.host.pictureRemoved(playback.rung.picture);
  }
}
