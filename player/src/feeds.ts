// Which feed a rung gets.

import type { Feed, FeedHost } from "./feed.js";
import { wishOf } from "./outbox.js";
import { PollFeed } from "./poll_feed.js";
import type { RungKind } from "./rung.js";
import { StreamFeed } from "./stream_feed.js";
import { apiUrl, channelName, streamUrl } from "./stream_url.js";
import { wallAt } from "./wall.js";
import { WallFeed } from "./wall_feed.js";

export interface FeedWish {
  src: string;
  kind: RungKind;
  onWall: boolean;
}

export function openFeed({ src, kind, onWall }: FeedWish, host: FeedHost): Feed {
  const base = document.baseURI;
  const name = channelName(src, base);
  const channel = apiUrl(src, `channels/${encodeURIComponent(name)}`, base);
  if (!kind.pushed) return new PollFeed(channel, host);
  const stream = streamUrl(src, kind.extension, base);
  const alone = () => new StreamFeed(stream, channel, host);
  const wish = wishOf(stream.searchParams);
  if (!onWall || kind.name !== "mjpeg" || !wish) return alone();
  return new WallFeed(wallAt(wallUrl(src, base)), name, wish, host, alone);
}

function wallUrl(src: string, base: string): URL {
  const wall = apiUrl(src, "wall", base);
  const token = new URL(src, base).searchParams.get("token");
  if (token) wall.searchParams.set("token", token);
  return wall;
}
