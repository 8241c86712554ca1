"""What the doctor is to find: hubs behind proxies that do wrong, each shown by its report."""

import json
from dataclasses import dataclass
from typing import Any

from tests.support.process import run


@dataclass(frozen=True)
class Report:
    """What `televise doctor --json` has said."""

    code: int
    findings: list[dict[str, Any]]

    def of(self, check: str) -> list[dict[str, Any]]:
        return [each for each in self.findings if each["check"] == check]

    def level(self, check: str) -> str:
        """The worst that a check found."""
        levels = [each["level"] for each in self.of(check)]
        return max(levels, key=["ok", "note", "wrong"].index, default="nothing")

    def text(self, check: str) -> str:
        """All that a check found, with the fixes."""
        return "\n".join(f"{each['text']} FIX {each['fix']}" for each in self.of(check))


def examined(*arguments: str, **environment: str) -> Report:
    """A real run of it."""
    finished = run("doctor", "--json", *arguments, **environment)
    assert finished.returncode in (0, 1), finished.stderr
    said = json.loads(finished.stdout)
    assert said["wrong"] == sum(each["level"] == "wrong" for each in said["findings"])
    assert finished.returncode == int(said["wrong"] > 0)
    return Report(finished.returncode, said["findings"])
