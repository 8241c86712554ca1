"""What the API and the streams look like, for programs: OpenAPI 3.1."""

from collections.abc import Sequence
from typing import Any

_NAME = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
}
_QUERY = {
    "w": ("integer", "width in pixels, even"),
    "h": ("integer", "height in pixels, even"),
    "fps": ("number", "pictures per second at most"),
    "q": ("integer", "JPEG quality, 1 to 100"),
    "bitrate": ("string", "bits per second, as in 800k or 2M"),
    "colors": ("integer", "colours of a GIF, 2 to 256"),
    "dither": ("integer", "1: dither a GIF's colours"),
    "burst": ("string", "begin so far in the past, as in 10s (GIF)"),
    "video": ("string", "h264: pass it through (MPEG-TS)"),
    "max_latency": ("string", "how far a viewer may fall behind, as in 300ms"),
}
_PAST = {
    "t": ("string", "how long ago, as in -30s"),
    "timestamp": ("number", "the same in Unix seconds"),
    "d": ("string", "how long, as in 8s (GIF and MP4: the answer has an end)"),
}
_TRACK = {
    "type": "object",
    "required": ["kind", "codec", "delivery", "reason"],
    "properties": {
        "kind": {"enum": ["video", "audio"]},
        "codec": {"type": "string"},
        "delivery": {"enum": ["passthrough", "transcode"]},
        "reason": {"type": "string"},
        "width": {"type": "integer"},
        "height": {"type": "integer"},
        "sample_rate": {"type": "integer"},
        "channels": {"type": "integer"},
    },
}
_RENDITION = {
    "type": "object",
    "required": ["video", "users", "epoch", "tracks", "refusal"],
    "properties": {
        "video": {"enum": ["h264", "mjpeg", "gif", "mpeg1video", "png"]},
        "audio": {"enum": ["aac", "mp2"]},
        "w": {"type": "integer"},
        "h": {"type": "integer"},
        "fps": {"type": "number"},
        "q": {"type": "integer"},
        "bitrate": {"type": "integer", "description": "bits per second"},
        "users": {"type": "integer"},
        "epoch": {"type": "integer", "description": "grows with each change of the format"},
        "tracks": {"type": "array", "items": {"$ref": "#/components/schemas/Track"}},
        "refusal": {"type": "string", "description": "why it cannot be made, else empty"},
    },
}
_VIEWER = {
    "name": "viewer",
    "in": "path",
    "required": True,
    "description": "what it called itself in X-Televise-Viewer",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{16,64}$"},
}
_ACCOUNT = {
    "type": "object",
    "required": ["channel", "delivered", "waiting", "dropped"],
    "properties": {
        "channel": {"type": "string"},
        "delivered": {"type": "integer"},
        "waiting": {"type": "integer"},
        "dropped": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
}
_CHANNEL = {
    "type": "object",
    "required": [
        *("name", "source", "state", "text", "since", "seconds", "damaged", "viewers", "tracks"),
        "renditions",
    ],
    "properties": {
        "name": {"type": "string"},
        "source": {"type": "string", "description": "as given, without passwords"},
        "state": {"enum": ["connecting", "live", "stalled", "offline", "idle"]},
        "text": {"type": "string"},
        "since": {"type": "number", "description": "Unix seconds"},
        "seconds": {"type": "number", "description": "For so long it has been so"},
        "damaged": {
            "type": "integer",
            "description": "Packets that were left out: bytes of them were lost before they came",
        },
        "viewers": {"type": "integer"},
        "tracks": {"type": "array", "items": {"$ref": "#/components/schemas/Track"}},
        "renditions": {"type": "array", "items": {"$ref": "#/components/schemas/Rendition"}},
        "urls": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


# Extension: what comes out, and its type.
_WATCHED = {
    "mjpg": ("Endless MJPEG", "multipart/x-mixed-replace"),
    "mp4": ("Endless fragmented MP4", "video/mp4"),
    "flv": ("Endless FLV", "video/x-flv"),
    "gif": ("Endless GIF", "image/gif"),
    "ts": ("Endless MPEG transport stream", "video/mp2t"),
    "m1v": ("Endless MPEG-1 video", "video/mpeg"),
    "jpg": ("The newest picture", "image/jpeg"),
    "png": ("The newest picture, without loss", "image/png"),
}
_TAKEN = ("mjpg", "mp4", "flv", "ts", "jpg", "png", "webm")
# Whoever asks, and for what.
_ANYBODY = {
    "400": "Not a name, a number or a size that can be",
    "421": "The server does not have that name",
    "431": "The header is too long",
    "503": "A limit is reached, or there is nothing to show now: come again after Retry-After",
}
# Where a key is needed, as it is to watch on a hub that is private.
_KEYED = {
    "401": "No key, or none that is valid",
    "403": "The key is for something else, or this is for another site",
    "429": "Too many wrong keys came from there: come again after Retry-After",
}
_MISSING = {"404": "No such channel, or viewer"}
_TAKEN_ALREADY = {"409": "Somebody publishes it already, or there is a channel of that name"}
_BODY = {
    "408": "It did not come in time",
    "413": "It is too large",
    "415": "It is of another type, or nothing that can be shown",
}


def document(version: str) -> dict[str, Any]:
    """The whole document."""
    channel = {"$ref": "#/components/schemas/Channel"}
    many = {"type": "object", "properties": {"channels": {"type": "array", "items": channel}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "televise", "version": version},
        "paths": {
            "/api/channels": _json("All channels", many),
            "/api/channels/{name}": {**_json("One channel", channel, _NAME), **_control()},
            "/api/revoked": _revocation(),
            "/api/viewers/{viewer}": _json("What became of all for one viewer", _ACCOUNT, _VIEWER),
            "/api/topology": _json("The hubs that this one knows", {"type": "object"}),
            "/healthz": _public("Whether the server is alive"),
            "/readyz": _public("Whether it takes viewers; 503 while it stops"),
            "/metrics": _stream("Metrics for Prometheus", "text/plain"),
            **{f"/{{name}}.{extension}": _watched(extension) for extension in _WATCHED},
            "/{name}.webm": _published("webm"),
        },
        "components": {
            "schemas": {"Track": _TRACK, "Rendition": _RENDITION, "Channel": _CHANNEL},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _watched(extension: str) -> dict[str, Any]:
    return {**_stream(*_WATCHED[extension], _NAME), **_published(extension)}


def _published(extension: str) -> dict[str, Any]:
    """``POST`` and ``PUT``: what comes in is of the same kind."""
    if extension not in _TAKEN:
        return {}
    what = {"required": True, "content": {"application/octet-stream": {}}}
    done = {"204": "Taken"} if extension in ("jpg", "png") else {"200": "All of it was played"}
    operation = _change("Publish", {**done, **_MISSING, **_TAKEN_ALREADY, **_BODY})
    return {method: {**operation, "requestBody": what} for method in ("post", "put")}


def _control() -> dict[str, Any]:
    what = _body("source", "http(s)://… or publish:")
    made = _change("Make a channel", {"201": "Made", **_TAKEN_ALREADY, **_BODY})
    ended = _change("End a channel", {"204": "Ended", **_MISSING})
    return {"put": {**made, "requestBody": what}, "delete": ended}


def _revocation() -> dict[str, Any]:
    what = _body("key", "a key, or its identifier (jti)")
    revoked = _change("Revoke a key", {"200": "It is worthless", **_BODY}, [])
    return {"post": {**revoked, "requestBody": what}}


def _body(name: str, description: str) -> dict[str, Any]:
    """One text, as JSON."""
    schema = {
        "type": "object",
        "required": [name],
        "properties": {name: {"type": "string", "description": description}},
        "additionalProperties": False,
    }
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _change(
    summary: str, answers: dict[str, str], parameters: Sequence[dict[str, Any]] = (_NAME,)
) -> dict[str, Any]:
    return {
        "summary": summary,
        "parameters": list(parameters),
        "security": [{"key": []}],
        "responses": _described({**answers, **_ANYBODY, **_KEYED}),
    }


def _described(answers: dict[str, str]) -> dict[str, dict[str, str]]:
    return {status: {"description": answers[status]} for status in sorted(answers)}


def _json(summary: str, schema: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return _get(summary, content, list(parameters), _KEYED)


def _public(summary: str) -> dict[str, Any]:
    return _get(summary, {"application/json": {"schema": {"type": "object"}}}, [], {})


def _stream(summary: str, content_type: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    query = [
        {"name": name, "in": "query", "schema": {"type": kind}, "description": what}
        for name, (kind, what) in {**_QUERY, **_PAST}.items()
    ]
    every = [*parameters, *(query if parameters else [])]
    return _get(summary, {content_type: {}}, every, _KEYED)


def _get(
    summary: str,
    content: dict[str, Any],
    parameters: list[dict[str, Any]],
    refusals: dict[str, str],
) -> dict[str, Any]:
    errors = _described({**_ANYBODY, **refusals, **(_MISSING if parameters else {})})
    return {
        "get": {
            "summary": summary,
            "parameters": parameters,
            "responses": {"200": {"description": summary, "content": content}, **errors},
        }
    }
