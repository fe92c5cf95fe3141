"""Checkpoints: kept for ever, never two that do not fit together, guarded before anybody sees them."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, delete, update
from sqlalchemy.exc import OperationalError

from inspection.custody.checkpoint import Checkpoint, issue_checkpoint, open_checkpoint
from inspection.custody.leaf import EntryType
from inspection.custody.merkle import EMPTY_ROOT, leaf_hash, root_of, verify_consistency
from inspection.custody.note import note_key
from inspection.errors import BadSignature
from server.centre import Centre, open_centre
from server.db.ledger_tables import checkpoints, heads, leaves, tiles
from server.errors import LedgerBroken, LedgerFrozen, LedgerRecovering
from server.keys import ServerKeys
from server.ledger import opening
from server.ledger.checkpoints import Kept, newest, sign_news
from server.ledger.guard import FILE_NAME, Guard
from server.ledger.log import Entry, Log
from server.ledger.standing import LogState, set_state, standing_of
from server.ledger.tree import tree_view
from server.settings import ServerSettings
from tests.server.conftest import Tick

ORIGIN = "centre.test/site/s1"
AT = "2026-05-04T12:00:00.000000Z"
KEY, OLD_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
KNOWN = [note_key(ORIGIN, KEY)]


@pytest.fixture
def log() -> Log:
    return Log("s1", ORIGIN)


def grow(connection: Connection, log: Log, count: int) -> None:
    size = log.head(connection).size
    entries = [Entry(type=EntryType.LOGISTICS, id=f"n{size + at}", body=b"{}") for at in range(count)]
    log.append_all(connection, tuple(entries), AT)


def sign(connection: Connection, log: Log, *signers: Ed25519PrivateKey) -> Kept:
    return sign_news(connection, log, signers or (KEY,), AT)


def test_an_empty_log_has_a_checkpoint(connection: Connection, log: Log) -> None:
    kept = sign(connection, log)
    assert open_checkpoint(kept.note, KNOWN) == Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT)


def test_a_checkpoint_is_over_all_leaves_and_is_signed_once(connection: Connection, log: Log) -> None:
    grow(connection, log, 300)
    kept = sign(connection, log)
    found = [
        leaf_hash(leaf) for leaf in connection.execute(leaves.select().order_by(leaves.c.seq)).scalars(4)
    ]
    assert (kept.size, kept.root) == (300, root_of(found))
    assert sign(connection, log) == kept == newest(connection, "s1")


def test_every_checkpoint_is_kept_and_follows_from_the_one_before(connection: Connection, log: Log) -> None:
    signed = []
    for count in (0, 1, 255, 1, 300, 7):
        grow(connection, log, count)
        signed.append(sign(connection, log))
    assert [kept.size for kept in signed] == [0, 1, 256, 257, 557, 564]
    assert len(connection.execute(checkpoints.select()).all()) == 6
    view = tree_view(connection, "s1", 564)
    for kept in signed:
        verify_consistency(kept.size, 564, view.consistency(kept.size), kept.root, signed[-1].root)


def test_old_and_new_key_both_sign(connection: Connection, log: Log) -> None:
    note = sign(connection, log, KEY, OLD_KEY).note
    assert open_checkpoint(note, KNOWN) == open_checkpoint(note, [note_key(ORIGIN, OLD_KEY)])


@pytest.mark.parametrize(
    "harm",
    [
        update(leaves).where(leaves.c.seq == 4).values(hash=b"\1" * 32),
        update(checkpoints).values(root=b"\1" * 32),
        update(heads).values(size=4),
    ],
    ids=["a leaf's hash", "the signed root", "the size"],
)
def test_nothing_is_signed_that_does_not_follow(connection: Connection, log: Log, harm: object) -> None:
    grow(connection, log, 9)
    sign(connection, log)
    grow(connection, log, 1)
    connection.execute(harm)  # type: ignore[call-overload] # statements of several kinds
    with pytest.raises(LedgerBroken, match="signed"):
        sign(connection, log)


def test_a_tile_that_was_cut_short_stops_the_signing(connection: Connection, log: Log) -> None:
    grow(connection, log, 600)
    connection.execute(update(tiles).where(tiles.c.level == 1).values(hashes=b"\1" * 32))
    with pytest.raises(LedgerBroken, match="tile 1/0"):
        sign(connection, log)
    connection.execute(delete(tiles))
    with pytest.raises(LedgerBroken):
        sign(connection, log)


@pytest.mark.parametrize(
    ("state", "error"), [(LogState.RECOVERING, LedgerRecovering), (LogState.FROZEN, LedgerFrozen)]
)
def test_a_log_that_is_not_open_neither_signs_nor_takes_entries(
    connection: Connection, log: Log, state: LogState, error: type[Exception]
) -> None:
    grow(connection, log, 3)
    set_state(connection, "s1", state, "a test says so", AT)
    with pytest.raises(error, match="a test says so"):
        sign(connection, log)
    with pytest.raises(error, match="a test says so"):
        grow(connection, log, 1)
    again = Entry(type=EntryType.LOGISTICS, id="n1", body=b"{}")
    assert log.append(connection, again, AT).seq == 1, "what is there already is still answered"


def test_a_frozen_log_never_thaws(connection: Connection) -> None:
    set_state(connection, "s1", LogState.FROZEN, "lost", AT)
    with pytest.raises(LedgerFrozen):
        set_state(connection, "s1", LogState.OPEN, "", AT)


def note(size: int, key: Ed25519PrivateKey = KEY, origin: str = ORIGIN) -> bytes:
    return issue_checkpoint(key, Checkpoint(origin=origin, size=size, root=bytes(32)))


def test_the_guard_only_moves_up(tmp_path: Path) -> None:
    guard = Guard(tmp_path, KNOWN)
    assert guard.read() is None
    for size in (5, 9, 7, 9):
        guard.move_up(note(size))
    kept = guard.read()
    assert kept is not None
    assert kept.size == 9
    assert {path.name for path in tmp_path.iterdir()} == {FILE_NAME}
    assert guard.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content",
    [b"", b"no note\n", note(3)[:-9], note(3, origin="other.test/site/s1"), note(3, OLD_KEY)],
    ids=["empty", "no note", "cut", "another log", "another key"],
)
def test_a_guard_that_is_no_checkpoint_of_this_log_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(LedgerBroken, match=FILE_NAME):
        Guard(tmp_path, KNOWN).read()


async def test_a_checkpoint_is_guarded_before_it_is_shown(centre: Centre, tmp_path: Path) -> None:
    seen: list[tuple[int, bytes]] = []
    centre.checkpoints.on_new.append(
        lambda kept: seen.append((kept.size, (tmp_path / FILE_NAME).read_bytes()))
    )
    kept = await centre.checkpoints.now()
    assert seen == [(0, kept.note)]
    assert await centre.checkpoints.now() == kept
    assert len(seen) == 1


async def test_a_database_older_than_the_guard_starts_recovering(
    tmp_path: Path, settings: ServerSettings, keys: ServerKeys, clock: Tick
) -> None:
    async with open_centre(tmp_path, settings, keys, clock=clock, registry=CollectorRegistry()) as centre:
        Guard(tmp_path, [note_key(ORIGIN, keys.log)]).move_up(note(7, keys.log))
        assert (await centre.checkpoints.now()).size == 0
    async with open_centre(tmp_path, settings, keys, clock=clock, registry=CollectorRegistry()) as centre:
        standing = await centre.reader.run(lambda c: standing_of(c, "s1"))
        assert standing.state == LogState.RECOVERING
        assert "has 0 entries, the newest signed checkpoint 7" in standing.reason


async def test_a_database_of_another_history_starts_frozen(
    tmp_path: Path, settings: ServerSettings, keys: ServerKeys, clock: Tick
) -> None:
    async with open_centre(tmp_path, settings, keys, clock=clock, registry=CollectorRegistry()) as centre:
        await centre.writer.submit(lambda c: grow(c, centre.log, 9))
        Guard(tmp_path, [note_key(ORIGIN, keys.log)]).move_up(note(7, keys.log))
    async with open_centre(tmp_path, settings, keys, clock=clock, registry=CollectorRegistry()) as centre:
        standing = await centre.reader.run(lambda c: standing_of(c, "s1"))
        assert standing.state == LogState.FROZEN
        assert "are not those of a signed checkpoint" in standing.reason


async def test_a_shorter_checkpoint_of_another_history_freezes_the_log(
    centre: Centre, keys: ServerKeys
) -> None:
    await centre.writer.submit(lambda c: grow(c, centre.log, 9))
    standing = await centre.checkpoints.hold_against(note(7, keys.log))
    assert standing.state == LogState.FROZEN
    assert standing.reason.startswith("the first 7 entries are not those of a signed checkpoint")


async def test_a_shorter_checkpoint_is_nothing_unless_this_log_signed_it(centre: Centre) -> None:
    await centre.writer.submit(lambda c: grow(c, centre.log, 9))
    own = await centre.checkpoints.now()
    with pytest.raises(BadSignature):
        await centre.checkpoints.hold_against(note(7, OLD_KEY))
    await centre.writer.submit(lambda c: grow(c, centre.log, 1))
    assert (await centre.checkpoints.hold_against(own.note)).state == LogState.OPEN


async def test_a_crash_before_the_guard_moved_is_made_good_at_the_start(
    tmp_path: Path, settings: ServerSettings, keys: ServerKeys, clock: Tick
) -> None:
    async with open_centre(tmp_path, settings, keys, clock=clock, registry=CollectorRegistry()) as centre:
        await centre.writer.submit(lambda c: sign_news(c, centre.log, keys.log_signers, AT))
    assert not (tmp_path / FILE_NAME).exists()
    async with open_centre(tmp_path, settings, keys, clock=clock, registry=CollectorRegistry()) as centre:
        assert centre.checkpoints.shown is not None
        assert (tmp_path / FILE_NAME).read_bytes() == centre.checkpoints.shown.note


class Broken:
    """Fails as no error of ours does; a loop that comes back to it goes on."""

    def __init__(self) -> None:
        self.calls = 0
        self.twice = asyncio.Event()

    async def __call__(self, *_: object) -> None:
        self.calls += 1
        if self.calls == 2:
            self.twice.set()
        raise OperationalError("SELECT", {}, OSError("disk I/O error"))


async def goes_on(loop: Coroutine[None, None, None], broken: Broken) -> None:
    task = asyncio.create_task(loop)
    try:
        async with asyncio.timeout(60):
            await broken.twice.wait()
    finally:
        task.cancel()


async def test_no_fault_ends_the_signing(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Broken()
    monkeypatch.setattr(centre.checkpoints, "now", broken)
    await goes_on(centre.checkpoints.run(0), broken)


async def test_no_fault_keeps_a_whole_ledger_from_being_opened(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Broken()
    monkeypatch.setattr(opening, "open_if_whole", broken)
    monkeypatch.setattr(opening, "LOOK_S", 0)
    await goes_on(opening.opening(centre), broken)
