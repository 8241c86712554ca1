"""This machine's clock: whether something keeps it right."""

import ctypes
import sys

from televise.doctor.finding import Finding, note, ok

NAME = "clock"
# adjtimex(2): the kernel was not told the time by anything lately.
TIME_ERROR = 5
# More than a `struct timex` has; its first field, the modes, is 0: nothing is changed.
_TIMEX_BYTES = 512


async def examine() -> list[Finding]:
    """What the kernel says of it. On Linux only."""
    if sys.platform != "linux":
        return []
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return [of_state(state)]


def of_state(state: int) -> Finding:
    """What ``adjtimex`` has answered."""
    if state == TIME_ERROR:
        return note(
            "nothing keeps this machine's clock right: keys end, and the past is found, by it",
            "timedatectl set-ntp true, or install chrony (a container has its host's clock)",
        )
    return ok("the clock is kept right")
