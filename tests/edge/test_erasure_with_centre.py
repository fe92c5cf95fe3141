"""A real station and a real centre: a customer is erased while the station is there, and while it is away."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import CollectorRegistry

from edge import journal, outbox, worklist
from edge.clock import ClockWatch
from edge.database import Database
from edge.erasure import Erasing
from edge.faults import Faults
from edge.identity import Identity
from edge.sync import Heard, Pace, Sync
from edge.uplink import LogTrust, Uplink
from edge.vault import Vault
from inspection.custody.signing import Domain, public_bytes, sign
from inspection.messages.station import Enrolment, EnrolmentRequest
from link.http import HttpLink
from server.access import Caller, Scope, new_key
from server.centre import Centre
from server.stations import service
from server.subjects.schemas import ErasureRequest

if TYPE_CHECKING:
    from tests.edge.real_centre import Served
    from tests.edge.world import World

BOOT = "1" * 32


def nothing() -> None:
    """Nobody needs to hear of it here."""


class Site:
    """Both ends, and what lies on their disks."""

    def __init__(self, served: "Served", world: "World", made: ModuleType, folder: Path) -> None:
        self.served, self.world, self.made, self.folder = served, world, made, folder

    @property
    def centre(self) -> Centre:
        return self.served.centre

    def station(self, link: HttpLink, database: Database, vault: Vault) -> tuple[Sync, Uplink]:
        identity = Identity(key=self.world.station_key, enrolment=self.world.enrolment)
        faults, clocks = Faults(CollectorRegistry()), ClockWatch()
        sync = Sync(
            database=database,
            link=link,
            identity=identity,
            clocks=clocks,
            faults=faults,
            erasing=Erasing(database, vault, faults),
            pace=Pace(worklist_s=0.02, health_s=0.02),
            heard=Heard(new_worklist=nothing, changed=nothing, cloned=lambda error: None),
        )
        trust = LogTrust.of(self.world.enrolment)
        retry_s = (0.01, 0.05)
        uplink = Uplink(
            database=database,
            vault=vault,
            link=link,
            trust=trust,
            clocks=clocks,
            faults=faults,
            retry_s=retry_s,
        )
        return sync, uplink

    def commit(self, database: Database, vault: Vault, number: int) -> journal.Commit:
        done: journal.Commit = self.made.make_commit(self.world, vault, BOOT, number, number)
        database.run_now(partial(journal.commit_inspection, commit=done))
        return done

    async def erase(self, customer: str) -> None:
        wanted = ErasureRequest(merchant="north", customer=customer, reason="asked_by_customer")
        await self.centre.eraser.erase(wanted, "Dana")

    def left_of(self, done: journal.Commit, ciphertext: bytes) -> list[bytes]:
        """What of an inspection's personal traces any file of either end still holds."""
        found = b"".join(path.read_bytes() for path in self.folder.rglob("*") if path.is_file())
        sent = done.signed.model_dump(mode="json")
        texts = [
            row[name] for row in sent["openings"] for name in ("salt", "value") if row["field"] != "inspector"
        ]
        texts += [row[name] for row in sent["image_keys"] for name in ("wrapped", "salt")]
        raw = [ciphertext, *(row.salt for row in done.signed.image_keys)]
        return [trace for trace in (*(text.encode() for text in texts), *raw) if trace in found]


async def enrolled(served: "Served", key: Ed25519PrivateKey) -> Enrolment:
    centre, code = served.centre, service.make_code()
    expires_at = centre.clock().replace(year=centre.clock().year + 1)
    await centre.writer.submit(lambda c: service.offer_code(c, "s1", "st9", code, expires_at))
    signature = sign(key, Domain.ENROLMENT, code.encode())
    request = EnrolmentRequest(code=code, public_key=public_bytes(key), signature=signature)
    async with served.link("station_" + "k" * 40) as link:
        answer = await link.request("POST", "/v1/stations/enrol", content=request.to_json())
    return Enrolment.read(answer.content)


@pytest.fixture
async def both(
    tmp_path: Path, real_centre: ModuleType, site: ModuleType, world: "World"
) -> AsyncIterator[Site]:
    """A centre that expects two units of two customers, and a station that is enrolled there."""
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(real_centre.serving(tmp_path / "centre"))
        known = replace(world, enrolment=await enrolled(served, world.station_key))
        shop = await served.centre.writer.submit(
            lambda c: new_key(c, "s1", Caller(scope=Scope.SHOP, merchant="north"), "shop", "now")
        )
        async with served.link(shop) as link:
            products = {"products": [site.product().model_dump(mode="json")]}
            await link.request("PUT", "/v1/catalogue/products", json=products)
            units = [replace_unit(site.unit(number), number) for number in (1, 2)]
            await link.post("/v1/returns", {"units": units})
        yield Site(served, known, site, tmp_path)


def replace_unit(unit: Any, number: int) -> dict[str, Any]:
    value: dict[str, Any] = unit.model_dump(mode="json")
    return value | {"serial": f"SERIAL-{number}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A station on the line that has heard what to expect."""

    sync: Sync
    uplink: Uplink
    database: Database
    vault: Vault


@pytest.fixture
async def station(tmp_path: Path, both: Site) -> AsyncIterator[Station]:
    folder, enrolment = tmp_path / "station", both.world.enrolment
    folder.mkdir()
    vault = Vault(folder / "evidence", enrolment.sealing_public_key, secrets.token_bytes)
    async with both.served.link(enrolment.api_key) as link:
        with Database(folder) as database:
            begin = partial(journal.begin_boot, boot=BOOT, key=both.world.key_id, at=both.made.NOON)
            database.run_now(begin)
            sync, uplink = both.station(link, database, vault)
            await sync.worklist()
            yield Station(sync=sync, uplink=uplink, database=database, vault=vault)


async def test_a_station_that_is_there_forgets_with_the_centre(both: Site, station: Station) -> None:
    database, vault = station.database, station.vault
    gone, kept = both.commit(database, vault, 1), both.commit(database, vault, 2)
    ciphertext = vault.read(gone.images[0].ciphertext_sha256) or b""
    await station.uplink.round()
    assert both.left_of(gone, ciphertext) != [], "so the search can find it"
    await both.erase("C-1")
    await station.sync.worklist()
    assert both.left_of(gone, ciphertext) == []
    assert vault.read(kept.images[0].ciphertext_sha256) is not None
    assert database.run_now(partial(worklist.by_unit_id, unit="RMA-1/1/1")) == ()
    assert len(database.run_now(partial(worklist.by_unit_id, unit="RMA-2/1/1"))) == 1


async def test_a_station_that_was_away_gets_its_record_in_and_brings_nothing_back(
    both: Site, station: Station
) -> None:
    database, vault = station.database, station.vault
    gone, kept = both.commit(database, vault, 1), both.commit(database, vault, 2)
    ciphertext = vault.read(gone.images[0].ciphertext_sha256) or b""
    await both.erase("C-1")
    allowed = asyncio.Event()
    allowed.set()
    async with both.made.running(station.uplink.run(allowed, station.sync.catch_up)):
        await both.made.until(lambda: database.run_now(outbox.depth).queued == 0)
    assert database.run_now(outbox.depth).refused == 0, "both records stand in the ledger"
    assert not both.centre.store.holds(gone.images[0].ciphertext_sha256)
    assert both.centre.store.holds(kept.images[0].ciphertext_sha256)
    await station.sync.worklist()  # as the poll beside the uplink does
    assert both.left_of(gone, ciphertext) == []


async def test_a_station_that_sends_before_it_hears_leaves_nothing_at_the_centre(
    both: Site, station: Station
) -> None:
    database, vault = station.database, station.vault
    gone = both.commit(database, vault, 1)
    ciphertext = vault.read(gone.images[0].ciphertext_sha256) or b""
    await both.erase("C-1")
    await station.uplink.round()
    assert database.run_now(outbox.depth).queued == 0
    assert not both.centre.store.holds(gone.images[0].ciphertext_sha256)
    await station.sync.worklist()
    assert both.left_of(gone, ciphertext) == []
