"""T17: no answer tells the password of a camera, a key, or what signs them, whoever asks."""

from pathlib import Path

from televise.web.openapi import document
from tests.attacks.victim import CANARY, PASSWORD, Victim

PAGES = ["/", "/door", "/door/publish", "/topology", "/nobody", "/api/link", "/api/wall", "/%00"]
# All streams say the same where there is no picture, two seconds later.
READING = [path for path, methods in document("1")["paths"].items()
           if "get" in methods and not path.startswith("/{name}.")]  # fmt: skip


def test_no_answer_tells_a_secret(victim: Victim) -> None:
    """Of the channel with a password in it, to one who may do everything, and to a stranger."""
    secret = Path(victim.folder, "key").read_text().strip()
    told = victim.ask("/door.jpg").body.decode()
    for key in ({}, victim.bearer(can="view"), victim.bearer(can="admin")):
        for path in [*PAGES, *(path.replace("{name}", "door") for path in READING)]:
            answer = victim.ask(path, headers=key)
            told += answer.head + answer.body.decode("latin-1")
    assert "http://***@127.0.0.1:9/live.ts?***" in told
    for hidden in (PASSWORD, CANARY, secret, str(victim.folder / "key")):
        assert hidden not in told
