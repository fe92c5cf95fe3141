"""Room is made only with what the centre holds; a full station takes nothing more and drops nothing."""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from edge import journal, outbox
from edge.clock import ClockWatch
from edge.config import Retention
from edge.database import Database
from edge.faults import Faults
from edge.outbox import Depth, Uploaded
from edge.room import full
from edge.tidying import Tidying
from edge.vault import Vault
from inspection.custody.receipt import issue_receipt, issue_refusal
from inspection.messages.uplink import ReceiptMessage, RefusalMessage

if TYPE_CHECKING:
    from tests.edge.world import World

AT = "2026-05-04T12:00:00.000000Z"
BOOT = "1" * 32
Make = Callable[..., Tidying]
LIMITS = Retention(images_s=0, evidence_bytes=1_000_000)


@pytest.fixture
def committed(
    database: Database, vault: Vault, world: "World", site: ModuleType
) -> Callable[..., journal.Commit]:
    """Commits the n-th inspection; receipted and confirmed as asked."""
    database.run_now(partial(journal.begin_boot, boot=BOOT, key=world.key_id, at=site.NOON))

    def commit(number: int, *, confirmed: bool, receipted: bool) -> journal.Commit:
        done: journal.Commit = site.make_commit(world, vault, BOOT, number, number)
        row = database.run_now(partial(journal.commit_inspection, commit=done))
        if confirmed:
            upload = Uploaded(sha256=done.images[0].ciphertext_sha256, confirmed=True)
            database.run_now(partial(outbox.note_uploads, uploads=[upload], at=1.0))
        if receipted:
            receipt = ReceiptMessage.of(issue_receipt(world.log_key, site.ORIGIN, number, b"leaf"))
            database.run_now(partial(outbox.settle_receipt, row_id=row, receipt=receipt, at=1.0))
        return done

    return commit


@pytest.fixture
def tidying(database: Database, vault: Vault, faults: Faults) -> Make:
    """Tidying under some limits."""
    return lambda limits=LIMITS: Tidying(database, vault, ClockWatch(), limits, faults)


async def test_only_receipted_and_confirmed_images_go(
    committed: Callable[..., journal.Commit], database: Database, vault: Vault, tidying: Make
) -> None:
    cases = {(c, r): committed(i, confirmed=c, receipted=r) for i, (c, r) in enumerate(CASES, start=1)}
    assert await tidying().once() == 1
    left = {case for case, done in cases.items() if vault.read(done.images[0].ciphertext_sha256)}
    assert left == set(CASES) - {(True, True)}
    assert database.run_now(outbox.depth).queued == 2


CASES = [(False, False), (True, False), (False, True), (True, True)]


async def test_old_records_go_once_their_images_have_gone(
    committed: Callable[..., journal.Commit], database: Database, tidying: Make
) -> None:
    committed(1, confirmed=True, receipted=True)
    committed(2, confirmed=False, receipted=True)
    await tidying().once()
    assert [row.unit for row in database.run_now(outbox.recent)] == ["RMA-2/1/1"], (
        "the other one still has an image that the centre lacks"
    )


@pytest.fixture
def refused(
    committed: Callable[..., journal.Commit], database: Database, world: "World", site: ModuleType
) -> Callable[..., str]:
    """Commits the n-th inspection and has it refused; returns its image."""

    def refuse(number: int, *, confirmed: bool, at: float) -> str:
        done = committed(number, confirmed=confirmed, receipted=False)
        said = issue_refusal(
            world.log_key,
            site.ORIGIN,
            record_sha256=done.sha256,
            submission_sha256=done.sha256,
            reason="unknown_unit",
            detail="whose?",
            refused_at=AT,
        )
        refusal = RefusalMessage.of(said)
        database.run_now(partial(outbox.settle_refusal, row_id=number, refusal=refusal, at=at))
        return str(done.images[0].ciphertext_sha256)

    return refuse


@pytest.mark.parametrize("confirmed", [True, False])
async def test_a_refused_record_goes_with_its_images_after_its_time(
    refused: Callable[..., str], database: Database, vault: Vault, tidying: Make, confirmed: bool
) -> None:
    image = refused(1, confirmed=confirmed, at=1.0)
    assert await tidying().once() == 1
    assert vault.read(image) is None
    depth = database.run_now(outbox.depth)
    assert (depth.refused, depth.evidence_bytes, depth.pending_images) == (0, 0, 0)


async def test_a_refused_record_stays_for_its_time(
    refused: Callable[..., str], database: Database, vault: Vault, tidying: Make
) -> None:
    image = refused(1, confirmed=True, at=time.time())
    assert await tidying().once() == 0
    assert vault.read(image) is not None
    assert database.run_now(outbox.depth).refused == 1


async def test_refused_images_that_the_centre_holds_go_early_where_room_runs_short(
    refused: Callable[..., str], database: Database, vault: Vault, tidying: Make
) -> None:
    images = [refused(1, confirmed=True, at=time.time()), refused(2, confirmed=False, at=time.time())]
    narrow = LIMITS.model_copy(update={"evidence_bytes": 1})
    assert await tidying(narrow).once() == 1
    assert [vault.read(image) is None for image in images] == [True, False]
    assert database.run_now(outbox.depth).refused == 2, "both are still in the list"


async def test_images_stay_for_their_time(committed: Callable[..., journal.Commit], tidying: Make) -> None:
    committed(1, confirmed=True, receipted=True)
    patient = Retention(images_s=1e12, evidence_bytes=10_000_000)
    assert await tidying(patient).once() == 0


async def test_an_image_that_cannot_be_deleted_is_counted_and_tried_again(
    committed: Callable[..., journal.Commit], tmp_path: Path, tidying: Make, faults: Faults
) -> None:
    stuck = committed(1, confirmed=True, receipted=True).images[0].ciphertext_sha256
    committed(2, confirmed=True, receipted=True)
    path = tmp_path / "evidence" / stuck[:2] / stuck
    path.unlink()
    path.mkdir()
    assert await tidying().once() == 1, "the other one goes"
    assert faults.snapshot() == {"image_not_deleted": 1}
    path.rmdir()
    assert await tidying().once() == 1


@pytest.mark.parametrize(
    ("free", "evidence_bytes", "queued", "what"),
    [
        (10**12, 0, 0, None),
        (1, 0, 0, "disk"),
        (10**12, 1_000_000, 0, "evidence"),
        (10**12, 0, 20_000, "outbox"),
    ],
)
def test_what_is_full_is_named(free: int, evidence_bytes: int, queued: int, what: str | None) -> None:
    depth = Depth(queued=queued, oldest_at=None, refused=0, pending_images=0, evidence_bytes=evidence_bytes)
    found = full(depth, free, LIMITS)
    assert (found and found.what) == what


def test_an_interrupted_write_leaves_no_name(vault: Vault, tmp_path: Path) -> None:
    part = tmp_path / "evidence" / "ab"
    part.mkdir()
    (part / ("ab" + "0" * 62)).with_suffix(".part").write_bytes(os.urandom(10))
    assert vault.drop_orphans([]) == 1
