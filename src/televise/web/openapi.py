"""What the API and the streams look like, for programs: OpenAPI 3.1."""

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
        "video": {"enum": ["h264", "mjpeg"]},
        "audio": {"enum": ["aac"]},
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
_CHANNEL = {
    "type": "object",
    "required": ["name", "source", "state", "text", "since", "viewers", "tracks", "renditions"],
    "properties": {
        "name": {"type": "string"},
        "source": {"type": "string", "description": "as given, without passwords"},
        "state": {"enum": ["connecting", "live", "stalled", "offline", "idle"]},
        "text": {"type": "string"},
        "since": {"type": "number", "description": "Unix seconds"},
        "viewers": {"type": "integer"},
        "tracks": {"type": "array", "items": {"$ref": "#/components/schemas/Track"}},
        "renditions": {"type": "array", "items": {"$ref": "#/components/schemas/Rendition"}},
        "urls": {"type": "object", "additionalProperties": {"type": "string"}},
    },
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
            "/api/channels/{name}": _json("One channel", channel, _NAME),
            "/healthz": _json("Whether the server is alive", {"type": "object"}),
            "/readyz": _json("Whether it takes viewers; 503 while it stops", {"type": "object"}),
            "/metrics": _stream("Metrics for Prometheus", "text/plain"),
            "/{name}.mjpg": _stream("Endless MJPEG", "multipart/x-mixed-replace", _NAME),
            "/{name}.mp4": _stream("Endless fragmented MP4", "video/mp4", _NAME),
            "/{name}.gif": _stream("Endless GIF", "image/gif", _NAME),
            "/{name}.ts": _stream("Endless MPEG transport stream", "video/mp2t", _NAME),
            "/{name}.m1v": _stream("Endless MPEG-1 video", "video/mpeg", _NAME),
            "/{name}.jpg": _stream("The newest picture", "image/jpeg", _NAME),
        },
        "components": {"schemas": {"Track": _TRACK, "Rendition": _RENDITION, "Channel": _CHANNEL}},
    }


def _json(summary: str, schema: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return _get(summary, content, list(parameters))


def _stream(summary: str, content_type: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    query = [
        {"name": name, "in": "query", "schema": {"type": kind}, "description": what}
        for name, (kind, what) in _QUERY.items()
    ]
    return _get(summary, {content_type: {}}, [*parameters, *(query if parameters else [])])


def _get(summary: str, content: dict[str, Any], parameters: list[dict[str, Any]]) -> dict[str, Any]:
    errors = {"404": {"description": "No such channel"}} if parameters else {}
    return {
        "get": {
            "summary": summary,
            "parameters": parameters,
            "responses": {"200": {"description": summary, "content": content}, **errors},
        }
    }
