"""Makes docs/performance.md, and its plot, of what the benchmarks found (``bench/results``)."""

import json
from collections.abc import Callable
from pathlib import Path

from bench.run import RESULTS
from bench.sections import browsers, fanout, hubs, sources
from bench.sections.table import Rows

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"

HEAD = """\
# What it costs

Made by `make bench` of what it measured; nothing here is written by hand. One machine with two
processor cores and nothing else to do, all of it over loopback, without TLS where it is not said.
Absolute figures are this machine's, which is a virtual one and not equally fast at all times: where
C takes longer in one section than in another, everything did. Ratios, which come from one run, are
what to look at. The scripts are in [bench](../bench/README.md).
"""
# Of the benchmark of that name, in this order.
SECTIONS: dict[str, Callable[[Rows], str]] = {
    "compare": fanout.compare,
    "fanout": fanout.fanout,
    "workers": fanout.workers,
    "join": fanout.join,
    "restart": fanout.restart,
    "tls": fanout.tls,
    "age": browsers.age,
    "rungs": browsers.rungs,
    "publish": browsers.publish,
    "republish": browsers.republish,
    "hops": hubs.hops,
    "chain": hubs.chain,
    "frozen": hubs.frozen,
    "nats": hubs.nats,
    "start": sources.start,
    "sources": sources.sources,
    "show": sources.show,
    "gif": sources.gif,
    "soak": fanout.soak,
}


def main() -> None:
    parts = [HEAD]
    for name, section in SECTIONS.items():
        found = RESULTS / f"{name}.json"
        if found.exists():
            parts.append(section(json.loads(found.read_text())))
    PAGE.write_text("\n".join(parts))


if __name__ == "__main__":
    main()
