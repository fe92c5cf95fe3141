"""What the centre erased is gone from the station too: from rows, files and the bytes of the journal."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from edge import erasure, journal, outbox, worklist
from edge.clock import ClockWatch
from edge.database import Database
from edge.erasure import Erasing
from edge.errors import DiskFull
from edge.faults import Faults
from edge.identity import Identity
from edge.inputs import NewWorklist
from edge.sync import Heard, Pace, Sync
from edge.uplink import LogTrust, Uplink
from edge.vault import Vault
from inspection.messages.station import WorklistPage
from inspection.messages.uplink import RecordBatch
from link.http import HttpConfig, HttpLink

if TYPE_CHECKING:
    from tests.edge.rig import Rig
    from tests.edge.small_centre import SmallCentre
    from tests.edge.world import World

BOOT = "1" * 32
Commit = Callable[[int], journal.Commit]


def nothing() -> None:
    """Nobody needs to hear of it here."""


@pytest.fixture
async def link(centre: "SmallCentre") -> AsyncIterator[HttpLink]:
    async with HttpLink(HttpConfig(base_url=centre.url, attempts=1, timeout_s=60)) as link:
        yield link


@pytest.fixture
def uplink(link: HttpLink, database: Database, vault: Vault, world: "World", faults: Faults) -> Uplink:
    trust = LogTrust.of(world.enrolment)
    clocks, retry_s = ClockWatch(), (0.01, 0.05)
    return Uplink(
        database=database,
        vault=vault,
        link=link,
        trust=trust,
        clocks=clocks,
        faults=faults,
        retry_s=retry_s,
    )


@pytest.fixture
def sync(link: HttpLink, database: Database, vault: Vault, world: "World", faults: Faults) -> Sync:
    return Sync(
        database=database,
        link=link,
        identity=Identity(key=world.station_key, enrolment=world.enrolment),
        clocks=ClockWatch(),
        faults=faults,
        erasing=Erasing(database, vault, faults),
        pace=Pace(worklist_s=0.02, health_s=0.02, standing_s=0.02),
        heard=Heard(new_worklist=nothing, changed=nothing, cloned=lambda error: None),
    )


@pytest.fixture
def commit(database: Database, vault: Vault, world: "World", site: ModuleType) -> Commit:
    """Announces the n-th unit and commits its inspection."""
    database.run_now(partial(journal.begin_boot, boot=BOOT, key=world.key_id, at=site.NOON))

    def commit(number: int) -> journal.Commit:
        unit = site.unit(number, epc=site.tag(number), serial=f"SERIAL-{number}")
        database.run_now(partial(worklist.apply, page=site.page(unit, cursor=number)))
        done: journal.Commit = site.make_commit(world, vault, BOOT, number, number)
        database.run_now(partial(journal.commit_inspection, commit=done))
        return done

    return commit


def erasing_page(site: ModuleType, *units: str, cursor: int = 90) -> WorklistPage:
    page: WorklistPage = site.page(cursor=cursor)
    return page.model_copy(update={"erased": units})


def secrets_of(done: journal.Commit, site: ModuleType, number: int) -> list[bytes]:
    """Everything personal that one inspection leaves on the disk, as it may stand in a file."""
    found = [f"SERIAL-{number}".encode(), site.tag(number).hex().encode(), f'"C-{number}"'.encode()]
    for opening in done.signed.model_dump(mode="json")["openings"]:
        found.append(opening["salt"].encode())
    for key in done.signed.model_dump(mode="json")["image_keys"]:
        found += [key["wrapped"].encode(), key["salt"].encode()]
    return found


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


async def test_no_file_of_the_station_holds_what_was_erased(
    sync: Sync,
    commit: Commit,
    centre: "SmallCentre",
    site: ModuleType,
    vault: Vault,
    tmp_path: Path,
    database: Database,
) -> None:
    gone, kept = commit(1), commit(2)
    image, other = gone.images[0].ciphertext_sha256, kept.images[0].ciphertext_sha256
    ciphertext = vault.read(image)
    before = everything(tmp_path)
    assert ciphertext is not None and ciphertext in before
    assert all(secret in before for secret in secrets_of(gone, site, 1)), "so the search can find it"
    centre.routes["GET /v1/worklist"] = lambda body: (200, erasing_page(site, "RMA-1/1/1").to_json())
    await sync.worklist()
    after = everything(tmp_path)
    assert [secret for secret in secrets_of(gone, site, 1) if secret in after] == []
    assert ciphertext not in after and vault.read(image) is None
    assert all(secret in after for secret in secrets_of(kept, site, 2)) and vault.read(other) is not None
    assert database.run_now(partial(worklist.by_unit_id, unit="RMA-1/1/1")) == ()
    assert database.run_now(erasure.left) == erasure.Left(images=(), unscrubbed=False)


async def test_a_station_that_was_offline_hears_of_the_erasure_before_it_sends(
    sync: Sync, uplink: Uplink, commit: Commit, centre: "SmallCentre", site: ModuleType, database: Database
) -> None:
    gone, kept = commit(1), commit(2)
    sent: list[RecordBatch] = []
    centre.routes["GET /v1/worklist"] = lambda body: (200, erasing_page(site, "RMA-1/1/1").to_json())
    centre.twists = [lambda batch, answer: sent.append(batch) or answer]  # type: ignore[func-returns-value]
    allowed = asyncio.Event()
    allowed.set()
    async with site.running(uplink.run(allowed, sync.catch_up)):
        await site.until(lambda: database.run_now(outbox.depth).queued == 0)
    hers, his = sent[0].records
    assert (hers.record, hers.openings, hers.image_keys) == (gone.signed.record, (), ())
    assert his == kept.signed
    assert set(centre.images) == {kept.images[0].ciphertext_sha256}


async def test_after_every_outage_it_hears_first(
    sync: Sync, uplink: Uplink, commit: Commit, centre: "SmallCentre", site: ModuleType, database: Database
) -> None:
    pages = [site.page(cursor=50), erasing_page(site, "RMA-1/1/1")]
    centre.routes["GET /v1/worklist"] = lambda body: (200, pages[0].to_json())
    centre.twists = [lambda batch, answer: (503, b"{}")]
    allowed = asyncio.Event()
    allowed.set()
    async with site.running(uplink.run(allowed, sync.catch_up)):
        done = commit(1)
        uplink.wake()
        await site.until(lambda: not centre.twists)
        del pages[0]
        await site.until(lambda: database.run_now(outbox.depth).queued == 0)
    row = database.run_now(lambda c: c.exec_driver_sql("SELECT openings, image_keys FROM outbox").one())
    assert tuple(row) == ("[]", "[]")
    assert done.signed.openings != ()


async def test_a_disk_without_room_to_rewrite_the_journal_holds_up_no_record(
    sync: Sync,
    uplink: Uplink,
    commit: Commit,
    centre: "SmallCentre",
    site: ModuleType,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def full() -> None:
        raise DiskFull("no room")

    monkeypatch.setattr(database, "scrub", full)
    gone, kept = commit(1), commit(2)
    sent: list[RecordBatch] = []
    centre.routes["GET /v1/worklist"] = lambda body: (200, erasing_page(site, "RMA-1/1/1").to_json())
    centre.twists = [lambda batch, answer: sent.append(batch) or answer]  # type: ignore[func-returns-value]
    allowed = asyncio.Event()
    allowed.set()
    async with site.running(uplink.run(allowed, sync.catch_up)):
        await site.until(lambda: database.run_now(outbox.depth).queued == 0)
    assert [each.openings for each in sent[0].records] == [(), kept.signed.openings]
    assert gone.images[0].ciphertext_sha256 not in centre.images
    with pytest.raises(DiskFull):
        await sync.worklist()
    assert database.run_now(erasure.left).unscrubbed, "the poll goes on trying"


def test_a_unit_erased_on_the_bench_leaves_nothing_behind(
    commit: Commit, database: Database, site: ModuleType, world: "World", vault: Vault
) -> None:
    database.run_now(partial(worklist.apply, page=erasing_page(site, "RMA-1/1/1")))
    commit(1)
    row = database.run_now(lambda c: c.exec_driver_sql("SELECT openings, image_keys FROM outbox").one())
    assert tuple(row) == ("[]", "[]")
    assert database.run_now(outbox.depth).pending_images == 0
    assert len(database.run_now(erasure.left).images) == 1


async def test_what_a_crash_interrupted_is_ended_at_the_next_poll(
    sync: Sync, commit: Commit, centre: "SmallCentre", site: ModuleType, database: Database, vault: Vault
) -> None:
    done = commit(1)
    database.run_now(partial(worklist.apply, page=erasing_page(site, "RMA-1/1/1")))
    centre.routes["GET /v1/worklist"] = lambda body: (200, site.page(cursor=90).to_json())
    assert vault.read(done.images[0].ciphertext_sha256) is not None
    await sync.worklist()
    assert vault.read(done.images[0].ciphertext_sha256) is None
    assert not database.run_now(erasure.left).unscrubbed


async def test_an_image_that_the_centre_calls_erased_is_not_sent_again(
    uplink: Uplink, commit: Commit, centre: "SmallCentre", database: Database, faults: Faults
) -> None:
    commit(1)
    centre.image_status = 410
    await uplink.round()
    assert database.run_now(outbox.depth).pending_images == 0
    assert faults.snapshot()["evidence_erased"] == 1
    assert uplink.trouble is None


def test_hearing_of_it_twice_is_hearing_of_it_once(
    commit: Commit, database: Database, site: ModuleType
) -> None:
    commit(1)
    for _ in range(2):
        database.run_now(partial(worklist.apply, page=erasing_page(site, "RMA-1/1/1", "RMA-77/1/1")))
    assert database.run_now(partial(erasure.is_erased, unit="RMA-77/1/1"))
    assert not database.run_now(partial(erasure.is_erased, unit="RMA-2/1/1"))


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ((), "matched"),
        (("CMD:CAPTURE",), "proposed"),
        (("CMD:CAPTURE", "CMD:ACCEPT"), "labelled"),
        (("CMD:CAPTURE", "CMD:ACCEPT", "BIN:C"), "held"),
    ],
    ids=["matched", "proposed", "labelled", "held"],
)
async def test_an_erased_item_on_the_bench_is_put_aside_and_shown_no_longer(
    rig: "Rig", site: ModuleType, said: tuple[str, ...], state: str
) -> None:
    rig.tags = {site.tag(1): -40.0}
    await rig.tick()
    for text in said:
        await rig.scan(text)
    assert (rig.state, rig.station.bench.item is None) == (state, False)
    await rig.expect(erasing_page(site, "RMA-1/1/1"))
    await rig.station.handle(NewWorklist())
    assert (rig.state, rig.station.bench.item, rig.notice) == ("idle", None, "unit_erased")
    await rig.tick()
    assert rig.state == "idle", "nor is it taken again while it lies there"
    assert rig.queued() == ()


async def test_another_item_on_the_bench_stays(rig: "Rig", site: ModuleType) -> None:
    rig.tags = {site.tag(2): -40.0}
    await rig.tick()
    await rig.expect(erasing_page(site, "RMA-1/1/1"))
    await rig.station.handle(NewWorklist())
    assert (rig.state, rig.notice) == ("matched", None)
