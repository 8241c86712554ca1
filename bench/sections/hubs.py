"""Hubs in a row and beside each other."""

from bench.sections.table import Rows, section, table


def hops(found: Rows) -> str:
    """Each hub on the way."""
    one = found[-1]
    return section(
        "From hub to hub",
        f"Each of {one['hops']} hubs in a row adds {one['delay_per_hop_ms_p50']} ms (median; 99 % "
        f"below {one['delay_per_hop_ms_p99']} ms) and takes {one['cpu_percent_per_hop']} % of a "
        f"core, at {one['mbit_per_second']} Mbit/s. Of {one['packets']} packets that left the "
        f"first one {one['lost']} never came to the last.\n",
    )


def chain(found: Rows) -> str:
    """Hubs that start in any order, and die."""
    one = found[-1]
    killed = one["killed"]
    rows = [
        [name, max(each["after_start"] for each in times)]
        for name, times in killed.items()
        if isinstance(times, list)
    ]
    return "\n".join(
        [
            f"Four hubs in a row, started in all {one['orders']} orders: a picture "
            f"{one['playing_after_start_most']} s after the last start at most (median "
            f"{one['playing_after_start_median']} s). Each killed (-9) and started again while "
            f"Chromium watches: {killed['pictures']} pictures, {killed['shown_again']} of them "
            f"twice, {killed['broken']} broken; seconds from the start to the next picture:\n",
            table(["killed", "seconds"], rows),
        ]
    )


def frozen(found: Rows) -> str:
    """A hub that hangs beside others."""
    rows = [
        [way, one["age_ms_p99"], one["beside_one_that_hangs"]]
        for each in found
        for way, one in each.items()
    ]
    return "\n".join(
        [
            "Picture age at two edges, 99 % below ms, without and with a third one that hangs:\n",
            table(["", "alone", "beside it"], rows),
        ]
    )


def nats(found: Rows) -> str:
    """The bus."""
    one = found[-1]
    kinds = ("one_channel", "eight_channels", "beside_a_hub_that_hangs")
    rows = [
        [kind.replace("_", " "), one[kind]["added_ms_median"], one[kind]["added_ms_p99"]]
        for kind in kinds
    ]
    return section(
        "Over NATS",
        f"nats-server {one['nats_server']}. A new hub knows all channels after "
        f"{one['known_after_ms']} ms; after the server was killed and started again pictures are "
        f"back in {one['back_after_restart_seconds']} s. What it adds:\n",
        table(["", "median ms", "99 % below ms"], rows),
    )
