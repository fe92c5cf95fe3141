"""The ledger on the console: what alarms, what was signed, and who would notice a fork."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nicegui.testing import User
from sqlalchemy import insert

from inspection.custody.checkpoint import cosign
from inspection.custody.note import Algorithm, VerifierKey, read_note
from inspection.custody.signing import public_bytes
from inspection.words.catalog import LANGUAGES, words
from server.alarms import AlarmKind, raise_alarm
from server.centre import DATABASE
from server.console.board import FRESH_S, Board
from server.console.page import build_pages
from server.console.standing import LedgerSeen, Trust, Witnessed, read_ledger, trust_in
from server.db.ledger_tables import cosignatures
from server.ledger.checkpoints import newest, sign_news
from server.ledger.standing import LogState, set_state
from server.ledger.trust import FILE_NAME as TRUST

if TYPE_CHECKING:
    from tests.server.conftest import Site, Tick

AT = "2026-05-04T12:00:00.000000Z"


@pytest.fixture
async def board(site: "Site", clock: "Tick", tmp_path: Path) -> AsyncIterator[Board]:
    made = Board(tmp_path / DATABASE, "s1", clock)
    yield made
    made.close()


async def again(board: Board) -> None:
    """Let the next look read anew."""
    board._tried_at -= FRESH_S


def vkey(name: str, key: Ed25519PrivateKey, algorithm: Algorithm) -> VerifierKey:
    return VerifierKey(name=name, algorithm=algorithm, public_key=public_bytes(key))


def policy(site: "Site", witness: Ed25519PrivateKey) -> bytes:
    """One log, and one witness that must have seen it."""
    log = vkey(site.centre.log.origin, site.centre.keys.log, Algorithm.ED25519).to_text()
    seen = vkey("money", witness, Algorithm.COSIGNATURE_ED25519).to_text()
    return f"log {log}\nwitness money {seen}\nquorum money\n".encode()


async def seen(site: "Site", trust: Trust = Witnessed.NOBODY_ASKED) -> LedgerSeen:
    return await site.centre.reader.run(lambda c: read_ledger(c, "s1", (1, "0" * 64), trust))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_alarm_and_state_has_its_words(language: str) -> None:
    said = words(language)
    keys = [f"alarm.{kind}" for kind in AlarmKind]
    keys += [f"console.ledger_{state}" for state in LogState if state != LogState.OPEN]
    keys += [f"console.witness_{each}" for each in Witnessed]
    assert [key for key in keys if key not in said.texts] == []


async def test_alarms_stand_above_everything_until_they_are_cleared(
    user: User, site: "Site", board: Board
) -> None:
    build_pages(board, "s1")
    await user.open("/")
    await user.should_not_see("Two copies of a station")
    await site.centre.writer.submit(lambda c: raise_alarm(c, "s1", AlarmKind.CLONE, "st7", "two starts", AT))
    await again(board)
    await user.open("/")
    for text in ("Two copies of a station", "st7", "two starts"):
        await user.should_see(text)
    user.http_client.headers["accept-language"] = "zh-CN"
    await user.open("/")
    await user.should_see("同一工位有两份在运行")


async def test_without_a_witness_a_fork_is_said_to_be_undetectable(
    user: User, site: "Site", board: Board, tmp_path: Path
) -> None:
    assert (await seen(site)).witnessed is Witnessed.NOBODY_ASKED
    build_pages(board, "s1")
    await user.open("/")
    await user.should_see("No witness: a fork is not detectable")
    assert trust_in(tmp_path) is Witnessed.NOBODY_ASKED


async def test_a_policy_that_cannot_be_read_is_not_taken_for_none(
    user: User, site: "Site", board: Board, tmp_path: Path
) -> None:
    (tmp_path / TRUST).write_bytes(b"no policy at all")
    build_pages(board, "s1")
    await user.open("/")
    await user.should_see("trust.policy cannot be read")
    await user.should_not_see("No witness")


async def test_a_checkpoint_waits_for_its_witness_and_then_was_seen_by_it(
    site: "Site", tmp_path: Path
) -> None:
    await site.enrol()
    witness, centre = Ed25519PrivateKey.generate(), site.centre
    (tmp_path / TRUST).write_bytes(policy(site, witness))
    trust = trust_in(tmp_path)
    assert (await seen(site, trust)).witnessed is Witnessed.WAITS
    await centre.writer.submit(lambda c: sign_news(c, centre.log, (centre.keys.log,), AT))
    kept = await centre.reader.run(lambda c: newest(c, "s1"))
    assert kept is not None
    told = await seen(site, trust)
    assert (told.signed_size, told.witnessed, told.witnesses) == (1, Witnessed.WAITS, ())
    line = cosign(witness, "money", read_note(kept.note).text, 1_777_896_000)
    row = {"site": "s1", "size": kept.size, "name": "money", "line": line.to_text(), "at_s": 1_777_896_000}
    await centre.writer.submit(lambda c: c.execute(insert(cosignatures).values(row)))
    told = await seen(site, trust)
    assert (told.witnessed, told.witnesses) == (Witnessed.SEEN, ("money",))


async def test_a_ledger_that_takes_nothing_says_so(user: User, site: "Site", board: Board) -> None:
    build_pages(board, "s1")
    for state, said in (
        (LogState.RECOVERING, "Being recovered: it takes nothing new"),
        (LogState.FROZEN, "Frozen: it takes nothing any more"),
    ):
        await site.centre.writer.submit(
            partial(set_state, site="s1", state=state, reason="12 missing", at=AT)
        )
        await again(board)
        await user.open("/")
        await user.should_see(said)
