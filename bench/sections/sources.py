"""Sources, encoders, programs, and the start."""

from bench.sections.table import Rows, section, table


def start(found: Rows) -> str:
    """Starting, and doing nothing."""
    result = found[-1]
    return section(
        "Starting, and waiting",
        f"From the command to the first answer: {result['start_ms_median']} ms (median of "
        f"{len(result['start_ms_all'])}). With a channel that nobody watches the server takes "
        f"{result['idle_resident_mb']} MB and {result['idle_cpu_percent']} % of a core; "
        f"{result['idle_workers']} workers run.\n",
    )


def sources(found: Rows) -> str:
    """Many at once."""
    one = found[-1]
    return (
        f"Twenty sources at once (640x360, {one['source_pictures_per_second']} a second) take "
        f"{one['idle_cpu_percent']} % of a core while nobody watches. With a viewer of each the "
        f"slowest gives {one['pictures_per_second_least']} pictures a second, and all together "
        f"take {one['watched_cpu_percent']:.0f} %, encoding included.\n"
    )


def show(found: Rows) -> str:
    """A Python program's frames."""
    costs = found[-1]
    names = {
        "bare_copy": "a bare copy of the picture",
        "watched": "`show`, watched",
        "unwatched": "`show`, not watched",
        "unwatched_at_once": "the same without a pause between",
    }
    rows = [[text, costs[name]["us_p50"], costs[name]["us_p95"]] for name, text in names.items()]
    spinning = costs["spinning"]
    return section(
        "`show` in a Python program",
        "1280x720, RGB, 30 a second; µs that the caller waits. The program sleeps between, after "
        "which nothing is in the processor's caches.\n",
        table(["", "median", "95 % below"], rows),
        f"While another thread of the program never rests, viewers get "
        f"{spinning['viewed_per_second']} of {spinning['shown_per_second']} pictures a second.\n",
    )


def gif(found: Rows) -> str:
    """The encoder of GIF."""
    rows = [
        [
            *(each["scene"], each["ms_mean"], each["kbytes_per_second"], each["psnr"]),
            *(each["psnr_of_ffmpeg"], each["still_bytes_per_second"]),
        ]
        for each in found
    ]
    heads = ["640x360", "ms per picture", "KB/s", "PSNR dB", "FFmpeg's dB", "standing still, B/s"]
    return section(
        "GIF",
        "Ten pictures a second; FFmpeg makes a palette for each (palettegen, paletteuse).\n",
        table(heads, rows),
    )
