"""Many viewers: what a message costs, here and elsewhere."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

from bench.compare import C_LIMIT, COMPLETE, SIZE
from bench.sections.table import Rows, section, table

IMAGES = Path(__file__).parents[2] / "docs" / "images"


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
            "packed once, however many watch. No key is needed here; televise with keys, and with "
            "its metrics read, is in the next section.\n",
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
    mpl.rcParams["svg.hashsalt"] = "televise"  # the same picture for the same figures
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
            "The hub as it is run for others: watching needs a key, all limits and the bound on "
            "latency hold, and its metrics are read once a second.\n",
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
            _resumed(best["resumed"]),
        ]
    )


def _resumed(streams: dict[str, dict[str, float]]) -> str:
    """What lies before those who have stalled."""
    return "\n".join(
        [
            "A viewer that has read nothing for 5 to 7 s goes on: seconds of pictures, at most, "
            "that it must eat before it is at the live edge. What its own kernel has taken no "
            "server can take back; how much that takes is its own affair. Those since the "
            "keyframe at which it goes on come at once, and there are more of them the rarer a "
            "source's keyframes are.\n",
            table(
                ["", "in its own kernel", "in the hub's", "since the keyframe"],
                [[name, *one.values()] for name, one in streams.items()],
            ),
        ]
    )


def workers(found: Rows) -> str:
    """One process, and several."""
    best = found[-1]
    name = f"{best['workers']} fan-out processes and the hub"
    return section(
        "Fan-out processes",
        f"{best['viewers']} viewers, 20 KB, 30 a second; all processes together, "
        f"{best['ratio']} times one.\n",
        table(
            ["", "µs per message", "worst viewer got"],
            [
                ["one process", best["one_us"], f"{best['one_worst_viewer_got']:.1%}"],
                [name, best["workers_us"], f"{best['workers_worst_viewer_got']:.1%}"],
            ],
        ),
    )


def join(found: Rows) -> str:
    """Many who come at the same moment."""
    best = found[-1]
    return section(
        "Many who come at once",
        f"{best['joined']} viewers of MP4 connect at the same moment: {best['pictures']} have a "
        f"picture, half of them after {best['first_p50']} s, 99 of 100 after {best['first_p99']} "
        f"s, the last after {best['first_last']} s. Meanwhile {best['old_viewers']} who watch "
        f"already get {best['old_got_share']:.1%}, with no gap longer than "
        f"{best['old_longest_gap_ms']:.0f} ms.\n",
    )


def restart(found: Rows) -> str:
    """All who were there, after the server was gone."""
    best = found[-1]
    return section(
        "After a restart",
        f"The server of {best['viewers']} viewers is killed and started again. They wait as the "
        f"player does: at most {best['most_in_a_second']} come in one second, and the last has a "
        f"picture {best['last_back_seconds']} s after the server answers.\n",
    )


def soak(found: Rows) -> str:
    """Whether anything grows."""
    best = found[-1]
    before, after = best["descriptors"]
    tasks_before, tasks_after = best["tasks"]
    return section(
        "For a long time",
        f"{best['minutes']:.0f} minutes, in which {best['joined']} viewers came and went, five a "
        f"second, slow ones among them, and the source's worker was killed {best['kills']} times. "
        f"In the second half memory changed by {best['megabytes_per_hour']} MB an hour (it was "
        f"{best['resident_mb']} MB) and the age of pictures by {best['age_drift_ms']} ms. "
        f"Descriptors before and after: {before:.0f}, {after:.0f}; tasks: {tasks_before:.0f}, "
        f"{tasks_after:.0f}.\n",
        "![Memory, descriptors, tasks and age](images/soak.svg)\n",
    )


def tls(found: Rows) -> str:
    """The price of TLS."""
    best = found[-1]
    rows = [[name, best[kind]["us_per_message"]] for name, kind in _KINDS]
    return "\n".join(
        [
            "## TLS\n",
            f"{best['viewers']} viewers, 20 KB, 30 a second; {best['ratio']} times the processor "
            "time.\n",
            table(["", "µs per message"], rows),
        ]
    )


_KINDS = (("without", "plain"), ("with TLS", "tls"))
