// A VideoDecoder that survives: after an error it begins anew at the next keyframe.

import { Errors } from "./errors.js";
import type { Failure } from "./ladder.js";

export interface PictureDecoderHost {
  /** The receiver closes the frame. */
  decoded(frame: VideoFrame): void;
  failed(kind: Failure, reason: string): void;
}

// So many pictures that wait for the decoder for so long: it will not catch up by itself. Who joins is
// sent all pictures since the newest keyframe at once, which is soon done.
const LONGEST_QUEUE = 45;
const LONGEST_BACKLOG = 2000;

export class PictureDecoder {
  private config: VideoDecoderConfig | undefined;
  private decoder: VideoDecoder | undefined;
  private readonly errors = new Errors();
  /** The decoder in use has made a picture. */
  private useful = false;
  /** When its queue was last short. */
  private inTimeAt = 0;

  constructor(private readonly host: PictureDecoderHost) {}

  /** From the next keyframe on, the pictures are of this kind. */
  configure(config: VideoDecoderConfig): void {
    this.close();
    this.config = config;
  }

  decode(pts: number, keyframe: boolean, data: Uint8Array): void {
    if (!this.config) return;
    if (this.decoder && this.isTooSlow(this.decoder)) this.broke("it is too slow");
    if (!this.decoder && !keyframe) return;
    const type = keyframe ? "key" : "delta";
    try {
      this.decoder ??= this.open(this.config);
      this.decoder.decode(new EncodedVideoChunk({ type, timestamp: pts * 1e6, data }));
    } catch (error) {
      this.broke(String(error));
    }
  }

  close(): void {
    // A decoder that failed has closed itself.
    if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
    this.decoder = undefined;
  }

  private open(config: VideoDecoderConfig): VideoDecoder {
    const decoder = new VideoDecoder({
      output: (frame) => {
        this.useful = true;
        this.host.decoded(frame);
      },
      error: (error) => {
        if (decoder === this.decoder) this.refused(error);
      },
    });
    decoder.configure(config);
    this.useful = false;
    this.inTimeAt = performance.now();
    return decoder;
  }

  private isTooSlow(decoder: VideoDecoder): boolean {
    const now = performance.now();
    if (decoder.decodeQueueSize <= LONGEST_QUEUE) this.inTimeAt = now;
    return now - this.inTimeAt > LONGEST_BACKLOG;
  }

  private refused(error: DOMException): void {
    if (error.name !== "NotSupportedError") return this.broke(error.message);
    this.close();
    this.host.failed("impossible", `no decoder for ${this.config?.codec}`);
  }

  private broke(reason: string): void {
    this.close();
    const now = performance.now();
    this.errors.add(now);
    // One that fails before its first picture is not worth the wait for the next keyframe.
    if (!this.useful || this.errors.areTooMany(now)) this.host.failed("broken", `decoder: ${reason}`);
  }
}
