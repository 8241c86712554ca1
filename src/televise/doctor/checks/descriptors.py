"""How many files may be open: every viewer is one."""

import sys

from televise.doctor.finding import Finding, note, ok, wrong

NAME = "descriptors"
# What --max-viewers is if nothing else is said.
VIEWERS = 10_000
# Workers, links, the log, and those that are kept free.
OTHERS = 128
_FIX = "LimitNOFILE=65536 in the service's unit, or ulimit -Hn 65536 before it is started"


async def examine() -> list[Finding]:
    """The hard limit counts: the hub raises the soft one to it."""
    if sys.platform == "win32":
        return []
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return [of_limit(sys.maxsize if hard == resource.RLIM_INFINITY else hard)]


def of_limit(limit: int) -> Finding:
    """What so many descriptors are enough for."""
    if limit <= 2 * OTHERS:
        return wrong(f"only {limit} files may be open", _FIX)
    if limit < VIEWERS + OTHERS:
        return note(f"{limit} files may be open: {limit - OTHERS} viewers at most", _FIX)
    return ok(f"enough files may be open for {VIEWERS} viewers")
