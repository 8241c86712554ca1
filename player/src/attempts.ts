// How often a rung that loads its stream by itself tries it, and what it says of that.

import { Refused } from "./loading.js";
import type { RungHost } from "./rung.js";

const RETRY_WAIT = 1000;
const REFUSED_WAIT = 3000;

export class Attempts {
  private failures = 0;

  /** It fails after `most` in a row, by the reason `otherwise` where the server gives none. */
  constructor(
    private readonly host: RungHost,
    private readonly most: number,
    private readonly otherwise: string,
  ) {}

  /** A picture came. */
  succeeded(): void {
    this.failures = 0;
  }

  /** Milliseconds until the next attempt. */
  failed(error: unknown): number {
    const refused = error instanceof Refused ? error : undefined;
    if (refused?.isFinal) {
      this.host.refused(refused.message);
      return REFUSED_WAIT;
    }
    this.failures += 1;
    if (this.failures === this.most) this.host.failed("unreachable", refused?.message ?? this.otherwise);
    return RETRY_WAIT;
  }
}
