import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import type { FeedHost } from "../src/feed.js";
import { Wall } from "../src/wall.js";

const LONGEST_WAIT = 3000;
const NOTHING = () => undefined;

class Socket {
  static readonly OPEN = 1;
  static made: Socket[] = [];
  readyState = Socket.OPEN;
  said: string[] = [];
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: { code: number; reason: string }) => void;

  constructor() {
    Socket.made.push(this);
  }

  send(text: string): void {
    this.said.push((JSON.parse(text) as { type: string }).type);
  }

  close(): void {}
}

let now = 0;
/** Of HTTP; none: nobody answers. */
let status: number | undefined;

async function fetched(): Promise<object> {
  if (status === undefined) throw new TypeError("nobody answers");
  return { ok: status === 200, status, body: null };
}

beforeEach(() => {
  now = 0;
  status = undefined;
  Socket.made = [];
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(performance, "now", () => now);
  const location = { origin: "http://hub" };
  Object.assign(globalThis, { WebSocket: Socket, fetch: fetched, window: globalThis, location });
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** A tile, and all that it was told of the line. */
function seated(wall: Wall, channel = "cam"): { lines: string[]; joined: boolean } {
  const tile = { lines: [] as string[], joined: false };
  const line: FeedHost["line"] = (state, text) => tile.lines.push(`${state} ${text}`.trim());
  const clock = { answered: NOTHING };
  const host = { line, clock, state: NOTHING, init: NOTHING } as unknown as FeedHost;
  const refused = () => tile.lines.push("refused");
  tile.joined = wall.join(channel, {}, { host, refused }) !== undefined;
  return tile;
}

function greet(): void {
  Socket.made.at(-1)!.onmessage?.({ data: '{"type":"hello"}' });
}

/** The connection ends; then what is asked over HTTP is answered, and the next one is opened. */
async function broken(): Promise<void> {
  Socket.made.at(-1)!.onclose?.({ code: 1006, reason: "" });
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  mock.timers.tick(LONGEST_WAIT);
}

test("a wall waits for a server that is away, however long", async () => {
  const tile = seated(new Wall(new URL("http://hub/api/wall")));
  greet();
  now = 60_000;
  for (const answer of [undefined, undefined, 502, 503, undefined, 400]) {
    status = answer;
    await broken();
  }
  assert.ok(!tile.lines.includes("refused"));
  greet();
  assert.equal(tile.lines.at(-1), "up");
  assert.deepEqual(Socket.made.at(-1)!.said, ["watch"]);
});

test("tiles are told why there is no wall", async () => {
  const tile = seated(new Wall(new URL("http://hub/api/wall")));
  await broken();
  assert.deepEqual(tile.lines, ["down the server does not answer"]);
});

for (const [answer, meaning] of [[404, "there is none"], [400, "no WebSocket gets through"]] as const) {
  test(`a wall is given up when HTTP says twice: ${meaning}; and is tried again after a minute`, async () => {
    const wall = new Wall(new URL("http://hub/api/wall"));
    const tile = seated(wall, "door");
    status = answer;
    await broken();
    assert.ok(!tile.lines.includes("refused"));
    await broken();
    assert.equal(tile.lines.at(-1), "refused");
    assert.equal(seated(wall).joined, false);
    now = 60_000;
    const later = seated(wall);
    assert.ok(later.joined);
    greet();
    assert.deepEqual(later.lines, ["up"]);
    assert.deepEqual(Socket.made.at(-1)!.said, ["watch"]);
  });
}

test("a wall that breaks soon again and again is given up, one that breaks now and then is not", async () => {
  const tile = seated(new Wall(new URL("http://hub/api/wall")));
  for (let day = 1; day < 10; day++) {
    greet();
    now = day * 86_400_000;
    await broken();
  }
  assert.ok(!tile.lines.includes("refused"));
  for (let attempt = 0; attempt < 3; attempt++) {
    greet();
    await broken();
  }
  assert.equal(tile.lines.at(-1), "refused");
});
