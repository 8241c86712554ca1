"""Page: the little HTML that stands where an original had its own page."""

from html import escape

from aiohttp import web


def page(title: str, body: str) -> web.Response:
    """An HTML answer; ``body`` is HTML already."""
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>\n"
    )
    headers = {"Cache-Control": "no-store"}
    return web.Response(text=text, content_type="text/html", headers=headers)


def picture(url: str, name: str) -> str:
    """A moving picture of channel ``name``."""
    return f'<img src="{escape(url)}" alt="Live picture of {escape(name)}">'
