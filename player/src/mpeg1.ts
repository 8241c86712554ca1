// The second bundle, loaded only when somebody needs it: JSMpeg's decoders behind two small functions.

import { CanvasRenderer, MP2, MPEG1 } from "@cycjimmy/jsmpeg-player";

/** Takes one whole picture; returns whether it drew one. */
export type DecodePicture = (data: Uint8Array) => boolean;
/** Takes whole blocks; hands over each block's samples, which change with the next one. */
export type DecodeSound = (data: Uint8Array) => void;
export type TakeSamples = (sampleRate: number, left: Float32Array, right: Float32Array) => void;

const BUFFER_BYTES = 2 ** 21;

export function pictureDecoder(canvas: HTMLCanvasElement): DecodePicture {
  const decoder = new MPEG1({
    streaming: true,
    videoBufferSize: BUFFER_BYTES,
    decodeFirstFrame: false,
  });
  // Not its WebGL: emulated, as it often is where this decoder is needed, it is slower than this.
  decoder.connect(new CanvasRenderer({ canvas }));
  return (data) => {
    const { bits } = decoder;
    bits.index = bits.byteLength = 0;
    decoder.write(0, [data]);
    let drawn = false;
    // Each call takes one start code: headers come before the picture.
    while (bits.index < bits.byteLength * 8) drawn = decoder.decode() || drawn;
    return drawn;
  };
}

export function soundDecoder(take: TakeSamples): DecodeSound {
  const decoder = new MP2({ streaming: true });
  decoder.connect({ enqueuedTime: 0, play: take });
  return (data) => {
    decoder.bits.index = decoder.bits.byteLength = 0;
    decoder.write(0, [data]);
    while (decoder.decode());
  };
}
