"""A record stays queued until the centre's signed answer for exactly its bytes is held."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge import journal, outbox
from edge.clock import ClockWatch
from edge.database import Database
from edge.faults import Faults
from edge.uplink import LogTrust, Uplink
from edge.vault import Vault
from inspection.custody.receipt import issue_receipt, issue_refusal
from inspection.messages.uplink import (
    BatchAnswer,
    HeldMessage,
    ReceiptMessage,
    RecordBatch,
    RefusalMessage,
    SignedRecord,
)
from inspection.record import read_record
from link.errors import LinkError, Refused
from link.http import HttpConfig, HttpLink

if TYPE_CHECKING:
    from tests.edge.small_centre import SmallCentre
    from tests.edge.world import World

BOOT = "1" * 32
Answer = tuple[int, bytes]
Commit = Callable[[int], journal.Commit]


@pytest.fixture
async def uplink(
    centre: "SmallCentre", database: Database, vault: Vault, world: "World", faults: Faults
) -> AsyncIterator[Uplink]:
    async with HttpLink(HttpConfig(base_url=centre.url, attempts=1)) as link:
        yield Uplink(
            database=database,
            vault=vault,
            link=link,
            trust=LogTrust.of(world.enrolment),
            clocks=ClockWatch(),
            faults=faults,
            retry_s=(0.01, 0.05),
        )


@pytest.fixture
def commit(database: Database, vault: Vault, world: "World", site: ModuleType) -> Commit:
    """Commits the n-th inspection."""
    database.run_now(partial(journal.begin_boot, boot=BOOT, key=world.key_id, at=site.NOON))

    def commit(number: int) -> journal.Commit:
        done: journal.Commit = site.make_commit(world, vault, BOOT, number, number)
        database.run_now(partial(journal.commit_inspection, commit=done))
        return done

    return commit


def queued(database: Database) -> int:
    return database.run_now(outbox.depth).queued


async def test_images_go_first_then_records_until_receipted(
    uplink: Uplink, commit: Commit, database: Database, centre: "SmallCentre"
) -> None:
    commits = [commit(number) for number in (1, 2, 3)]
    done = await uplink.round()
    assert (done.tried, done.settled) == (6, 6)
    assert queued(database) == 0
    assert set(centre.images) == {image.ciphertext_sha256 for each in commits for image in each.images}
    assert [row.ledger_index for row in database.run_now(outbox.recent)] == [2, 1, 0]
    assert uplink.trouble is None


async def test_more_records_than_a_batch_go_in_order(
    uplink: Uplink, commit: Commit, database: Database, centre: "SmallCentre"
) -> None:
    for number in range(1, 71):
        commit(number)
    await uplink.round()
    await uplink.round()
    assert centre.batches == [64, 6]
    assert queued(database) == 0


def forged(site: ModuleType) -> Callable[[RecordBatch, Answer], Answer]:
    """Receipts signed by a key that is not the log's."""

    def twist(batch: RecordBatch, answer: Answer) -> Answer:
        given = BatchAnswer.read(answer[1]).results[0]
        assert isinstance(given, ReceiptMessage)
        bad = ReceiptMessage.of(
            issue_receipt(Ed25519PrivateKey.generate(), site.ORIGIN, given.index, given.leaf)
        )
        return 200, BatchAnswer(results=(bad,)).to_json()

    return twist


def swapped(batch: RecordBatch, answer: Answer) -> Answer:
    """Each record gets the receipt of its neighbour."""
    results = BatchAnswer.read(answer[1]).results
    return 200, BatchAnswer(results=tuple(reversed(results))).to_json()


Sent = Callable[[SignedRecord], str]
"""What a refusal says was sent, from the record that was."""


def foreign_refusal(world: "World", sent: Sent) -> Callable[[RecordBatch, Answer], Answer]:
    """A true refusal of these record bytes, but of something else that was sent with them."""

    def twist(batch: RecordBatch, answer: Answer) -> Answer:
        signed = batch.records[0]
        refusal = issue_refusal(
            world.log_key,
            world.enrolment.origin,
            record_sha256=hashlib.sha256(signed.record).hexdigest(),
            submission_sha256=sent(signed),
            reason="unknown_unit",
            detail="not this one",
            refused_at="2026-05-04T12:00:00.000000Z",
        )
        return 200, BatchAnswer(results=(RefusalMessage.of(refusal),)).to_json()

    return twist


async def test_a_forged_receipt_settles_nothing(
    uplink: Uplink,
    commit: Commit,
    database: Database,
    centre: "SmallCentre",
    faults: Faults,
    site: ModuleType,
) -> None:
    commit(1)
    centre.twists = [forged(site)]
    await uplink.round()
    assert queued(database) == 1
    assert faults.snapshot() == {"bad_signature": 1}
    await uplink.round()
    assert queued(database) == 0
    assert len(centre.leaves) == 1, "sent twice, recorded once"


async def test_a_receipt_for_another_record_settles_nothing(
    uplink: Uplink, commit: Commit, database: Database, centre: "SmallCentre", faults: Faults
) -> None:
    commit(1)
    commit(2)
    centre.twists = [swapped]
    await uplink.round()
    assert queued(database) == 2
    assert faults.snapshot() == {"wrong_receipt": 2}


@pytest.mark.parametrize(
    "sent",
    [
        lambda signed: "0" * 64,
        lambda signed: signed.submission_sha256("st2"),
        lambda signed: signed.model_copy(update={"signature": bytes(64)}).submission_sha256("st1"),
        lambda signed: signed.model_copy(update={"image_keys": ()}).submission_sha256("st1"),
    ],
    ids=["another record", "another station", "another signature", "keys taken away"],
)
async def test_a_refusal_of_something_else_settles_nothing(
    uplink: Uplink,
    commit: Commit,
    database: Database,
    centre: "SmallCentre",
    faults: Faults,
    world: "World",
    sent: Sent,
) -> None:
    commit(1)
    centre.twists = [foreign_refusal(world, sent)]
    await uplink.round()
    assert queued(database) == 1
    assert faults.snapshot() == {"wrong_receipt": 1}


async def test_a_refused_record_leaves_the_queue_and_blocks_nobody(
    uplink: Uplink, commit: Commit, database: Database, centre: "SmallCentre"
) -> None:
    for number in (1, 2, 3):
        commit(number)
    centre.refuse = {"RMA-2/1/1"}
    await uplink.round()
    assert queued(database) == 0
    assert [row.unit for row in database.run_now(outbox.refused)] == ["RMA-2/1/1"]
    assert len(centre.leaves) == 2


@pytest.mark.parametrize(
    "bad",
    [(500, b"{}"), (0, b""), (200, b"no json"), (200, b'{"results":[]}'), (200, b"{}"), (302, b"")],
    ids=["500", "no answer", "garbage", "too few answers", "other json", "redirect"],
)
async def test_an_answer_that_is_none_keeps_the_record(
    uplink: Uplink, commit: Commit, database: Database, centre: "SmallCentre", bad: Answer
) -> None:
    commit(1)
    centre.twists = [lambda batch, answer: bad]
    try:
        done = await uplink.round()
    except LinkError:
        pass
    else:
        assert done.settled == 1, "only the image"
    assert queued(database) == 1
    await uplink.round()
    assert queued(database) == 0


async def test_a_batch_that_is_refused_as_a_whole_is_sent_one_by_one(
    uplink: Uplink, commit: Commit, database: Database, centre: "SmallCentre"
) -> None:
    for number in (1, 2, 3):
        commit(number)
    centre.twists = [lambda batch, answer: (413, b"{}")]
    await uplink.round()
    assert centre.batches == [3, 1, 1, 1]
    assert queued(database) == 0


def no_room_for(unit: str) -> Callable[[RecordBatch, Answer], Answer]:
    """507 for every batch that holds this unit's record, as where its refusal is one too many to keep."""

    def twist(batch: RecordBatch, answer: Answer) -> Answer:
        units = {read_record(signed.record).unit.id for signed in batch.records}
        return (507, b"{}") if unit in units else answer

    return twist


async def test_one_record_without_room_keeps_no_other_waiting(
    uplink: Uplink, commit: Commit, database: Database, centre: "SmallCentre", faults: Faults
) -> None:
    for number in (1, 2, 3):
        commit(number)
    centre.refuse = {"RMA-1/1/1"}
    centre.twists = [no_room_for("RMA-1/1/1")] * 5
    await uplink.round()
    assert centre.batches == [3, 1, 1, 1]
    assert [row.state for row in database.run_now(outbox.recent)] == ["delivered", "delivered", "queued"]
    assert (uplink.trouble, faults.snapshot()) == ("out_of_room", {"out_of_room": 1})
    await uplink.round()
    assert queued(database) == 1, "it waits alone"


async def test_a_link_that_is_not_allowed_is_no_fault_of_the_record(
    uplink: Uplink, commit: Commit, database: Database, centre: "SmallCentre"
) -> None:
    commit(1)
    centre.twists = [lambda batch, answer: (401, b"{}")]
    with pytest.raises(Refused):
        await uplink.round()
    assert queued(database) == 1


async def test_a_refused_image_stays_and_its_record_goes_ahead(
    uplink: Uplink, commit: Commit, database: Database, centre: "SmallCentre"
) -> None:
    done = commit(1)
    centre.image_status = 507
    await uplink.round()
    depth = database.run_now(outbox.depth)
    assert (depth.queued, depth.pending_images) == (0, 1)
    assert database.run_now(partial(outbox.deletable_images, before=9e9)) == ()
    centre.image_status = 200
    await uplink.round()
    assert set(centre.images) == {done.images[0].ciphertext_sha256}
    assert database.run_now(outbox.depth).pending_images == 0


async def test_an_image_the_centre_lost_is_sent_again(
    uplink: Uplink, commit: Commit, database: Database, centre: "SmallCentre"
) -> None:
    commit(1)
    centre.forget_images = True
    await uplink.round()
    assert database.run_now(outbox.depth).pending_images == 1, "the receipt names it as missing"
    centre.forget_images = False
    await uplink.round()
    assert len(centre.images) == 1


async def test_an_image_that_is_gone_is_said_and_holds_nothing_up(
    uplink: Uplink, commit: Commit, database: Database, vault: Vault, faults: Faults
) -> None:
    done = commit(1)
    vault.delete(done.images[0].ciphertext_sha256)
    await uplink.round()
    assert queued(database) == 0
    assert faults.snapshot() == {"evidence_lost": 1}


async def test_an_image_that_cannot_be_read_now_is_sent_later(
    uplink: Uplink, commit: Commit, database: Database, vault: Vault, faults: Faults, tmp_path: Path
) -> None:
    digest = commit(1).images[0].ciphertext_sha256
    path = tmp_path / "evidence" / digest[:2] / digest
    content = path.read_bytes()
    path.unlink()
    path.symlink_to(path)
    await uplink.round()
    assert (queued(database), database.run_now(outbox.depth).pending_images) == (0, 1)
    assert faults.snapshot() == {"evidence_unreadable": 1}
    path.unlink()
    path.write_bytes(content)
    await uplink.round()
    assert database.run_now(outbox.depth).pending_images == 0


async def test_images_may_go_only_after_receipt_and_confirmation(
    uplink: Uplink, commit: Commit, database: Database
) -> None:
    done = commit(1)
    deletable: Any = partial(outbox.deletable_images, before=9e9)
    assert database.run_now(deletable) == ()
    await uplink.round()
    assert database.run_now(deletable) == (done.images[0].ciphertext_sha256,)


async def test_nothing_is_sent_before_the_key_was_checked(
    uplink: Uplink, commit: Commit, database: Database, centre: "SmallCentre", site: ModuleType
) -> None:
    commit(1)
    allowed = asyncio.Event()
    async with site.running(uplink.run(allowed)):
        await asyncio.sleep(0.05)
        assert centre.batches == []
        allowed.set()
        await site.until(lambda: queued(database) == 0)


async def test_a_centre_that_comes_back_gets_everything(
    uplink: Uplink,
    commit: Commit,
    database: Database,
    centre: "SmallCentre",
    faults: Faults,
    site: ModuleType,
) -> None:
    allowed = asyncio.Event()
    allowed.set()
    centre.twists = [lambda batch, answer: (503, b"{}")] * 3
    async with site.running(uplink.run(allowed)):
        for number in range(1, 6):
            commit(number)
            uplink.wake()
        await site.until(lambda: queued(database) == 0)
    assert len(centre.leaves) == 5
    assert faults.snapshot()["uplink_overloaded"] >= 1


def waits(seconds: int, *places: int) -> Callable[[RecordBatch, Answer], Answer]:
    """The centre sends some records of a batch back to wait."""

    def twist(batch: RecordBatch, answer: Answer) -> Answer:
        results = list(BatchAnswer.read(answer[1]).results)
        for place in places:
            sent = batch.records[place].submission_sha256("st1")
            results[place] = HeldMessage(submission_sha256=sent, reason="time_ahead", retry_after_s=seconds)
        return 200, BatchAnswer(results=tuple(results)).to_json()

    return twist


async def test_a_record_that_must_wait_stays_queued_and_those_behind_it_go_ahead(
    uplink: Uplink, commit: Commit, database: Database, centre: "SmallCentre", faults: Faults
) -> None:
    commit(1), commit(2), commit(3)
    centre.twists = [waits(60, 0)]
    done = await uplink.round()
    assert done.settled == done.tried - 1
    depth = database.run_now(outbox.depth)
    assert (depth.queued, depth.held) == (1, 1)
    assert faults.snapshot()["held_time_ahead"] == 1
    quiet = await uplink.round()
    assert (quiet.tried, centre.batches) == (0, [3])
    assert quiet.rest_s is not None
    assert 0 < quiet.rest_s <= 60


async def test_a_record_that_waited_is_sent_again_by_itself(
    uplink: Uplink, commit: Commit, database: Database, centre: "SmallCentre", site: ModuleType
) -> None:
    commit(1)
    centre.twists = [waits(1, 0)]
    allowed = asyncio.Event()
    allowed.set()
    async with site.running(uplink.run(allowed)):
        await site.until(lambda: queued(database) == 0)
    assert centre.batches == [1, 1]
    assert database.run_now(outbox.depth).held == 0


async def test_a_hold_of_another_record_is_counted_and_holds_nothing(
    uplink: Uplink, commit: Commit, database: Database, centre: "SmallCentre", faults: Faults
) -> None:
    commit(1), commit(2)

    def swapped_holds(batch: RecordBatch, answer: Answer) -> Answer:
        return swapped(batch, waits(60, 0, 1)(batch, answer))

    centre.twists = [swapped_holds]
    await uplink.round()
    depth = database.run_now(outbox.depth)
    assert (depth.queued, depth.held) == (2, 0)
    assert faults.snapshot()["wrong_receipt"] == 2


def test_a_wait_from_before_the_clock_was_set_back_is_over(commit: Commit, database: Database) -> None:
    commit(1)
    (row,) = database.run_now(partial(outbox.due, limit=1, now_s=0.0))
    database.run_now(partial(outbox.hold, waits=[(row.id, 3600)], now_s=86_400.0))
    assert database.run_now(partial(outbox.due, limit=1, now_s=86_401.0)) == ()
    assert database.run_now(partial(outbox.due, limit=1, now_s=0.0)) == (row,)
