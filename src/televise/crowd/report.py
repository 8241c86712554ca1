"""Report: the accounts of a crowd, as lines for people or as JSON."""

import json
from collections.abc import Iterator, Sequence

from televise.crowd.account import Account
from televise.crowd.crowd import good, totals

_HEAD = (
    f"{'output':22} {'viewer':9} {'offered':>7} {'got':>7} {'waiting':>7} {'missing':>7} "
    f"{'twice':>5} {'order':>5} {'kB':>8} {'first':>7} {'age':>6} {'gap':>6}  what the hub says"
)


def as_json(accounts: Sequence[Account], seconds: float) -> str:
    """All of it."""
    values = {
        "seconds": seconds,
        "good": good(accounts),
        "viewers": [each.to_json() for each in accounts],
        "outputs": [_total(each, accounts) for each in totals(accounts)],
    }
    return json.dumps(values)


def as_text(accounts: Sequence[Account]) -> Iterator[str]:
    """A line for each viewer, one for each output and kind, and the verdict."""
    yield _HEAD
    yield from (_line(each) for each in accounts)
    yield "\nthe same by output (first: the latest of them, gap: the longest)"
    for each in totals(accounts):
        count = sum((one.output, one.kind) == (each.output, each.kind) for one in accounts)
        yield f"{_line(each)}  ({count} viewer{'' if count == 1 else 's'})"
    yield _verdict(accounts)


def _total(total: Account, accounts: Sequence[Account]) -> dict[str, object]:
    count = sum((one.output, one.kind) == (total.output, total.kind) for one in accounts)
    names = ("output", "kind", "delivered", "bytes", "missing", "duplicates", "disorder")
    values: dict[str, object] = {name: getattr(total, name) for name in names}
    dropped = {"dropped": total.dropped.to_json(), "longest_gap_ms": total.longest_gap_ms}
    return {"viewers": count, **values, **dropped}


def _line(each: Account) -> str:
    return (
        f"{each.output[-22:]:22} {each.kind:9} {_known(each.offered):>7} {each.delivered:7} "
        f"{_known(each.waiting):>7} {_known(each.missing):>7} {each.duplicates:5} "
        f"{each.disorder:5} {each.bytes // 1000:8} {_ms(each.first_ms):>7} "
        f"{_ms(each.age_ms):>6} {_ms(each.longest_gap_ms):>6}  {_said(each)}"
    ).rstrip()


def _known(count: int | None) -> str:
    return "?" if count is None else str(count)


def _said(each: Account) -> str:
    """What became of the rest, and how it ended."""
    parts = [f"{reason} {count}" for reason, count in each.dropped.to_json().items()]
    parts += [f"{each.breaks} breaks"] if each.breaks else []
    parts += [] if each.exact else ["NOT EXACT"]
    many = each.joins > 1 and each.kind != "healthy"
    parts += [f"{each.joins} connections"] if many else []
    return ", ".join([*parts, *([each.ended] if each.ended else [])])


def _verdict(accounts: Sequence[Account]) -> str:
    healthy = [each for each in accounts if each.kind == "healthy"]
    complete = sum(each.complete for each in healthy)
    told = [each for each in accounts if each.said is not None]
    exact = sum(each.exact for each in told)
    return (
        f"{complete} of {len(healthy)} healthy viewers got everything; "
        f"{exact} of {len(told)} accounts that the hub keeps too agree with it"
    )


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}ms"
