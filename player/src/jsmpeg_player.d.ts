// What build.mjs leaves of the package.

declare module "@cycjimmy/jsmpeg-player" {
  interface Bits {
    /** In bits. */
    index: number;
    byteLength: number;
  }

  export class MPEG1 {
    readonly bits: Bits;
    constructor(options: { streaming: boolean; videoBufferSize: number; decodeFirstFrame: boolean });
    connect(destination: CanvasRenderer): void;
    write(pts: number, buffers: Uint8Array[]): void;
    /** Goes to the next start code; true when that was a picture, which is then rendered. */
    decode(): boolean;
  }

  export class MP2 {
    readonly bits: Bits;
    constructor(options: { streaming: boolean });
    connect(destination: {
      enqueuedTime: number;
      play(sampleRate: number, left: Float32Array, right: Float32Array): void;
    }): void;
    write(pts: number, buffers: Uint8Array[]): void;
    decode(): boolean;
  }

  export class CanvasRenderer {
    constructor(options: { canvas: HTMLCanvasElement });
  }
}
