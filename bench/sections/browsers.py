"""What browsers show: how old it is, and what becomes of it when something fails."""

from typing import Any

from bench.sections.table import Rows, section, table

RUNGS = {
    **{rung: rung for rung in ("webcodecs", "mse", "jsmpeg", "mjpeg", "gif")},
    "img": "GIF in `<img>`",
}


def age(found: Rows) -> str:
    """How old the picture on the screen is."""
    rows = [
        _age(result["browser"], name, result[rung])
        for result in found
        for rung, name in RUNGS.items()
        if rung in result
    ]
    heads = [
        "",
        "rung",
        "median ms",
        "95 % below ms",
        "a second",
        "first picture ms",
        "after a halt",
    ]
    return section(
        "How old the picture is",
        f"{found[0]['size']} at 30 pictures a second (GIF: 10), read back from the pixels: from "
        "the drawing of a picture at the source to the page that shows it, its encoding included. "
        "Then how long somebody who comes waits for the first one (of five), and the oldest "
        "picture in the third second after the server stood still for "
        f"{found[0]['paused']:.0f} s (SIGSTOP). A GIF in an `<img>` is read from screenshots.\n",
        table(heads, rows),
    )


def _age(browser: str, rung: str, one: dict[str, Any]) -> list[object]:
    joined = one.get("join_ms")
    return [
        browser,
        rung,
        one["age_ms_median"],
        one["age_ms_p95"],
        one["pictures_per_second"],
        f"{min(joined)} to {max(joined)}" if joined else "",
        one["resumed"]["age_ms_max"] if "resumed" in one else "",
    ]


def rungs(found: Rows) -> str:
    """All ways of watching, and from one to the next."""
    costs, recoveries = found[0], found[1:]
    rows = [
        [name, cost["hub"], cost["worker"], cost["megabits_per_second"], len(cost["encodings"])]
        for name, cost in costs.items()
    ]
    return section(
        "Every rung",
        "One source of 1280x720 at 30 pictures a second with sound, drawn and encoded here; "
        "percent of one core. More viewers add no encoder.\n",
        table(["watched by", "hub %", "worker %", "Mbit/s", "kinds of encodings"], rows),
        "Seconds from the failure of a rung in a page to two pictures of the next one, at most:\n",
        table(["", *_WAYS.values()], [_recovery(each) for each in recoveries]),
    )


_WAYS = {
    "block": "its codec is blocked",
    "cut": "its socket is cut",
    "stall": "nothing comes any more",
}


def _recovery(result: dict[str, Any]) -> list[object]:
    """The longest of each way, whichever rungs."""
    times = {
        way: max(
            seconds
            for name, steps in result.items()
            if name.startswith(way)
            for seconds in steps.values()
        )
        for way in _WAYS
    }
    return [result["browser"], *times.values()]


def publish(found: Rows) -> str:
    """How old pictures of publishers are."""
    result = found[-1]
    ways = {"direct": "drawn by televise", "rtmp": "ffmpeg, RTMP", "ts": "ffmpeg, MPEG-TS"}
    rows = [
        [
            text,
            *(result[way][key] for key in ("age_ms_median", "age_ms_p95", "pictures_per_second")),
        ]
        for way, text in ways.items()
    ]
    return section(
        "Publishers",
        f"{result['size']}, from the publisher's stamp to the screen of Chromium.\n",
        table(["", "median ms", "95 % below ms", "pictures per second"], rows),
    )


def republish(found: Rows) -> str:
    """A publisher that is killed."""
    rows = [
        [each["way"].upper(), each["told_most"], each["back_median"], each["back_most"]]
        for each in found
    ]
    return "\n".join(
        [
            f"Killed and started again while somebody watches, {found[0]['times']} times: seconds "
            "until viewers were told, and from the new publisher's start to a picture. No viewer "
            "had to come again.\n",
            table(["", "told, at most", "back, median", "at most"], rows),
        ]
    )
