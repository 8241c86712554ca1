// Which way of playing is used, and why. Pure: the rungs say what the browser can do.

const MINUTE = 60_000;
const LONGEST_WAIT = 16 * MINUTE;
const BEST = "best this browser can do";

/** What the ladder needs to know of a rung. */
export interface Step {
  readonly name: string;
  /** False for a rung that needs no WebSocket. */
  readonly pushed: boolean;
  /** Why this browser cannot do it; empty when it can. */
  refusal(): string;
}

/** `broken` may be an accident, `impossible` is not, `unreachable`: the network lets nothing through. */
export type Failure = "broken" | "impossible" | "unreachable";

export class Ladder<S extends Step> {
  reason = "";
  private index = 0;
  private brokenAt = -Infinity;
  private fellAt = Infinity;
  private wait = MINUTE;

  /** The steps from best to plainest. */
  constructor(private readonly steps: readonly S[]) {
    this.stand(0, BEST);
  }

  get current(): S {
    return this.steps[this.index]!;
  }

  /** The current rung failed: after it, `current` is what to try next, perhaps the same again. */
  failed(kind: Failure, reason: string, now: number): void {
    if (kind === "unreachable") this.avoidNetwork(reason, now);
    else if (kind === "impossible" || now - this.brokenAt < MINUTE) this.fall(reason, now);
    else this.reason = `${reason}; tried again`;
    this.brokenAt = kind === "broken" ? now : -Infinity;
  }

  /** After a quiet while the best rung gets another chance; true when there is something to try. */
  climb(now: number): boolean {
    if (now - this.fellAt < this.wait) return false;
    this.fellAt = Infinity;
    this.wait = Math.min(LONGEST_WAIT, this.wait * 2);
    const before = this.index;
    this.stand(0, "tried the better way again");
    return this.index !== before;
  }

  private fall(reason: string, now: number): void {
    if (this.index === this.steps.length - 1) return;
    this.fellAt = now;
    this.stand(this.index + 1, reason);
  }

  /** To the rung that needs no WebSocket; if that is the one that failed, all over again. */
  private avoidNetwork(reason: string, now: number): void {
    const plain = this.steps.findIndex((step) => !step.pushed);
    if (plain < 0) return;
    const next = plain === this.index ? 0 : plain;
    this.fellAt = next === 0 ? Infinity : now;
    this.stand(next, reason);
  }

  private stand(index: number, reason: string): void {
    const refusals: string[] = [];
    while (index < this.steps.length - 1 && this.steps[index]!.refusal()) {
      refusals.push(this.steps[index]!.refusal());
      index += 1;
    }
    this.index = index;
    this.reason = [...refusals, reason].join("; ");
  }
}
