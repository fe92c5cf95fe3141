"""The key for webhooks and its successor: both sign for a while, and the file never holds half of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer import Typer
from typer.testing import CliRunner

from inspection.errors import BadSignature
from inspection.messages.webhook import SignedBody, sign_webhook, verify_webhook
from inspection.messages.webhook_keys import read_verifying_key
from server.commands import register
from server.errors import BadRequest
from server.keys import (
    ServerKeys,
    drop_webhook_key,
    make_keys,
    read_keys,
    replace_log_key,
    rotate_webhook_key,
)

if TYPE_CHECKING:
    from tests.server.conftest import Site

NOW_S = 1_769_846_400


def sent(keys: ServerKeys) -> SignedBody:
    headers = sign_webhook(keys.webhook_signers, "R1/1/1#1", NOW_S, b"{}")
    return SignedBody(
        id="R1/1/1#1",
        timestamp=headers["webhook-timestamp"],
        signatures=headers["webhook-signature"],
        body=b"{}",
    )


def test_both_keys_sign_until_the_old_one_is_dropped(tmp_path: Path) -> None:
    first = make_keys(tmp_path)
    (old,) = (key.verifying() for key in first.webhook_signers)
    both = rotate_webhook_key(tmp_path)
    new = both.webhook_signers[0].verifying()
    for key in (old, new):
        verify_webhook(sent(both), [key], NOW_S)
    assert sent(both).signatures.split()[1] == sent(first).signatures
    last = drop_webhook_key(tmp_path)
    verify_webhook(sent(last), [new], NOW_S)
    with pytest.raises(BadSignature):
        verify_webhook(sent(last), [old], NOW_S)


def test_nothing_else_in_the_file_changes(tmp_path: Path) -> None:
    before = make_keys(tmp_path)
    replace_log_key(tmp_path, before.log, Ed25519PrivateKey.generate())
    rotate_webhook_key(tmp_path)
    after = read_keys(tmp_path)
    assert (after.wrap, after.badge_salt, after.sealing_public) == (
        before.wrap,
        before.badge_salt,
        before.sealing_public,
    )
    assert after.log_public == before.log_public
    assert after.log_previous is not None
    assert drop_webhook_key(tmp_path).log_previous is not None
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_no_second_rotation_before_the_first_is_over(tmp_path: Path) -> None:
    make_keys(tmp_path)
    with pytest.raises(BadRequest, match="one key only"):
        drop_webhook_key(tmp_path)
    keys = rotate_webhook_key(tmp_path)
    with pytest.raises(BadRequest, match="drop it first"):
        rotate_webhook_key(tmp_path)
    assert read_keys(tmp_path).webhook_public == keys.webhook_public


def test_the_command_prints_the_key_to_hand_on(tmp_path: Path) -> None:
    make_keys(tmp_path)
    app = Typer()
    register(app)
    for arguments in ([], ["--drop-old"]):
        result = CliRunner().invoke(app, ["server", "rotate-webhook-key", "--dir", str(tmp_path), *arguments])
        assert result.exit_code == 0, result.output
        assert read_verifying_key(result.stdout.strip()).public == read_keys(tmp_path).webhook_public


class TestWhileTheOldKeySignsToo:
    @pytest.fixture
    def keys(self, tmp_path: Path) -> ServerKeys:
        make_keys(tmp_path)
        return rotate_webhook_key(tmp_path)

    async def test_the_log_shows_which_key_is_the_newest(self, site: "Site") -> None:
        said = (await site.http.get("/v1/log")).json()
        shown = [read_verifying_key(said[name]) for name in ("webhook_key", "webhook_key_previous")]
        assert shown == [key.verifying() for key in site.centre.keys.webhook_signers]


async def test_the_log_shows_no_old_key_where_there_is_none(site: "Site") -> None:
    said = (await site.http.get("/v1/log")).json()
    assert read_verifying_key(said["webhook_key"]).public == site.centre.keys.webhook_public
    assert said["webhook_key_previous"] is None
