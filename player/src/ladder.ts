// Which way of playing is used, and why. Pure: the rungs say what the browser can do.

/** What the ladder needs to know of a rung. */
export interface Step {
  readonly name: string;
  /** False for a rung that needs no WebSocket. */
  readonly pushed: boolean;
  /** Why this browser cannot do it; empty when it can. */
  refusal(): string;
}

/**
 * `broken` may be an accident, `impossible` is not; `stalled`: no picture came, though there are some;
 * `unreachable`: the network lets nothing of this kind through.
 */
export type Failure = "broken" | "stalled" | "impossible" | "unreachable";

/** What follows a failure: the same rung `again`, the `next` one, or the next that needs no WebSocket. */
const POLICY: Record<Failure, { first: Answer; soonAgain: Answer }> = {
  broken: { first: "again", soonAgain: "next" },
  stalled: { first: "next", soonAgain: "next" },
  impossible: { first: "next", soonAgain: "next" },
  unreachable: { first: "plain", soonAgain: "plain" },
};
type Answer = "again" | "next" | "plain";

const MINUTE = 60_000;
const LONGEST_WAIT_MINUTES = 16;
const BEST = "best this browser can do";

interface Memory {
  wait: number;
  retryAt: number;
}

export class Ladder<S extends Step> {
  reason = "";
  private index = 0;
  private stoodAt = -Infinity;
  private brokenAt = -Infinity;
  private readonly records = new Map<S, Memory>();

  /** The steps from best to plainest; `minute` is the quiet after which a better one is tried again;
   * `why` the first of them is the first. */
  constructor(
    private readonly steps: readonly S[],
    private readonly minute = MINUTE,
    why = BEST,
  ) {
    const refusals = steps.map((step) => step.refusal());
    const usable = refusals.findIndex((refusal) => !refusal);
    this.index = usable < 0 ? steps.length - 1 : usable;
    this.reason = [...refusals.slice(0, this.index).map(this.named), this.index > 0 ? BEST : why].join("; ");
  }

  get current(): S {
    return this.steps[this.index]!;
  }

  /** The current rung failed: after it, `current` is what to try next, perhaps the same again. */
  failed(kind: Failure, reason: string, now: number): void {
    const recent = now - this.brokenAt < this.minute;
    const answer = POLICY[kind][recent ? "soonAgain" : "first"];
    this.brokenAt = kind === "broken" ? now : -Infinity;
    const failed = this.current.name;
    if (answer === "again") {
      this.reason = `${failed}: ${reason}, tried again`;
      return;
    }
    this.remember(now);
    this.stand(this.below(answer === "plain", now), now);
    this.reason = `${failed}: ${reason}, now ${this.current.name}`;
  }

  /** After a quiet a better rung gets another chance; true when there is one to try. */
  climb(now: number): boolean {
    if (now - this.stoodAt < this.minute) return false;
    const better = this.steps.slice(0, this.index);
    const index = better.findIndex((step) => this.mayTry(step, now));
    if (index < 0) return false;
    this.reason = `${this.steps[index]!.name}: tried again, ${this.current.name} worked`;
    this.stand(index, now);
    return true;
  }

  private stand(index: number, now: number): void {
    this.index = index;
    this.stoodAt = now;
  }

  /** Each failure soon after the last doubles the wait for the next chance. */
  private remember(now: number): void {
    const before = this.records.get(this.current);
    const longest = LONGEST_WAIT_MINUTES * this.minute;
    const lasted = now - this.stoodAt;
    const again = before !== undefined && lasted < before.wait;
    const wait = again ? Math.min(longest, before.wait * 2) : this.minute;
    this.records.set(this.current, { wait, retryAt: now + wait });
  }

  /** The best rung below this one, first those that did not fail lately; at the end all over again. */
  private below(plain: boolean, now: number): number {
    const fits = (step: S, index: number) =>
      index > this.index && !step.refusal() && !(plain && step.pushed);
    const fresh = this.steps.findIndex((step, index) => fits(step, index) && this.mayTry(step, now));
    if (fresh >= 0) return fresh;
    const any = this.steps.findIndex(fits);
    if (any >= 0) return any;
    const first = this.steps.findIndex((step) => !step.refusal());
    return first < 0 ? this.index : first;
  }

  private mayTry(step: S, now: number): boolean {
    return !step.refusal() && now >= (this.records.get(step)?.retryAt ?? -Infinity);
  }

  private readonly named = (refusal: string, index: number): string =>
    `${this.steps[index]!.name}: ${refusal}`;
}
