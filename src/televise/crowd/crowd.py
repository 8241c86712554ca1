"""Crowd: so many viewers of each kind, for so long, and the accounts of all of them."""

import asyncio
import contextlib
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import cycle

from televise.crowd.account import Account
from televise.crowd.hostile import KINDS, Passing
from televise.crowd.output import Output
from televise.crowd.viewer import Viewer, first_of
from televise.errors import InputError

MOST_VIEWERS = 5000
MOST_SECONDS = 3600
MOST_CHURN = 100.0
# They do not all come in the same moment, which would say more of this machine than of the hub.
JOINS_PER_SECOND = 500.0
# Of those who only pass, at most so many are there at once; their accounts are put together.
MOST_PASSING = 200


async def watch(
    outputs: Sequence[Output],
    viewers: int,
    shares: Mapping[str, float],
    *,
    seconds: float,
    churn: float = 0.0,
    stop: asyncio.Event | None = None,
) -> list[Account]:
    """``viewers`` of ``outputs`` in turn, for ``seconds`` or until ``stop``; ``shares`` (0 to 1)
    are of bad kinds, ``churn`` join and leave each second. InputError for too many."""
    check(viewers, shares, seconds, churn)
    crowd: list[Viewer] = []
    stop = stop or asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for kind, output in plan(outputs, viewers, shares):
            if stop.is_set():
                break
            crowd.append(KINDS[kind](output))
            group.create_task(crowd[-1].run(stop))
            await asyncio.sleep(1 / JOINS_PER_SECOND)
        passing = asyncio.create_task(_pass(outputs, churn, stop)) if churn else None
        await first_of(stop.wait(), seconds=seconds)
        stop.set()
    accounts = [viewer.account for viewer in crowd]
    if passing:
        accounts += await passing
    for output in outputs:
        compare(output)
    return accounts


def check(viewers: int, shares: Mapping[str, float], seconds: float, churn: float) -> None:
    """InputError where it is more than a crowd may be."""
    if not 1 <= viewers <= MOST_VIEWERS:
        raise InputError(f"{viewers} viewers: from 1 to {MOST_VIEWERS}")
    if not 0 < seconds <= MOST_SECONDS:
        raise InputError(f"{seconds:g} seconds: above 0, and at most {MOST_SECONDS}")
    if not 0 <= churn <= MOST_CHURN:
        raise InputError(f"a churn of {churn:g}/s: at most {MOST_CHURN:g}/s")
    if sum(shares.values()) > 1:
        raise InputError("the shares of bad viewers are more than 100% together")


def plan(
    outputs: Sequence[Output], viewers: int, shares: Mapping[str, float]
) -> list[tuple[str, Output]]:
    """Who watches what: each output has viewers of each kind, as far as there are enough."""
    kinds: list[str] = []
    for kind, share in shares.items():
        kinds += [kind] * min(round(share * viewers), viewers - len(kinds))
    healthy = viewers - len(kinds)
    turns = {kind: cycle(outputs) for kind in ("healthy", *shares)}
    return [(kind, next(turns[kind])) for kind in ["healthy"] * healthy + kinds]


async def _pass(outputs: Sequence[Output], churn: float, stop: asyncio.Event) -> list[Account]:
    """Some join and leave all the time."""
    turn, tasks = cycle(outputs), set[asyncio.Task[None]]()
    totals = {output.name: Account(output.name, Passing.kind) for output in outputs}

    async def once(viewer: Viewer) -> None:
        await viewer.run(stop)
        viewer.output.accounts.remove(viewer.account)
        _add(totals[viewer.output.name], viewer.account)

    while not stop.is_set():
        if len(tasks) < MOST_PASSING:
            task = asyncio.create_task(once(Passing(next(turn))))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1 / churn):
                await stop.wait()
    await asyncio.gather(*tasks)
    return [each for each in totals.values() if each.joins]


def _add(total: Account, one: Account) -> None:
    total.joins += one.joins
    total.delivered += one.delivered
    total.bytes += one.bytes
    total.duplicates += one.duplicates
    total.disorder += one.disorder
    total.ended = total.ended or one.ended
    if one.first_ms is not None:
        total.first_ms = max(total.first_ms or 0.0, one.first_ms)


def compare(output: Output) -> None:
    """Where numbers are times, the crowd is its own witness: what one saw and another did not
    between its first and its last is missing there."""
    seen = {track: sorted(numbers) for track, numbers in output.seen.items()}
    for account in output.accounts:
        if account.missing is None and account.spans and account.kind not in ("leaving", "passing"):
            there = sum(
                bisect_right(seen[track], last) - bisect_left(seen[track], first)
                for track, (first, last) in account.spans.items()
            )
            account.missing = max(0, there - account.delivered + account.duplicates)


def totals(accounts: Sequence[Account]) -> list[Account]:
    """One for each output and kind."""
    found: dict[tuple[str, str], Account] = {}
    for each in accounts:
        total = found.setdefault((each.output, each.kind), Account(each.output, each.kind))
        _add(total, each)
        total.dropped += each.dropped
        total.missing = _sum(total.missing, each.missing)
        total.said, total.waiting = _sum(total.said, each.said), _sum(total.waiting, each.waiting)
        total.epochs = max(total.epochs, each.epochs)
        total.longest_gap_ms = max(total.longest_gap_ms, each.longest_gap_ms)
    return list(found.values())


def good(accounts: Sequence[Account]) -> bool:
    """Whether every healthy viewer got everything, and no account is wrong."""
    return all(each.complete if each.kind == "healthy" else each.exact for each in accounts)


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other
