"""What a pusher says of a hub that does not take it."""

from typing import Any

import pytest

from televise import events
from televise.program.complaints import AGAIN_SECONDS, Complaints


@pytest.fixture
def complain(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The line that a pusher logs."""

    def write(reason: str) -> str:
        events._quiet_until.clear()
        events._get_logger.cache_clear()
        events.warning("not publishing", to="ws://hub/cam", reason=reason, next="0.25 s")
        return capsys.readouterr().err

    yield write
    events._get_logger.cache_clear()


@pytest.mark.parametrize("reason", ["refused", "somebody publishes cam", 'with "quotes" = \\ it'])
def test_the_reason_is_found_and_told_once(complain: Any, reason: str) -> None:
    complaints = Complaints()
    line = complain(reason)
    assert line.count("\n") == 1
    assert complaints.hear(line, 10.0) == reason
    assert complaints.hear(line, 20.0) == ""
    assert complaints.hear(complain("another"), 30.0) == "another"
    assert complaints.hear(line, 40.0) == reason
    assert complaints.hear(line, 40.0 + AGAIN_SECONDS) == reason, "it had passed meanwhile"


def test_what_is_no_complaint() -> None:
    complaints = Complaints()
    for line in ("", "televise: no key\n", 'level=info event="channel cam is live" reason=x\n'):
        assert complaints.hear(line, 10.0) == ""
