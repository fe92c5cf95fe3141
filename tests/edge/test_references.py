"""Banks come from a real centre, are checked before they are used, and change between two items only."""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from edge import exchange
from edge.database import Database
from edge.exchange import Parcel
from edge.faults import Faults
from edge.references import INCOMING, References, Shelf
from inspection.messages.references import PublishedReferences, ReferenceBank
from link.errors import LinkError
from link.http import HttpConfig, HttpLink
from models.manifest import ZOO, read_manifest
from models.store import ReferenceStore

if TYPE_CHECKING:
    from tests.edge.real_centre import Served

BACKBONE = read_manifest(ZOO / "efficientnet-lite0").sha256
Pack = Callable[..., Parcel]


async def at_once() -> None:
    """A bench on which nothing lies."""


@dataclass
class Shop:
    """The centre, whoever makes references, and a station's folder."""

    served: "Served"
    made: Path
    root: Path
    database: Database
    station: HttpLink
    desk: HttpLink
    faults: Faults = field(default_factory=lambda: Faults(CollectorRegistry()))

    def references(
        self,
        *,
        backbone: str = BACKBONE,
        most_bytes: int = 10**9,
        bench_free: Callable[[], Awaitable[None]] = at_once,
        link: HttpLink | None = None,
    ) -> References:
        shelf = Shelf(root=self.root, backbone_sha256=backbone, most_bytes=most_bytes, least_free_bytes=0)
        return References(
            database=self.database,
            link=link or self.station,
            shelf=shelf,
            faults=self.faults,
            bench_free=bench_free,
            every_s=0.02,
        )

    def pack(self, sku: str = "MUG-1") -> Parcel:
        return exchange.pack(self.made, ReferenceStore(self.made, "north"), sku, "top")

    async def publish(self, parcel: Parcel) -> PublishedReferences:
        return await exchange.push(self.desk, parcel)

    def bank(self, sku: str = "MUG-1") -> str | None:
        """Hash of the bank that an inspection would use."""
        found = ReferenceStore(self.root, "north").bank(sku, "top", backbone_sha256=BACKBONE)
        return found.sha256 if found else None

    def count(self, code: str) -> int:
        return self.faults.snapshot().get(code, 0)


@pytest.fixture
async def shop(
    tmp_path: Path, real_centre: ModuleType, made_references: Path, database: Database
) -> AsyncIterator[Shop]:
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(real_centre.serving(tmp_path / "centre"))
        station = await stack.enter_async_context(served.link(served.station_key))
        desk = await stack.enter_async_context(served.link(served.desk_key))
        yield Shop(served, made_references, tmp_path / "references", database, station, desk)


def renamed(parcel: Parcel, sku: str) -> Parcel:
    """The same files, announced for another product."""
    references = parcel.references.model_copy(update={"sku": sku})
    return Parcel(references=references, files=parcel.files)


def garbage(parcel: Parcel, content: bytes) -> Parcel:
    """A set whose bank is none."""
    bank = ReferenceBank(
        sha256=hashlib.sha256(content).hexdigest(), bytes=len(content), backbone_sha256=BACKBONE
    )
    references = parcel.references.model_copy(update={"bank": bank})
    return Parcel(references=references, files=(*parcel.files[:-1], content))


def sha(parcel: Parcel) -> str:
    assert parcel.references.bank is not None
    return parcel.references.bank.sha256


async def test_what_is_published_is_used_at_the_station(shop: Shop) -> None:
    one, two = shop.pack("MUG-1"), shop.pack("MUG-2")
    await shop.publish(one)
    await shop.publish(two)
    await shop.references().once()
    assert (shop.bank("MUG-1"), shop.bank("MUG-2")) == (sha(one), sha(two))
    assert list((shop.root / INCOMING).iterdir()) == []
    assert shop.faults.snapshot() == {}


async def test_nothing_changes_while_an_item_is_under_way(shop: Shop, site: ModuleType) -> None:
    await shop.publish(shop.pack())
    taken_off = asyncio.Event()

    async def bench_free() -> None:
        await taken_off.wait()

    bringing = asyncio.create_task(shop.references(bench_free=bench_free).once())
    part = shop.root / INCOMING / f"{sha(shop.pack())}.part"
    await site.until(lambda: part.exists() and part.stat().st_size == len(shop.pack().files[-1]))
    assert shop.bank() is None
    taken_off.set()
    await bringing
    assert shop.bank() == sha(shop.pack())


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b[:-1] + b"x", lambda b: b""]
)
async def test_a_file_that_is_not_as_announced_is_not_used_and_fetched_again(
    shop: Shop, damage: Callable[[bytes], bytes]
) -> None:
    references = shop.references()
    first = await shop.publish(shop.pack("MUG-2"))
    await references.once()
    parcel = renamed(shop.pack("MUG-1"), "MUG-1")
    path = shop.served.path(await shop.publish(parcel))
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    await references.once()
    assert shop.bank("MUG-1") is None
    assert sum(shop.faults.snapshot().values()) == shop.count("wrong_file") + shop.count("refused") == 1
    path.write_bytes(whole)
    await references.once()
    assert shop.bank("MUG-1") == sha(parcel)
    assert first.references.bank is not None
    assert shop.bank("MUG-2") == first.references.bank.sha256


async def test_the_bank_before_stays_until_the_new_one_is_good(shop: Shop) -> None:
    good = shop.pack()
    await shop.publish(good)
    references = shop.references()
    await references.once()
    await shop.publish(garbage(good, b"no bank at all"))
    await references.once()
    assert shop.bank() == sha(good)
    assert shop.count("bank_refused") == 1
    await references.once()
    assert shop.count("bank_refused") == 1, "it is not fetched over and over"


async def test_a_bank_of_another_product_is_kept_out_and_the_others_go_on(shop: Shop) -> None:
    await shop.publish(renamed(shop.pack("MUG-1"), "JUG-1"))
    await shop.publish(shop.pack("MUG-2"))
    await shop.references().once()
    assert (shop.bank("JUG-1"), shop.bank("MUG-2")) == (None, sha(shop.pack("MUG-2")))
    assert shop.count("bank_refused") == 1


async def test_a_bank_of_another_backbone_waits_for_the_program_that_fits(shop: Shop) -> None:
    await shop.publish(shop.pack("MUG-1"))
    await shop.publish(shop.pack("MUG-2"))
    await shop.references(backbone="0" * 64).once()
    assert (shop.bank("MUG-1"), shop.count("bank_refused")) == (None, 2)
    assert not (shop.root / INCOMING).exists(), "it is not even fetched"
    updated = shop.references()
    await updated.look_around()
    await updated.once()
    assert (shop.bank("MUG-1"), shop.bank("MUG-2")) == (sha(shop.pack("MUG-1")), sha(shop.pack("MUG-2")))


async def test_a_withdrawn_bank_goes_and_one_made_here_stays(shop: Shop) -> None:
    references, parcel = shop.references(), shop.pack()
    await shop.publish(parcel)
    await shop.publish(shop.pack("MUG-2"))
    await references.once()
    path = exchange.bank_path(shop.root, "north", "MUG-2", "top")
    path.write_bytes(b"made here")
    for sku in ("MUG-1", "MUG-2"):
        await exchange.publish(shop.desk, exchange.set_of("north", sku, "top", None, ()))
    await references.once()
    assert shop.bank("MUG-1") is None
    assert path.read_bytes() == b"made here"
    await shop.publish(parcel)
    await references.once()
    assert shop.bank("MUG-1") == sha(parcel)


async def test_a_bank_that_was_lost_here_comes_again_after_a_start(shop: Shop) -> None:
    await shop.publish(shop.pack())
    await shop.references().once()
    shutil.rmtree(shop.root)
    again = shop.references()
    await again.look_around()
    await again.once()
    assert shop.bank() == sha(shop.pack())


async def test_a_bank_that_was_put_in_place_before_a_crash_is_not_fetched_again(shop: Shop) -> None:
    parcel = shop.pack()
    published = await shop.publish(parcel)
    path = exchange.bank_path(shop.root, "north", "MUG-1", "top")
    path.parent.mkdir(parents=True)
    path.write_bytes(parcel.files[-1])
    shop.served.path(published).unlink()
    await shop.references().once()
    assert shop.bank() == sha(parcel)


async def test_banks_take_no_more_room_than_they_may(shop: Shop) -> None:
    await shop.publish(shop.pack())
    await shop.references(most_bytes=10).once()
    assert (shop.bank(), shop.count("disk_full")) == (None, 1)
    await shop.references().once()
    assert shop.bank() == sha(shop.pack())


async def test_a_restored_centre_takes_nothing_back(
    shop: Shop, tmp_path: Path, real_centre: ModuleType
) -> None:
    await shop.publish(shop.pack("MUG-2"))
    old = shutil.copytree(tmp_path / "centre", tmp_path / "backup")
    newer = renamed(shop.pack(), "MUG-1")
    await shop.publish(newer)
    await shop.references().once()
    async with real_centre.serving(old) as restored, restored.link(restored.station_key) as link:
        references = shop.references(link=link)
        await references.look_around()
        await references.once()
        assert shop.bank("MUG-1") == sha(newer)
        assert shop.count("references_went_back") == 1
        async with restored.link(restored.desk_key) as desk:
            await exchange.publish(desk, exchange.set_of("north", "MUG-2", "top", None, ()))
        await references.once()
        assert shop.bank("MUG-2") is None, "what is published after the restore counts"


async def test_without_the_centre_the_banks_stay_and_the_asking_goes_on(shop: Shop, site: ModuleType) -> None:
    await shop.publish(shop.pack())
    await shop.references().once()
    async with HttpLink(HttpConfig(base_url="http://127.0.0.1:9", attempts=1)) as nowhere:
        references = shop.references(link=nowhere)
        with pytest.raises(LinkError):
            await references.once()
        running = asyncio.create_task(references.run())
        await site.until(lambda: shop.count("references_unreachable") >= 2)
        running.cancel()
    assert shop.bank() == sha(shop.pack())


async def test_a_key_that_opens_nothing_is_counted(shop: Shop) -> None:
    async with shop.served.link("station_" + "x" * 43) as stranger:
        with pytest.raises(LinkError):
            await shop.references(link=stranger).once()
