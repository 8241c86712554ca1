// Asks why a WebSocket was not answered, and believes what it is told twice in a row.

import type { Verdict } from "./explain.js";
import type { Failure } from "./ladder.js";

export interface InquiryHost {
  /** For a person. */
  told(text: string): void;
  /** Nothing comes this way. */
  failed(kind: Failure, text: string): void;
}

// Once may be chance: a server that was away may have come back between the two questions.
const BELIEVED_AFTER = 2;

export class Inquiry {
  private failures = 0;
  private round = 0;

  constructor(
    private readonly explain: () => Promise<Verdict>,
    private readonly host: InquiryHost,
  ) {}

  /** `sure`: the WebSocket had all the time it needed. */
  async ask(sure: boolean): Promise<void> {
    const { round } = this;
    const { failure, text } = await this.explain();
    if (round !== this.round) return;
    this.failures = failure ? this.failures + 1 : 0;
    this.host.told(text);
    if (failure && (sure || this.failures >= BELIEVED_AFTER)) this.host.failed(failure, text);
  }

  /** The WebSocket was answered, or nobody waits for it any more. */
  forget(): void {
    this.round += 1;
    this.failures = 0;
  }
}
