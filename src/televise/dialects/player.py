"""Player: the little page that plays what a dialect itself sends, as H.264 in fMP4 by WebSocket.

The codecs are those that the socket tells, in whichever original's way, else High 3.1: Chromium and
Firefox play every other profile of H.264 under that name.
"""

from html import escape

from aiohttp import web

from televise.dialects.page import page

SCRIPT = """\
const video = document.querySelector("video");
const media = new MediaSource();
media.addEventListener("sourceopen", () => {
  const { path, say } = video.dataset;
  const socket = new WebSocket(new URL(path, location.href.replace(/^http/, "ws")));
  const waiting = [];
  let buffer;
  const next = () => {
    if (buffer.updating) return;
    const held = buffer.buffered;
    const end = held.length && held.end(held.length - 1);
    if (waiting.length) buffer.appendBuffer(waiting.shift());
    else if (end - video.currentTime > 1) video.currentTime = end - 0.1;
    else if (held.length && video.currentTime - held.start(0) > 20) {
      buffer.remove(0, video.currentTime - 10);
    }
  };
  const open = (mime) => {
    buffer = media.addSourceBuffer(mime);
    buffer.addEventListener("updateend", next);
  };
  socket.binaryType = "arraybuffer";
  socket.onopen = () => { if (say) socket.send(say); };
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") {
      const { type, value } = JSON.parse(data);
      if (type === "mse") open(value);
      return;
    }
    const bytes = new Uint8Array(data);
    if (bytes[0] === 9) {
      return open(`video/mp4; codecs="${new TextDecoder().decode(bytes.slice(1))}"`);
    }
    if (!buffer) open('video/mp4; codecs="avc1.64001F"');
    waiting.push(data);
    next();
  };
  socket.onclose = () => setTimeout(() => location.reload(), 2000);
});
video.src = URL.createObjectURL(media);
"""


def player(title: str, path: str, say: str = "") -> web.Response:
    """A page that plays the WebSocket at ``path``, after it has said something there."""
    data = f'data-path="{escape(path)}" data-say="{escape(say)}"'
    video = f"<video muted autoplay playsinline controls {data}></video>"
    return page(title, f'{video}<script src="/player.js"></script>')


async def script(request: web.Request) -> web.StreamResponse:
    """What such a page needs at ``/player.js``."""
    return web.Response(text=SCRIPT, content_type="text/javascript")
