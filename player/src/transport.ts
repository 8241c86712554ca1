// Takes the media out of the packets of an MPEG transport stream (ISO/IEC 13818-1). Pure.

import { concatenate } from "./bytes.js";

export const PICTURE_STREAM = 0xe0;
export const SOUND_STREAM = 0xc0;

const PACKET = 188;
const SYNC = 0x47;
const PES_HEADER = 9;

/** The payloads of one stream in packets that begin with the start of a unit and hold all of it. */
export function readUnit(packets: Uint8Array, stream: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let wanted = -1;
  for (let offset = 0; offset + PACKET <= packets.length; offset += PACKET) {
    const packet = packets.subarray(offset, offset + PACKET);
    if (packet[0] !== SYNC) continue;
    const number = ((packet[1]! & 0x1f) << 8) | packet[2]!;
    let payload = payloadOf(packet);
    if (packet[1]! & 0x40 && startsStream(payload, stream)) {
      wanted = number;
      payload = payload.subarray(PES_HEADER + (payload[8] ?? 0));
    }
    if (number === wanted) parts.push(payload);
  }
  return concatenate(parts);
}

function payloadOf(packet: Uint8Array): Uint8Array {
  const control = (packet[3]! >> 4) & 3;
  if (!(control & 1)) return packet.subarray(PACKET);
  return packet.subarray(control & 2 ? 5 + packet[4]! : 4);
}

function startsStream(payload: Uint8Array, stream: number): boolean {
  return payload[0] === 0 && payload[1] === 0 && payload[2] === 1 && payload[3] === stream;
}
