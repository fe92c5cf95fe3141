"""What the centre lacks is offered once, before anything new, and a refusal holds nothing up."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge import journal, outbox
from edge.clock import ClockWatch
from edge.database import Database
from edge.faults import Faults
from edge.identity import ENROLMENT_FILE
from edge.refill import Refill
from edge.succession import Succession, follow
from edge.uplink import LogTrust, Uplink
from edge.vault import Vault
from inspection.custody.leaf import GENESIS, EntryType, Leaf
from inspection.custody.receipt import issue_receipt
from inspection.custody.signing import key_id, public_bytes
from inspection.messages.entries import KeyAddEntry, KeyRole
from inspection.messages.station import Enrolment
from inspection.messages.uplink import LogKeys, ReceiptMessage
from link.http import HttpConfig, HttpLink

if TYPE_CHECKING:
    from tests.edge.small_centre import SmallCentre
    from tests.edge.world import World

BOOT = "1" * 32
ORIGIN = "centre.test/site/s1"


@pytest.fixture
async def line(
    centre: "SmallCentre", database: Database, vault: Vault, world: "World", faults: Faults
) -> AsyncIterator[tuple[Uplink, Refill]]:
    async with HttpLink(HttpConfig(base_url=centre.url, attempts=1)) as link:
        refill = Refill(database, link, faults)
        uplink = Uplink(
            database=database,
            vault=vault,
            link=link,
            trust=LogTrust.of(world.enrolment),
            clocks=ClockWatch(),
            faults=faults,
            refill=refill,
            retry_s=(0.01, 0.05),
        )
        yield uplink, refill


@pytest.fixture
def commit(database: Database, vault: Vault, world: "World", site: ModuleType) -> Callable[[int], None]:
    database.run_now(partial(journal.begin_boot, boot=BOOT, key=world.key_id, at=site.NOON))

    def commit(number: int) -> None:
        done: journal.Commit = site.make_commit(world, vault, BOOT, number, number)
        database.run_now(partial(journal.commit_inspection, commit=done))

    return commit


async def test_nothing_is_offered_to_a_centre_that_has_it_all(
    line: tuple[Uplink, Refill], commit: Callable[[int], None]
) -> None:
    uplink, refill = line
    commit(1)
    await uplink.round()
    assert not await refill.heard(1, None)
    assert await refill.round() == 0
    assert not await refill.heard(None, None), "a centre that says nothing of its ledger"


async def test_a_centre_that_does_not_take_receipts_holds_nothing_up(
    line: tuple[Uplink, Refill], commit: Callable[[int], None], database: Database
) -> None:
    uplink, refill = line
    for number in (1, 2):
        commit(number)
    await uplink.round()
    assert await refill.heard(1, None), "it has one entry, this station a receipt of the second"
    commit(3)
    await uplink.round()
    assert database.run_now(outbox.depth).queued == 0
    assert not await refill.heard(1, None), "the same lack is not offered for twice"
    assert await refill.heard(1, 0), "another one is"


async def test_receipts_are_kept_with_what_travelled_beside_their_records(
    line: tuple[Uplink, Refill], commit: Callable[[int], None], database: Database
) -> None:
    for number in (1, 2, 3):
        commit(number)
    await line[0].round()
    kept = database.run_now(partial(outbox.receipts, after=0, limit=64))
    assert [each.receipt.index for each in kept] == [1, 2]
    assert all(each.openings and each.image_keys for each in kept)
    assert database.run_now(outbox.newest_receipt) == 2
    missing = [key.ciphertext_sha256 for each in kept for key in each.image_keys]
    database.run_now(partial(outbox.send_again, sha256s=missing))
    assert database.run_now(outbox.depth).pending_images == len(missing)


def succession(old: Ed25519PrivateKey, new: Ed25519PrivateKey, role: KeyRole = KeyRole.LOG) -> ReceiptMessage:
    public = public_bytes(new)
    station = "st1" if role is KeyRole.STATION else None
    body = KeyAddEntry(role=role, station=station, site="s1", key=key_id(public), public_key=public)
    leaf = Leaf(
        log=ORIGIN,
        seq=0,
        prev=GENESIS,
        type=EntryType.KEY_ADD,
        id=f"key:{key_id(public)}",
        recorded_at="2026-05-04T12:00:00.000000Z",
        body=body.model_dump(mode="json"),
    )

    return ReceiptMessage.of(issue_receipt(old, ORIGIN, 0, leaf.to_bytes()))


def test_a_new_key_is_believed_only_from_the_one_before_it() -> None:
    first, second, third, stranger = (Ed25519PrivateKey.generate() for _ in range(4))
    chain = [succession(first, second), succession(second, third)]
    known = public_bytes(first)
    assert follow(known, ORIGIN, chain) == public_bytes(third)
    assert follow(public_bytes(second), ORIGIN, chain) == public_bytes(third)
    assert follow(known, ORIGIN, chain[1:]) == known
    assert follow(known, ORIGIN, [succession(stranger, second)]) == known
    assert follow(known, "other.test/site/s1", chain) == known
    assert follow(known, ORIGIN, [succession(first, second, KeyRole.STATION)]) == known


async def test_a_new_key_is_believed_though_no_disk_takes_it(
    centre: "SmallCentre", world: "World", faults: Faults, tmp_path: Path
) -> None:
    second = Ed25519PrivateKey.generate()
    answer = LogKeys(keys=(succession(world.log_key, second),)).to_json()
    centre.routes["GET /v1/log/keys"] = lambda body: (200, answer)
    folder = tmp_path / "station"
    async with HttpLink(HttpConfig(base_url=centre.url, attempts=1)) as link:
        for _ in ("a full disk", "the next start"):
            assert await Succession(folder, world.enrolment, link, faults).learn() == public_bytes(second)
            assert faults.snapshot() == {"log_key_not_written": 1}
            folder.mkdir(exist_ok=True)
    written = Enrolment.read((folder / ENROLMENT_FILE).read_bytes())
    assert written.log_public_key == public_bytes(second)
