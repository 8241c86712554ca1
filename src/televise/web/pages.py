"""The HTML pages: all channels, one channel, a channel to publish into, no such channel.

Pure functions from what is known to a string. The pages carry no inline script or style, so that a
strict Content-Security-Policy holds; everything that moves comes from ``assets/televise.js``. All
addresses are relative, so that the pages work below another server's path.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

_STATE_NAMES = {
    "connecting": "Connecting",
    "live": "Live",
    "stalled": "Stalled",
    "offline": "Offline",
    "idle": "Ready",
}

_STREAMS = (
    (".mjpg", "MJPEG", "Moving picture for any <img>, OpenCV, VLC"),
    (".mp4", "MP4", "Endless fragmented MP4, with any sound"),
    (".gif", "GIF", "Any browser since the nineties"),
    (".ts", "MPEG-TS", "For jsmpeg, with any sound"),
    (".jpg", "JPEG", "The newest picture"),
)


@dataclass(frozen=True)
class ChannelCard:
    """What a page tells of one channel. ``publishable``: it is for whoever publishes into it."""

    name: str
    state: str
    text: str
    viewers: int
    publishable: bool = False


def index_page(channels: Sequence[ChannelCard]) -> str:
    """All channels, each with a small moving picture."""
    if not channels:
        return _document("Channels", _header("Channels") + _NO_CHANNELS)
    tiles = "".join(_tile(card) for card in channels)
    count = f"{len(channels)} channel" + ("" if len(channels) == 1 else "s")
    more = '<p class="quiet"><a href="topology">Which hubs they come through</a></p>'
    body = f'{_header("Channels", count)}<ul class="tiles" data-wall>{tiles}</ul>{more}'
    return _document("Channels", body)


def watch_page(card: ChannelCard, query: str = "", *, private: bool = False) -> str:
    """One channel: a large player that plays what the ``query`` asks for, and how to take its
    streams elsewhere; to where they need a key if it is ``private``."""
    name, url, wish = escape(card.name), _url(card.name), escape(query and f"?{query}")
    body = (
        f'<div data-channel="{name}">'
        f"{_back_link()}"
        f'<div class="screen"><tele-vision src="{url}{wish}" controls aria-label="Live: {name}">'
        f'<noscript><img src="{url}.mjpg{wish}" alt="Live picture of {name}"></noscript>'
        f"</tele-vision></div>{_without_javascript(f'{url}.gif{wish}')}"
        f'<div class="title"><h1>{name}</h1>{_badge(card)}{_viewers(card)}</div>'
        f"{_note(card)}</div>"
        f"{_streams(card, private=private)}{_embedding(card)}"
    )
    return _document(card.name, body)


def publish_page(name: str) -> str:
    """A camera or a screen for channel ``name``, from this browser."""
    shown = escape(name)
    body = (
        f'{_back_link(_ABOVE)}<div data-publish="{shown}">'
        '<div class="screen"><video muted playsinline autoplay aria-label="Preview"></video></div>'
        f'<div class="title"><h1>Publish {shown}</h1>'
        '<span class="badge" data-state="offline">Not published</span>'
        '<span class="quiet" data-viewers></span></div>'
        '<p class="says" role="status"><noscript>This page needs JavaScript.</noscript></p>'
        f'<div class="choices">{_PUBLISH_CHOICES}</div></div>'
        f'<section class="panel"><h2>Watch it</h2>'
        f'<p><a href="{_ABOVE}{_url(name)}">The page of {shown}</a></p></section>'
    )
    return _document(f"Publish {name}", body, _ABOVE, "televise-publish.js")


def not_for_publishing_page(name: str, source: str) -> str:
    """Channel ``name`` has a ``source`` of its own."""
    shown = escape(name)
    body = (
        f'{_back_link(_ABOVE)}<div class="plain"><h1>{shown} is not for publishing</h1>'
        f"<p>It shows {escape(source)}. A channel to publish into is served like this:</p>"
        f"<pre><code>televise serve {shown}=publish:</code></pre>"
        f'<p><a href="{_ABOVE}{_url(name)}">Watch {shown}</a></p></div>'
    )
    return _document(f"{name} is not for publishing", body, _ABOVE)


def missing_page(name: str, cards: Sequence[ChannelCard], root: str = "") -> str:
    """There is no channel ``name``; these are on. The page with all is at ``root``, relative."""
    live = [card for card in cards if card.state in ("live", "idle")]
    links = "".join(
        f'<li><a href="{root}{_url(card.name)}">{escape(card.name)}</a></li>' for card in live
    )
    offer = f"<p>Live now:</p><ul>{links}</ul>" if live else "<p>Nothing is live right now.</p>"
    body = (
        f'{_back_link(root)}<div class="plain"><h1>No channel “{escape(name)}”</h1>'
        f"<p>It may have ended, or the address has a typing error.</p>{offer}</div>"
    )
    return _document("No such channel", body, root)


def locked_page(reason: str, root: str = "") -> str:
    """Who asks has no key for this, or none that is good any more."""
    wrong, _, _ = reason.partition(":")  # behind it stands what a program's user could do
    channel = "'*'" if wrong.endswith("all channels") else "CHANNEL"
    body = (
        f'{_back_link(root)}<div class="plain"><h1>This needs a key</h1>'
        f"<p>{escape(wrong[:1].upper() + wrong[1:])}.</p>"
        "<p>Open the whole link that you were given. If it has expired, ask who gave it to you "
        "for another; on the server’s machine this makes one:</p>"
        f"<pre><code>televise token {channel} --can view</code></pre></div>"
    )
    return _document("A key is needed", body, root)


# From the pages that lie below their channel's.
_ABOVE = "../"
_PUBLISH_CHOICES = (
    '<label>Picture<select name="picture" disabled></select></label>'
    '<label>Sound<select name="sound" disabled></select></label>'
    '<label>Size<select name="size" disabled><option value="360">640 × 360</option>'
    '<option value="540">960 × 540</option><option value="720" selected>1280 × 720</option>'
    '<option value="1080">1920 × 1080</option></select></label>'
    '<button type="button" name="preview" disabled>Preview</button>'
    '<button type="button" name="start" disabled>Start</button>'
)

_WITH_KEY = (
    '<p class="quiet">Outside this browser they need a key behind them: <code>?token=KEY</code>, '
    "from the link that you were given.</p>"
)
_NO_CHANNELS = (
    '<div class="plain"><h2>No channels yet</h2>'
    "<p>Start one with a picture that moves by itself:</p>"
    "<pre><code>televise serve pattern:</code></pre></div>"
)


def _document(title: str, body: str, root: str = "", script: str = "televise.js") -> str:
    return (
        '<!doctype html><html lang="en" data-televise><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)} · televise</title>"
        # An empty icon spares the server a request for one that does not exist.
        '<link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="{root}assets/televise.css">'
        f'<script type="module" src="{root}assets/{script}"></script>'
        f"</head><body><main>{body}</main></body></html>\n"
    )


def _header(title: str, aside: str = "") -> str:
    return f'<header class="title"><h1>{title}</h1><span class="quiet">{aside}</span></header>'


def _back_link(root: str = "") -> str:
    return f'<nav aria-label="Site"><a href="{root or "./"}">All channels</a></nav>'


def _without_javascript(gif: str) -> str:
    """Plain HTML cannot see that MJPEG is not shown: a person can."""
    link = f'<a href="{gif}">Watch it as a GIF</a>'
    return f'<noscript><p class="quiet">No moving picture? {link}.</p></noscript>'


def _tile(card: ChannelCard) -> str:
    name, url = escape(card.name), _url(card.name)
    small = f"{url}.jpg?w=320"
    return (
        f'<li class="tile" data-channel="{name}"><a href="{url}">'
        f'<tele-vision src="{url}?w=320&amp;fps=5" rung="mjpeg" aria-hidden="true">'
        # A still one: of moving ones a browser opens six per host, and then nothing else.
        f'<noscript><img src="{small}" alt=""></noscript></tele-vision>'
        f'<span class="caption"><span class="name">{name}</span>'
        f"{_badge(card)}{_viewers(card)}</span></a></li>"
    )


def _badge(card: ChannelCard) -> str:
    name = _STATE_NAMES.get(card.state, card.state)
    return f'<span class="badge" data-state="{escape(card.state)}">{escape(name)}</span>'


def _viewers(card: ChannelCard) -> str:
    noun = "viewer" if card.viewers == 1 else "viewers"
    return f'<span class="quiet" data-viewers>{card.viewers} {noun}</span>'


def _note(card: ChannelCard) -> str:
    text = f'<p class="quiet">{escape(card.text)}</p>' if card.text else ""
    link = f'<p><a href="{_url(card.name)}/publish">Publish from this browser</a></p>'
    return text + (link if card.publishable else "")


def _streams(card: ChannelCard, *, private: bool) -> str:
    rows = "".join(_stream(card, *stream) for stream in _STREAMS)
    key = _WITH_KEY if private else ""
    return f'<section class="panel"><h2>Streams</h2><ul class="streams">{rows}</ul>{key}</section>'


def _stream(card: ChannelCard, extension: str, name: str, purpose: str) -> str:
    url, identifier = _url(card.name) + extension, f"stream-{name.lower()}"
    return (
        f'<li><span class="kind">{name}</span>'
        f'<a id="{identifier}" data-absolute href="{url}">{url}</a>'
        f"{_copy_button(identifier, f'Copy the {name} address')}"
        f'<span class="quiet">{escape(purpose)}</span></li>'
    )


def _embedding(card: ChannelCard) -> str:
    snippet = (
        '<script type="module" src="assets/televise.js"></script>\n'
        f'<tele-vision src="{_url(card.name)}" controls></tele-vision>'
    )
    return (
        '<section class="panel"><h2>Put it on your page</h2>'
        f'<pre><code id="embed" data-absolute>{escape(snippet)}</code></pre>'
        f"{_copy_button('embed', 'Copy the HTML')}</section>"
    )


def _copy_button(identifier: str, label: str) -> str:
    return f'<button type="button" data-copy="{identifier}" aria-label="{label}">Copy</button>'


def _url(name: str) -> str:
    return escape(quote(name, safe=""))
