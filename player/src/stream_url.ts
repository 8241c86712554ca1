// From a channel's address to the address of one of its streams.

/** `/cam?w=320` and `.mp4` make `ws://host/cam.mp4?w=320`, or `http:` when it is not for a socket. */
export function streamUrl(src: string, extension: string, socket: boolean, base: string): URL {
  const url = new URL(src, base);
  url.pathname = url.pathname.replace(/\/$/, "") + extension;
  url.hash = "";
  if (socket) url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

/** The channel's name, for people and for file names. */
export function channelName(src: string, base: string): string {
  const name = new URL(src, base).pathname.split("/").filter(Boolean).at(-1);
  return decodeURIComponent(name ?? "live");
}
