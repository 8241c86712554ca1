"""A hostile crowd in front of a real hub: good viewers get everything, and all of it is told."""

import asyncio
import json
import signal
from asyncio.subprocess import PIPE
from collections import Counter
from typing import Any

import pytest

from televise.crowd.account import Account
from televise.crowd.crowd import good, plan, watch
from televise.crowd.hostile import KINDS
from televise.crowd.output import Output
from televise.crowd.outputs import EXAMPLES, outputs_of
from televise.crowd.readers import READERS
from televise.crowd.report import as_json, as_text
from televise.crowd.wire import Address
from televise.model.hub_url import parse_hub_url
from tests.support.process import COMMAND, environment, run
from tests.support.server import serving
from tests.support.waiting import until

SHARES = {"slow": 0.1, "stalled": 0.1, "leaving": 0.1, "half-open": 0.1, "rubbish": 0.1}


def test_the_shares_are_kept() -> None:
    address = Address("127.0.0.1", 1, "/")
    outputs = [Output(name, address, "mp4") for name in "abc"]
    planned = plan(outputs, 30, {"slow": 0.2, "stalled": 0.1})
    counts = Counter(kind for kind, _ in planned)
    assert counts == {"healthy": 21, "slow": 6, "stalled": 3}
    assert {output.name for kind, output in planned if kind == "stalled"} == {"a", "b", "c"}


async def test_a_crowd_over_every_output() -> None:
    """Each way once with a good viewer, and as many bad ones; some come and go."""
    async with serving() as tv:
        await tv.is_live()
        outputs = await outputs_of(parse_hub_url(f"http://{tv.authority}", EXAMPLES), "")
        assert len(outputs) == 2 * len(READERS)
        accounts = await watch(outputs, 24, SHARES, seconds=3.0, churn=5.0)
        await until(lambda: tv.watching == 0)
    by_kind = {kind: [each for each in accounts if each.kind == kind] for kind in KINDS}
    assert {kind for kind in KINDS if by_kind[kind]} == set(KINDS)
    assert [each.output for each in by_kind["healthy"] if not each.complete] == []
    told = [each for each in accounts if each.said is not None]
    assert {each.kind for each in told} == {"healthy", "slow", "stalled"}
    assert {each.output for each in told} == {each.name for each in outputs}
    assert all(each.exact and each.said == each.delivered for each in told)
    assert good(accounts)
    assert all(each.delivered == 0 for each in by_kind["half-open"])
    assert all(each.joins > 1 for each in by_kind["leaving"])
    assert any("400" in each.ended or "closed with" in each.ended for each in by_kind["rubbish"])
    values = json.loads(as_json(accounts, 3.0))
    assert values["good"] is True
    assert len(values["viewers"]) == len(accounts)
    assert sum(total["delivered"] for total in values["outputs"]) == sum(
        each.delivered for each in accounts
    )
    *_, verdict = as_text(accounts)
    assert verdict.startswith(f"{len(by_kind['healthy'])} of {len(by_kind['healthy'])} healthy")


@pytest.mark.parametrize(
    "fault", [{"missing": 1}, {"duplicates": 1}, {"disorder": 1}, {"delivered": 0}, {"ended": "x"}]
)
def test_a_healthy_viewer_that_lost_something_is_a_failure(fault: dict[str, Any]) -> None:
    values: dict[str, Any] = {"delivered": 5, "missing": 0}
    assert good([Account("cam", "healthy", **values)])
    assert not good([Account("cam", "healthy", **(values | fault))])


async def test_the_command() -> None:
    async with serving() as tv:
        await tv.is_live()
        url = f"ws://{tv.authority}/cam.mjpg"
        arguments = ("viewers", url, "-n", "4", "--slow", "25%", "--seconds", "2", "--json")
        result = await asyncio.to_thread(run, *arguments)
    assert result.returncode == 0, result.stderr
    values = json.loads(result.stdout)
    assert [each["kind"] for each in values["viewers"]] == ["healthy"] * 3 + ["slow"]
    assert all(each["offered"] is not None for each in values["viewers"])


async def test_it_may_be_stopped_early() -> None:
    """It prints what it has."""
    async with serving() as tv:
        await tv.is_live()
        url = f"ws://{tv.authority}/cam.mjpg"
        command = [*COMMAND, "viewers", url, "-n", "3", "--seconds", "3000", "--json"]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=PIPE, stderr=PIPE, env=environment()
        )
        try:
            await until(lambda: tv.watching == 3)
            process.send_signal(signal.SIGINT)
            told, complaints = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
    assert (process.returncode, complaints) == (0, b"")
    values = json.loads(told)
    assert len(values["viewers"]) == 3
    assert values["seconds"] < 3000


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["http://192.0.2.1"], "--remote"),
        (["cam"], "write it as in http://127.0.0.1:8080"),
        (["http://127.0.0.1:9/cam.jpg"], "a crowd watches"),
        (["http://127.0.0.1:9"], "no hub answers there: connection refused"),
        (["http://hub.invalid", "--remote"], "hub.invalid: no hub answers there: "),
        (["http://127.0.0.1:9", "-n", "100000"], "from 1 to 5000"),
        (["http://127.0.0.1:9", "--slow", "60%", "--stall", "60%"], "more than 100%"),
        (["http://127.0.0.1:9", "--slow", "0.1"], "as in 10%"),
        (["http://127.0.0.1:9", "--churn", "5"], "as in 5/s"),
        (["http://127.0.0.1:9", "--churn", "500/s"], "at most 100/s"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_asked_wrongly_is_told(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from televise.cli import main

    assert main(["viewers", *arguments]) == 2
    captured = capsys.readouterr()
    assert complaint in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


@pytest.mark.parametrize(
    ("place", "complaint"),
    [
        ("none", "/none: no channel 'none'; there is: cam"),
        ("none.mp4", "/none.mp4: no channel 'none'; there is: cam"),
        ("cam.mjpg?w=1", "/cam.mjpg: w=1: even from 16 to 4096"),
        ("cam?w=1", "/cam: w=1: even from 16 to 4096"),
    ],
)
async def test_what_the_hub_refuses_to_everybody_is_one_line(place: str, complaint: str) -> None:
    async with serving() as tv:
        result = await asyncio.to_thread(run, "viewers", f"ws://{tv.authority}/{place}")
    assert (result.returncode, result.stdout) == (2, "")
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1
