"""How long the hub takes from start to its first answer; what it costs while nobody watches.

Goals: 300 ms, 60 MB resident, 0.5 % of a core, no worker.
"""

import argparse
import json
import statistics
import time

from bench.hub import serving

LINGER_SECONDS = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--idle-seconds", type=float, default=10.0)
    options = parser.parse_args()
    starts = []
    for _ in range(options.runs):
        with serving("pattern:") as hub:
            starts.append(hub.start_seconds)
    with serving("pattern:") as hub:
        time.sleep(LINGER_SECONDS + 3.0)
        before = hub.cpu_seconds()
        time.sleep(options.idle_seconds)
        result = {
            "start_ms_median": round(statistics.median(starts) * 1000),
            "start_ms_all": [round(start * 1000) for start in starts],
            "idle_resident_mb": round(hub.resident_bytes() / 1e6, 1),
            "idle_cpu_percent": round((hub.cpu_seconds() - before) / options.idle_seconds * 100, 2),
            "idle_workers": len(hub.processes) - 1,
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
