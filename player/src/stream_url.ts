// From a channel's address to the addresses of its streams.

/** `/cam?w=320` and `.mp4` make `http://host/cam.mp4?w=320`. */
export function streamUrl(src: string, extension: string, base: string): URL {
  const url = new URL(src, base);
  url.pathname = url.pathname.replace(/\/$/, "") + extension;
  url.hash = "";
  return url;
}

/** The same address for a WebSocket. */
export function asSocket(url: URL): URL {
  const socket = new URL(url);
  socket.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return socket;
}

/** `/cam?w=320` and `channels/cam` make `http://host/api/channels/cam`. */
export function apiUrl(src: string, path: string, base: string): URL {
  const url = streamUrl(src, "", base);
  return new URL(`api/${path}`, url.origin + folder(url.pathname));
}

/** The channel's name, for people and for file names. */
export function channelName(src: string, base: string): string {
  const name = new URL(src, base).pathname.split("/").filter(Boolean).at(-1);
  return decodeURIComponent(name ?? "live");
}

function folder(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}
