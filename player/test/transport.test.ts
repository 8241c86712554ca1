import assert from "node:assert/strict";
import { test } from "node:test";

import { PICTURE_STREAM, readUnit, SOUND_STREAM } from "../src/transport.js";

/** Packets of one unit: filled up with an adaptation field where it does not fill the last one. */
function packets(number: number, unit: Buffer): Buffer {
  const made: Buffer[] = [];
  for (let offset = 0, first = true; offset < unit.length; first = false) {
    const left = unit.length - offset;
    const stuffing = Math.max(0, 184 - left);
    const head = [0x47, (first ? 0x40 : 0) | (number >> 8), number & 0xff, stuffing ? 0x30 : 0x10];
    const field = stuffing ? [stuffing - 1, ...Array<number>(stuffing - 1).fill(0xff)] : [];
    const part = unit.subarray(offset, offset + 184 - stuffing);
    made.push(Buffer.concat([Buffer.from([...head, ...field]), part]));
    offset += part.length;
  }
  return Buffer.concat(made);
}

function pes(stream: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 1, stream, 0, 0, 0x80, 0x80, 5, 1, 2, 3, 4, 5]), payload]);
}

const TABLES = Buffer.concat([packets(0, Buffer.alloc(100, 7)), packets(4096, Buffer.alloc(80, 7))]);
const PICTURE = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));

test("a picture is put together, whatever its size", () => {
  for (let length = 0; length < 400; length++) {
    const payload = PICTURE.subarray(0, length);
    const unit = Buffer.concat([TABLES, packets(256, pes(PICTURE_STREAM, payload))]);
    assert.deepEqual(Buffer.from(readUnit(unit, PICTURE_STREAM)), payload);
    assert.equal(readUnit(unit, SOUND_STREAM).length, 0);
  }
});

test("streams are told apart", () => {
  const sound = packets(257, pes(SOUND_STREAM, PICTURE));
  const unit = Buffer.concat([packets(256, pes(PICTURE_STREAM, PICTURE)), sound]);
  assert.deepEqual(Buffer.from(readUnit(unit, SOUND_STREAM)), PICTURE);
});

test("broken packets do no harm", () => {
  const unit = packets(256, pes(PICTURE_STREAM, PICTURE));
  for (let index = 0; index < unit.length; index++) {
    const broken = Buffer.from(unit);
    broken[index]! ^= 0xff;
    readUnit(broken, PICTURE_STREAM);
    readUnit(unit.subarray(0, index), PICTURE_STREAM);
  }
});
