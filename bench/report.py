"""Makes docs/performance.md, and its plots, of what the benchmarks found (``bench/results``)."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

from bench.compare import C_LIMIT, COMPLETE, SIZE
from bench.run import RESULTS

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "performance.md"
IMAGES = ROOT / "docs" / "images"
Rows = list[dict[str, Any]]

HEAD = """\
# What it costs

Made by `make bench` of what it measured; nothing here is written by hand. One machine with two
processor cores and nothing else to do, all of it over loopback, without TLS where it is not said.
Absolute figures are this machine's; ratios, which come from one run, are what to look at. The
scripts are in [bench](../bench/README.md).
"""


def main() -> None:
    mpl.rcParams["svg.hashsalt"] = "televise"  # the same picture for the same figures
    parts = [HEAD]
    for name, section in SECTIONS.items():
        found = RESULTS / f"{name}.json"
        if found.exists():
            parts.append(section(json.loads(found.read_text())))
    PAGE.write_text("\n".join(parts))


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """In Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"


def compare(found: Rows) -> str:
    """Beside other servers."""
    main_rows = [row for row in found if row["size"] == SIZE]
    counts = sorted({row["viewers"] for row in main_rows})
    peers = list(dict.fromkeys(row["peer"] for row in main_rows))
    _plot_fanout(main_rows, peers)
    return "\n".join(
        [
            "## Pushing the same bytes to everybody\n",
            "Processor time per message in µs, all threads of the server and of what feeds it "
            f"inside its process tree; messages of {SIZE // 1000} KB, 30 a second to each viewer. "
            "Behind it the ratio to a bare loop of `send()` in C in the same round. Brackets: its "
            f"worst viewer got less than {COMPLETE:.0%}; larger numbers were not tried then. Where "
            "that is so of C too, the load generator could not follow.\n",
            table(
                ["viewers", *map(str, counts)],
                [
                    [peer, *(_cell(main_rows, peer, viewers=count) for count in counts)]
                    for peer in peers
                ],
            ),
            "![Processor time per message](images/fanout.svg)\n",
            "With one viewer most of the time is the source's: its pictures are read and "
            "packed once, however many watch.\n",
            _sizes(found),
        ]
    )


def _sizes(found: Rows) -> str:
    sizes = sorted({row["size"] for row in found})
    peers = list(dict.fromkeys(row["peer"] for row in found))
    rows = [
        [peer, *(_cell(found, peer, viewers=200, size=size) for size in sizes)] for peer in peers
    ]
    heads = ["200 viewers, messages of", *(f"{size // 1000} KB" for size in sizes)]
    return table(heads, rows)


def _cell(rows: Rows, peer: str, **which: int) -> str:
    for row in rows:
        if row["peer"] == peer and all(row[key] == value for key, value in which.items()):
            ratio = "" if peer == C_LIMIT else f" ({row['ratio']:.2f})"
            text = f"{row['us_per_message']:.1f}{ratio}"
            return text if row["worst_viewer_got"] >= COMPLETE else f"[{text}]"
    return ""


def _plot_fanout(rows: Rows, peers: Sequence[str]) -> None:
    figure, axes = plt.subplots(figsize=(7.5, 4))
    for peer in peers:
        whole = [
            row
            for row in rows
            if row["peer"] == peer and row["viewers"] >= 50 and row["worst_viewer_got"] >= COMPLETE
        ]
        whole.sort(key=lambda row: int(row["viewers"]))
        if whole:
            axes.plot(
                [row["viewers"] for row in whole],
                [row["us_per_message"] for row in whole],
                marker="o",
                label=peer,
                linewidth=2.5 if peer in ("televise", C_LIMIT) else 1.0,
            )
    axes.set(xscale="log", yscale="log", xlabel="viewers", ylabel="µs per message")
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(IMAGES / "fanout.svg", metadata={"Date": None})
    plt.close(figure)


def fanout(found: Rows) -> str:
    """The hub alone, and viewers that take nothing."""
    best = found[-1]
    return "\n".join(
        [
            "## A thousand viewers, and twenty that have stalled\n",
            table(
                ["", "µs per message", "worst viewer got"],
                [
                    ["C", best["c_us"], ""],
                    ["televise", best["hub_us"], f"{best['worst_viewer_got']:.1%}"],
                    [
                        f"the same beside {best['stalled']} stalled",
                        best["with_stalled_us"],
                        f"{best['with_stalled_worst_viewer_got']:.1%}",
                    ],
                ],
            ),
            f"Ratios to C in {len(best['ratios'])} rounds: "
            f"{', '.join(f'{ratio:.2f}' for ratio in best['ratios'])}. A stalled viewer costs "
            f"{best['kb_per_stalled']} KB.\n",
        ]
    )


def tls(found: Rows) -> str:
    """The price of TLS."""
    best = found[-1]
    heads = {"us_per_message": "µs per message", "kb_per_stalled": "KB per stalled viewer"}
    rows = [[name, *(best[kind][key] for key in heads)] for name, kind in _KINDS]
    return "\n".join(
        [
            "## TLS\n",
            f"{best['viewers']} viewers, 20 KB, 30 a second; {best['ratio']} times the processor "
            "time.\n",
            table(["", *heads.values()], rows),
        ]
    )


_KINDS = (("without", "plain"), ("with TLS", "tls"))


def age(found: Rows) -> str:
    """In browsers."""
    result = found[-1]
    rungs = [rung for rung in ("webcodecs", "mse", "jsmpeg", "mjpeg") if rung in result]
    rows = [
        [
            rung,
            result[rung]["age_ms_median"],
            result[rung]["age_ms_p95"],
            result[rung]["pictures_per_second"],
            f"{min(result[rung]['join_ms'])}-{max(result[rung]['join_ms'])}",
        ]
        for rung in rungs
    ]
    return "\n".join(
        [
            "## How old the picture is\n",
            f"In Chromium, {result['size']} at 30 pictures a second, read back from the pixels: "
            "from the drawing of a picture at the source to the page that shows it, its encoding "
            "included; and how long somebody who comes waits for the first one (of five).\n",
            table(
                ["rung", "median ms", "95 % below ms", "pictures per second", "first picture ms"],
                rows,
            ),
        ]
    )


def start(found: Rows) -> str:
    """Starting, and doing nothing."""
    result = found[-1]
    return "\n".join(
        [
            "## Starting, and waiting\n",
            f"From the command to the first answer: {result['start_ms_median']} ms (median of "
            f"{len(result['start_ms_all'])}). With a channel that nobody watches the server takes "
            f"{result['idle_resident_mb']} MB and {result['idle_cpu_percent']} % of a core; "
            f"{result['idle_workers']} workers run.\n",
        ]
    )


def rungs(found: Rows) -> str:
    """All ways of watching at once."""
    costs, recoveries = found[0], found[1]
    rows = [
        [name, cost["hub"], cost["worker"], cost["megabits_per_second"], len(cost["encodings"])]
        for name, cost in costs.items()
    ]
    return "\n".join(
        [
            "## Every rung\n",
            "One source of 1280x720 at 30 pictures a second with sound, drawn and encoded here; "
            "percent of one core. More viewers add no encoder.\n",
            table(["watched by", "hub %", "worker %", "Mbit/s", "encodings"], rows),
            "Seconds from the failure of a rung, in a page of Chromium, to two pictures of the "
            f"next: {_said(recoveries)}.\n",
        ]
    )


def _said(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def show(found: Rows) -> str:
    """A Python program's frames."""
    rows = [
        [name.replace("_", " "), *(f"{value}" for value in cost.values())]
        for name, cost in found[-1].items()
        if isinstance(cost, dict)
    ]
    heads = list(next(cost for cost in found[-1].values() if isinstance(cost, dict)))
    return "\n".join(
        [
            "## `show` in a Python program\n",
            "1280x720, RGB.\n",
            table(["", *(head.replace("_", " ") for head in heads)], rows),
        ]
    )


SECTIONS: dict[str, Callable[[Rows], str]] = {
    "compare": compare,
    "fanout": fanout,
    "tls": tls,
    "age": age,
    "rungs": rungs,
    "start": start,
    "show": show,
}


if __name__ == "__main__":
    main()
