"""Keys: what a token allows, who is refused, and the one secret that all processes agree on."""

import base64
import hashlib
import hmac
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from televise import events
from televise.errors import Forbidden, InputError, Unauthorized, Unavailable
from televise.web.trust.keys import Grant, Keys, token_of
from televise.web.trust.secret import default_path
from tests.support.process import environment

GRANT = Grant("cam", "publish")
GOOD: dict[str, Any] = {"aud": "televise", "sub": "cam", "can": "publish", "exp": 4_000_000_000}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "televise" / "key"


@pytest.fixture
def keys(path: Path) -> Keys:
    return Keys(path)


@pytest.fixture
def secret(keys: Keys, path: Path) -> bytes:
    keys.sign(GRANT, 60)
    return path.read_text().strip().encode()


def part(value: object) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


def by_hand(header: object, claims: object, secret: bytes) -> str:
    """A token that no library helps to make."""
    signed = part(header) + b"." + part(claims)
    mac = hmac.new(secret, signed, hashlib.sha256).digest()
    return (signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def test_a_token_allows_what_it_was_made_for(keys: Keys) -> None:
    assert keys.check(keys.sign(GRANT, 60), "cam", "publish") == GRANT
    powerful = Grant("cam", "publish", take_over=True)
    assert keys.check(keys.sign(powerful, 60), "cam", "publish") == powerful


def test_it_is_a_jwt_that_others_can_read(keys: Keys, secret: bytes) -> None:
    token = keys.sign(GRANT, 60)
    claims = jwt.decode(token, secret, algorithms=["HS256"], audience="televise")
    assert (claims["sub"], claims["can"], claims.get("takeover")) == ("cam", "publish", None)
    assert 0 <= claims["exp"] - time.time() - 59 <= 1


def test_one_made_by_hand_is_as_good(keys: Keys, secret: bytes) -> None:
    assert keys.check(by_hand({"alg": "HS256"}, GOOD, secret), "cam", "publish") == GRANT


@pytest.mark.parametrize("channel", ["cam10", "ca", "Cam", "cam1", "*", ""])
def test_another_channel_is_forbidden(keys: Keys, channel: str) -> None:
    with pytest.raises(Forbidden, match="does not allow to publish"):
        keys.check(keys.sign(GRANT, 60), channel, "publish")


def test_a_longer_name_does_not_open_a_shorter_one(keys: Keys) -> None:
    with pytest.raises(Forbidden):
        keys.check(keys.sign(Grant("cam10", "publish"), 60), "cam1", "publish")


def test_one_for_all_channels(keys: Keys) -> None:
    token = keys.sign(Grant("*", "publish"), 60)
    assert keys.check(token, "cam", "publish").channel == "*"


def test_another_right_is_forbidden(keys: Keys) -> None:
    with pytest.raises(Forbidden):
        keys.check(keys.sign(GRANT, 60), "cam", "view")


@pytest.mark.parametrize("lacking", GOOD)
def test_no_claim_may_be_missing(keys: Keys, secret: bytes, lacking: str) -> None:
    claims = {name: value for name, value in GOOD.items() if name != lacking}
    with pytest.raises(Unauthorized):
        keys.check(by_hand({"alg": "HS256"}, claims, secret), "cam", "publish")


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "another"},
        {"aud": 1},
        {"sub": "no name!"},
        {"sub": 5},
        {"can": "everything"},
        {"exp": "tomorrow"},
        {"exp": None},
        {"exp": []},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": 1_800_000_000_000},  # of milliseconds
        {"until": 10**400},
        {"until": -1},
        {"nbf": 4_000_000_000},
    ],
    ids=str,
)
def test_what_it_claims_must_make_sense(
    keys: Keys, secret: bytes, wrong: dict[str, object]
) -> None:
    with pytest.raises(Unauthorized):
        keys.check(by_hand({"alg": "HS256"}, GOOD | wrong, secret), "cam", "publish")


def test_no_key_is_for_ever(keys: Keys) -> None:
    with pytest.raises(InputError, match="before the year 10000"):
        keys.sign(Grant("cam", "view"), 10_000 * 366 * 86_400)


def test_an_expired_one_is_told_so(keys: Keys, secret: bytes) -> None:
    claims = GOOD | {"exp": int(time.time()) - 61}
    with pytest.raises(Unauthorized, match="has expired"):
        keys.check(by_hand({"alg": "HS256"}, claims, secret), "cam", "publish")
    claims = GOOD | {"exp": int(time.time()) - 30}
    assert keys.check(by_hand({"alg": "HS256"}, claims, secret), "cam", "publish") == GRANT


@pytest.mark.parametrize("algorithm", ["none", "None", "HS384", "HS512", "RS256", "ES256", "", 5])
def test_no_other_algorithm_is_taken(keys: Keys, secret: bytes, algorithm: object) -> None:
    """Not even where the signature is right for HMAC: a public key of RS256 would be no secret."""
    with pytest.raises(Unauthorized):
        keys.check(by_hand({"alg": algorithm}, GOOD, secret), "cam", "publish")


def test_none_without_a_signature(keys: Keys, secret: bytes) -> None:
    unsigned = (part({"alg": "none"}) + b"." + part(GOOD) + b".").decode()
    with pytest.raises(Unauthorized):
        keys.check(unsigned, "cam", "publish")


def test_a_real_hmac_of_another_length_is_refused(keys: Keys, secret: bytes) -> None:
    with pytest.raises(Unauthorized):
        keys.check(jwt.encode(GOOD, secret, "HS512"), "cam", "publish")


def test_another_secret_is_refused(keys: Keys, secret: bytes) -> None:
    assert len(secret) == 64
    with pytest.raises(Unauthorized, match="not valid here"):
        keys.check(by_hand({"alg": "HS256"}, GOOD, secret[::-1]), "cam", "publish")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "..",
        "a.b.c",
        "\ud800.x.y",
        "ü.ü.ü",
        "x" * 100_000,
        (base64.urlsafe_b64encode(b"[" * 2900).rstrip(b"=") + b"..").decode(),
        (part([]) + b"." + part(GOOD) + b".").decode(),
    ],
    ids=["empty", "x", "dots", "abc", "surrogate", "letters", "long", "deep", "list"],
)
def test_what_is_no_token_is_refused_in_one_line(keys: Keys, token: str) -> None:
    with pytest.raises(Unauthorized) as raised:
        keys.check(token, "cam", "publish")
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 100


def test_any_changed_letter_makes_it_worthless(keys: Keys) -> None:
    token = keys.sign(GRANT, 60)
    for place in range(0, len(token), 7):
        other = "A" if token[place] != "A" else "E"
        with pytest.raises((Unauthorized, Forbidden)):
            keys.check(token[:place] + other + token[place + 1 :], "cam", "publish")


@pytest.mark.parametrize(
    ("channel", "right"), [("no name", "publish"), ("", "publish"), ("cam", "fly"), ("cam", "")]
)
def test_a_grant_is_for_a_channel_and_a_right_that_there_can_be(channel: str, right: str) -> None:
    with pytest.raises(InputError):
        Grant(channel, right)


def test_the_file_is_for_its_owner_only(keys: Keys, path: Path) -> None:
    keys.sign(GRANT, 60)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["key"], "and no draft is left"


def test_another_process_knows_the_same_secret(keys: Keys, path: Path) -> None:
    assert Keys(path).check(keys.sign(GRANT, 60), "cam", "publish") == GRANT


def test_many_first_users_agree_on_one_secret(path: Path) -> None:
    """Each waits until all are there, and then makes a token as fast as it can."""
    script = (
        "import sys; from pathlib import Path; from televise.web.trust.keys import Grant, Keys\n"
        "keys = Keys(Path(sys.argv[1])); import jwt\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "print(keys.sign(Grant('cam', 'publish'), 60), flush=True)"
    )
    pipe = subprocess.PIPE
    users = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path)],
            stdin=pipe, stdout=pipe, text=True, env=environment(),
        )
        for _ in range(6)
    ]  # fmt: skip
    for user in users:
        assert user.stdout is not None
        assert user.stdout.readline() == "ready\n"
    assert not path.exists()
    for user in users:
        assert user.stdin is not None
        user.stdin.write("go\n")
        user.stdin.flush()
    tokens = [user.communicate(timeout=60)[0].strip() for user in users]
    assert [user.returncode for user in users] == [0] * len(users)
    for token in tokens:
        assert Keys(path).check(token, "cam", "publish") == GRANT
    assert [each.name for each in path.parent.iterdir()] == ["key"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602])
def test_a_file_that_others_can_use_is_refused(keys: Keys, path: Path, mode: int) -> None:
    keys.sign(GRANT, 60)
    path.chmod(mode)
    with pytest.raises(InputError, match="others can read the key file: chmod 600"):
        Keys(path).sign(GRANT, 60)


@pytest.mark.parametrize("text", ["", "short", "\0\xff" * 10, "x" * 63])
def test_a_file_that_holds_something_else_is_refused(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.touch(0o600)
    path.write_text(text, "latin-1")
    with pytest.raises(InputError, match="key file"):
        Keys(path).sign(GRANT, 60)
    assert path.read_text("latin-1") == text


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(InputError, match="the key file cannot be"):
        Keys(blocked / "key").sign(GRANT, 60)


def test_strangers_are_not_told_where_the_file_is(
    keys: Keys, path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_quiet_until", {})
    events._get_logger.cache_clear()
    token = keys.sign(GRANT, 60)
    path.chmod(0o644)
    with pytest.raises(Unavailable) as raised:
        Keys(path).check(token, "cam", "publish")
    assert str(path) not in str(raised.value)
    assert f"chmod 600 {path}" in capsys.readouterr().err
    events._get_logger.cache_clear()


def test_where_the_file_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TELEVISE_KEY_FILE", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/ann")
    assert default_path() == Path("/home/ann/.local/state/televise/key")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert default_path() == Path("/state/televise/key")
    monkeypatch.setenv("TELEVISE_KEY_FILE", "/elsewhere")
    assert default_path() == Path("/elsewhere")


@pytest.mark.parametrize(
    ("url", "header", "token"),
    [
        ("/cam.ts", "", ""),
        ("/cam.ts?token=abc", "", "abc"),
        ("/cam.ts", "Bearer abc", "abc"),
        ("/cam.ts", "bearer  abc ", "abc"),
        ("/cam.ts?token=abc", "Bearer def", "def"),
        ("/cam.ts?token=abc", "Basic def", "abc"),
        ("/cam.ts", "Bearer", ""),
    ],
)
def test_where_a_token_stands(url: str, header: str, token: str) -> None:
    headers = {"Authorization": header} if header else {}
    request: web.Request = make_mocked_request("POST", url, headers=headers)
    assert token_of(request) == token


def test_a_draft_of_a_dead_process_is_in_nobody_s_way(keys: Keys, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.with_name(f".key.{os.getpid()}").touch()
    assert keys.check(keys.sign(GRANT, 60), "cam", "publish") == GRANT


@pytest.mark.parametrize(("can", "right"), [("know", "view"), ("publish", "publish")])
def test_who_has_no_key_is_told_a_right_that_there_is(tmp_path: Path, can: str, right: str) -> None:
    with pytest.raises(Unauthorized, match=f"--can {right} makes one"):
        Keys(tmp_path / "key").verify("", can)
