// Which feed a rung gets.

import type { Feed, FeedHost } from "./feed.js";
import { PollFeed } from "./poll_feed.js";
import type { RungKind } from "./rung.js";
import { StreamFeed } from "./stream_feed.js";
import { apiUrl, channelName, streamUrl } from "./stream_url.js";

export interface FeedWish {
  src: string;
  kind: RungKind;
  onWall: boolean;
}

export function openFeed({ src, kind }: FeedWish, host: FeedHost): Feed {
  const base = document.baseURI;
  const channel = apiUrl(src, `channels/${encodeURIComponent(channelName(src, base))}`, base);
  if (!kind.pushed) return new PollFeed(channel, host);
  return new StreamFeed(streamUrl(src, kind.extension, base), channel, host);
}
