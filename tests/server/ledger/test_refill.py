"""A ledger restored from an older copy takes back what it had, byte for byte, and nothing else before."""

import shutil
import sqlite3
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, select

from inspection.custody.checkpoint import Checkpoint, issue_checkpoint
from inspection.custody.merkle import leaf_hash, root_of
from inspection.custody.receipt import issue_receipt
from inspection.messages.uplink import (
    ReceiptMessage,
    RecordBatch,
    RefillAnswer,
    RefillBatch,
    RefillItem,
    SignedRecord,
)
from server.access import Caller, Scope
from server.app import create_app
from server.centre import Centre, open_centre
from server.db.ledger_tables import leaves
from server.db.refund_tables import instructions
from server.db.tables import openings, record_evidence, records, units
from server.keys import ServerKeys
from server.ledger import refill
from server.ledger.opening import open_if_whole
from server.ledger.refill import count_bare, count_waiting, recovering_from
from server.ledger.standing import LogState, standing_of
from server.settings import ServerSettings
from server.subjects.repository import mark_units
from tests.server.conftest import Bench, Site, Tick, bearer

IMAGE = b"ciphertext of a photo"


@dataclass(slots=True, kw_only=True)
class Place:
    """A centre's folder that can be copied, lost and restored."""

    folder: Path
    settings: ServerSettings
    keys: ServerKeys
    clock: Tick
    template: Callable[..., dict[str, Any]]

    @asynccontextmanager
    async def open(self, *, made: bool = False) -> AsyncIterator[Site]:
        """The centre, served; `made` where its merchant is there already."""
        registry = CollectorRegistry()
        async with open_centre(
            self.folder, self.settings, self.keys, clock=self.clock, registry=registry
        ) as centre:
            transport = httpx.ASGITransport(create_app(centre))
            async with httpx.AsyncClient(transport=transport, base_url="http://centre.test") as http:
                console = await bearer(centre, Caller(scope=Scope.CONSOLE))
                if not made:
                    await http.post("/v1/merchants", json={"id": "m1", "name": "Shop"}, headers=console)
                shop = await bearer(centre, Caller(scope=Scope.SHOP, merchant="m1"))
                yield Site(
                    centre=centre,
                    http=http,
                    clock=self.clock,
                    console=console,
                    shop=shop,
                    template=self.template,
                )

    def back_up(self, target: Path) -> None:
        with sqlite3.connect(self.folder / "centre.sqlite") as here, sqlite3.connect(target) as there:
            here.backup(there)

    def restore(self, source: Path) -> None:
        for path in self.folder.glob("centre.sqlite*"):
            path.unlink()
        shutil.copy(source, self.folder / "centre.sqlite")


@pytest.fixture
def place(
    tmp_path: Path,
    settings: ServerSettings,
    keys: ServerKeys,
    clock: Tick,
    record_value: Callable[..., dict[str, Any]],
) -> Place:
    return Place(folder=tmp_path, settings=settings, keys=keys, clock=clock, template=record_value)


async def offer(
    site: Site, auth: dict[str, str], *pairs: tuple[ReceiptMessage, SignedRecord]
) -> RefillAnswer:
    items = tuple(
        RefillItem(receipt=receipt, openings=signed.openings, image_keys=signed.image_keys)
        for receipt, signed in pairs
    )
    content = RefillBatch(items=items).to_json()
    answer = await site.http.post("/v1/ledger/refill", content=content, headers=auth)
    assert answer.status_code == 200, answer.text
    return RefillAnswer.read(answer.content)


async def recorded(site: Site, bench: Bench, *names: str) -> list[tuple[ReceiptMessage, SignedRecord]]:
    """Records of units, one image each, with their receipts."""
    pairs = []
    for name in names:
        signed = bench.signed(name, (IMAGE,))
        (answer,) = (await site.send(bench, signed)).results
        assert isinstance(answer, ReceiptMessage)
        pairs.append((answer, signed))
    return pairs


async def all_leaves(centre: Centre) -> list[bytes]:
    chosen = select(leaves.c.leaf).order_by(leaves.c.seq)
    return await centre.reader.run(lambda c: list(c.execute(chosen).scalars()))


async def state(centre: Centre) -> LogState:
    return (await centre.reader.run(lambda c: standing_of(c, "s1"))).state


@dataclass(slots=True, kw_only=True)
class Lost:
    """A site whose database was lost and restored from an older copy."""

    bench: Bench
    pairs: list[tuple[ReceiptMessage, SignedRecord]]
    before: list[bytes]
    note: bytes


@pytest.fixture
async def lost(place: Place, tmp_path: Path) -> Lost:
    async with place.open() as site:
        bench = await site.enrol()
        await site.announce("R1/1/1", "R1/1/2", "R1/1/3", "R1/1/4")
        await recorded(site, bench, "R1/1/1")
        await site.centre.checkpoints.now()
        place.back_up(tmp_path / "copy.sqlite")
        pairs = await recorded(site, bench, "R1/1/2", "R1/1/3", "R1/1/4")
        note = (await site.centre.checkpoints.now()).note
        before = await all_leaves(site.centre)
    place.restore(tmp_path / "copy.sqlite")
    return Lost(bench=bench, pairs=pairs, before=before, note=note)


async def test_a_restored_ledger_takes_nothing_new_before_it_is_whole(place: Place, lost: Lost) -> None:
    async with place.open(made=True) as site:
        assert await state(site.centre) == LogState.RECOVERING
        content = RecordBatch(records=(lost.bench.signed("R1/1/2"),)).to_json()
        answer = await site.http.post("/v1/records", content=content, headers=lost.bench.auth)
        assert (answer.status_code, answer.json()["code"]) == (503, "recovering")
        assert "2 entries, the newest signed checkpoint 5" in answer.json()["detail"]
        standing = (await site.http.get("/v1/stations/me", headers=lost.bench.auth)).json()
        assert standing["ledger_size"] == 2


async def test_receipts_bring_every_entry_back_byte_for_byte(place: Place, lost: Lost) -> None:
    async with place.open(made=True) as site:
        said = await offer(site, lost.bench.auth, *lost.pairs)
        assert (said.appended, said.waiting, said.ledger_size, said.state) == (3, 0, 5, "open")
        assert await all_leaves(site.centre) == lost.before
        kept = await site.centre.checkpoints.now()
        assert kept.note == lost.note, "the same head under the same key is the same note"
        await recorded_again(site, lost)


async def recorded_again(site: Site, lost: Lost) -> None:
    """The rows are back: a replay is answered with the same receipt, and what is new is recorded."""
    receipt, signed = lost.pairs[0]
    (answer,) = (await site.send(lost.bench, signed)).results
    assert isinstance(answer, ReceiptMessage)
    assert answer.receipt() == receipt.receipt()
    await site.announce("R2/1/1")
    (pair,) = await recorded(site, lost.bench, "R2/1/1")
    assert pair[0].index == 5


async def test_out_of_order_receipts_wait_for_those_before_them(place: Place, lost: Lost) -> None:
    first, second, third = lost.pairs
    async with place.open(made=True) as site:
        said = await offer(site, lost.bench.auth, third)
        assert (said.appended, said.waiting, said.state) == (0, 1, "recovering")
        waiting = b"".join(path.read_bytes() for path in place.folder.glob("centre.sqlite*"))
        assert b64encode(third[1].image_keys[0].wrapped) not in waiting, "what waits is sealed too"
        said = await offer(site, lost.bench.auth, second, first)
        assert (said.appended, said.waiting, said.state) == (3, 0, "open")
        assert await all_leaves(site.centre) == lost.before


async def test_no_more_wait_than_there_is_room_for_and_they_are_counted_once_per_batch(
    place: Place, lost: Lost, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []

    def count(connection: Connection, site: str) -> int:
        counted.append(count_waiting(connection, site))
        return counted[-1]

    monkeypatch.setattr(refill, "count_waiting", count)
    monkeypatch.setattr(refill, "MOST_WAITING", 1)
    _, second, third = lost.pairs
    async with place.open(made=True) as site:
        said = await offer(site, lost.bench.auth, third, second)
        assert (said.appended, said.waiting) == (0, 1)
        assert counted == [0, 1], "before the batch, and for the answer"
        said = await offer(site, lost.bench.auth, third, second)
        assert (said.appended, said.waiting) == (0, 1)


async def test_a_whole_ledger_waits_for_receipts_that_are_under_no_checkpoint(
    place: Place, lost: Lost
) -> None:
    """The last entry was receipted and never under a checkpoint: its station comes a little later."""
    place.settings = place.settings.model_copy(update={"recovery_wait_s": 30.0})
    guard = place.folder / "checkpoint.newest"
    shorter = Checkpoint(
        origin="centre.test/site/s1", size=4, root=root_of([*map(leaf_hash, lost.before[:4])])
    )
    guard.write_bytes(issue_checkpoint(place.keys.log, shorter))
    async with place.open(made=True) as site:
        said = await offer(site, lost.bench.auth, *lost.pairs[:2])
        assert (said.ledger_size, said.state) == (4, "recovering"), "whole, and waiting"
        site.clock.forward(29)
        await open_if_whole(site.centre)
        assert await state(site.centre) == LogState.RECOVERING
        said = await offer(site, lost.bench.auth, lost.pairs[2])
        assert (said.ledger_size, said.state) == (5, "recovering"), "each that comes begins the wait anew"
        site.clock.forward(29)
        await open_if_whole(site.centre)
        assert await state(site.centre) == LogState.RECOVERING
        site.clock.forward(2)
        await open_if_whole(site.centre)
        assert await state(site.centre) == LogState.OPEN
        assert await all_leaves(site.centre) == lost.before


async def test_rows_evidence_and_instructions_follow(place: Place, lost: Lost) -> None:
    async with place.open(made=True) as site:
        said = await offer(site, lost.bench.auth, *lost.pairs)
        assert len(said.evidence_pending) == 1, "the image is asked for again"
        await site.upload(lost.bench, IMAGE)
        counts = await site.centre.reader.run(
            lambda c: [
                len(c.execute(table.select()).all()) for table in (records, record_evidence, instructions)
            ]
        )
        assert counts == [4, 4, 4]
        chosen = select(units.c.id).where(units.c.state == "expected")
        assert await site.centre.reader.run(lambda c: c.execute(chosen).all()) == []


async def test_entries_that_are_there_are_known(place: Place, lost: Lost) -> None:
    async with place.open(made=True) as site:
        await offer(site, lost.bench.auth, *lost.pairs)
        said = await offer(site, lost.bench.auth, *lost.pairs)
        assert (said.appended, said.known, said.state) == (0, 3, "open")


async def test_a_receipt_that_contradicts_the_ledger_freezes_it(place: Place, lost: Lost) -> None:
    (place.folder / "checkpoint.newest").unlink()  # nobody knows how long it was: it goes on, wrongly
    async with place.open(made=True) as site:
        assert await state(site.centre) == LogState.OPEN
        await site.announce("R9/1/1")
        await site.enrol("st2")
        said = await offer(site, lost.bench.auth, lost.pairs[0])
        assert said.state == "frozen"
        alarms = (await site.http.get("/v1/alarms", headers=site.console)).json()["alarms"]
        assert {row["kind"] for row in alarms} == {"contradiction", "frozen"}
        detail = next(row["detail"] for row in alarms if row["kind"] == "contradiction")
        assert detail.startswith("entry 2: the log signed ")


async def test_a_receipt_beyond_an_open_ledger_makes_it_recover(place: Place, lost: Lost) -> None:
    (place.folder / "checkpoint.newest").unlink()
    async with place.open(made=True) as site:
        said = await offer(site, lost.bench.auth, lost.pairs[2])
        assert said.state == "recovering"
        said = await offer(site, lost.bench.auth, *lost.pairs[:2])
        assert said.state == "open"


@pytest.mark.parametrize("harm", ["signature", "another log", "cut leaf", "index"])
async def test_a_receipt_that_is_not_of_this_log_is_refused(place: Place, lost: Lost, harm: str) -> None:
    receipt = lost.pairs[0][0].receipt()
    forged = {
        "signature": lambda: replace(receipt, signature=bytes(64)),
        "another log": lambda: issue_receipt(
            Ed25519PrivateKey.generate(), "other.test/site/s1", receipt.index, receipt.leaf
        ),
        "cut leaf": lambda: replace(receipt, leaf=receipt.leaf[:-1]),
        "index": lambda: replace(receipt, index=3),
    }[harm]()
    content = RefillBatch(items=(RefillItem(receipt=ReceiptMessage.of(forged)),)).to_json()
    async with place.open(made=True) as site:
        answer = await site.http.post("/v1/ledger/refill", content=content, headers=lost.bench.auth)
        assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")
        assert len(await all_leaves(site.centre)) == 2


async def test_a_verdict_whose_unit_is_unknown_waits_for_its_announcement(
    place: Place, tmp_path: Path
) -> None:
    async with place.open() as site:
        bench = await site.enrol()
        await site.announce("R1/1/1")
        place.back_up(tmp_path / "copy.sqlite")
        await site.announce("R5/1/1")
        pairs = await recorded(site, bench, "R5/1/1")
        await site.centre.checkpoints.now()
    place.restore(tmp_path / "copy.sqlite")
    async with place.open(made=True) as site:
        said = await offer(site, bench.auth, *pairs)
        assert said.state == "open"
        assert await site.centre.reader.run(lambda c: count_bare(c, "s1")) == 1
        await site.announce("R5/1/1")
        assert await site.centre.reader.run(lambda c: count_bare(c, "s1")) == 0
        answer = await site.http.get("/v1/returns/R5/1/1", headers=site.shop)
        assert answer.json()["state"] == "inspected"


async def test_an_erased_unit_needs_nothing_from_its_station(place: Place, lost: Lost) -> None:
    async with place.open(made=True) as site:
        await site.centre.writer.submit(lambda c: mark_units(c, "s1", ["R1/1/2"], site.centre.now()))
        nothing: dict[str, Any] = {"openings": (), "image_keys": ()}
        bare = [(receipt, signed.model_copy(update=nothing)) for receipt, signed in lost.pairs]
        said = await offer(site, lost.bench.auth, *bare)
        assert said.state == "open"
        assert await site.centre.reader.run(lambda c: count_bare(c, "s1")) == 2, "of the other two units"
        assert await site.centre.reader.run(lambda c: recovering_from(c, "s1", "st1")) == 3


async def test_nothing_is_asked_of_a_station_whose_records_are_whole(place: Place, lost: Lost) -> None:
    async with place.open(made=True) as site:
        await offer(site, lost.bench.auth, *lost.pairs)
        assert await site.centre.reader.run(lambda c: recovering_from(c, "s1", "st1")) is None


@pytest.mark.parametrize("giver", ["shop", "another station", "console"])
async def test_what_travels_beside_a_record_is_taken_from_its_own_station_alone(
    place: Place, lost: Lost, giver: str
) -> None:
    async with place.open(made=True) as site:
        keys = {"shop": site.shop, "console": site.console}
        auth = keys.get(giver) or await bearer(site.centre, Caller(scope=Scope.STATION, station="st2"))
        said = await offer(site, auth, *lost.pairs)
        assert said.state == "open", "the receipts count, whoever brings them"
        assert await site.centre.reader.run(lambda c: recovering_from(c, "s1", "st1")) == 2
        await offer(site, lost.bench.auth, *lost.pairs)
        assert await site.centre.reader.run(lambda c: recovering_from(c, "s1", "st1")) is None


async def test_an_opening_that_does_not_fit_its_record_is_left_out(place: Place, lost: Lost) -> None:
    forged = [
        (
            receipt,
            signed.model_copy(update={"openings": (signed.openings[0].model_copy(update={"value": "O-2"}),)}),
        )
        for receipt, signed in lost.pairs
    ]
    async with place.open(made=True) as site:
        assert (await offer(site, lost.bench.auth, *forged)).state == "open"
        assert await site.centre.reader.run(lambda c: recovering_from(c, "s1", "st1")) == 2, "asked again"
        assert await site.centre.reader.run(lambda c: len(c.execute(select(openings)).all())) == 1, (
            "of before"
        )
