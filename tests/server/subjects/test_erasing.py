"""A customer is erased: nothing of them is left in any file or later backup, and every proof still holds."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from inspection.custody.leaf import EntryType, read_leaf
from inspection.custody.merkle import leaf_hash, verify_inclusion
from inspection.custody.receipt import check_receipt_for
from inspection.custody.sealing import commit, opens, seal_image, wrap_key
from inspection.custody.signing import Domain, verify
from inspection.messages.entries import ErasureEntry
from inspection.messages.station import WorklistPage
from inspection.messages.uplink import ImageKey, Opening, ReceiptMessage, SignedRecord
from server.centre import open_centre
from server.errors import RefundOpen
from server.ingest.checking import check
from server.ingest.judging import Bench as AtBench
from server.ingest.repository import find_keys
from server.ingest.service import Recorded, Rules, Sent, record_batches
from server.keys import ServerKeys
from server.ledger.backup import back_up
from server.ledger.tree import tree_view
from server.settings import ServerSettings
from server.stations.worklist import worklist_page
from server.subjects.erasing import Eraser
from server.subjects.keys import FILE_NAME
from server.subjects.opening import opened
from server.subjects.schemas import Certificate, ErasureAnswer, ErasureRequest

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site, Tick

ANN: dict[str, Any] = {
    "order": "O-ann-1",
    "customer": "C-ann-1",
    "serial": "SERIAL-ann-1",
    "epc": "3066c4409047e140075bcd15",
    "parcel": "PARCEL-ann-1",
}
BOB: dict[str, Any] = {"order": "O-bob-1", "customer": "C-bob-1", "serial": "SERIAL-bob-1"}
PHOTO = b"\xff\xd8a photo of the item on the bench" * 20
WANTED = {"merchant": "m1", "customer": "C-ann-1", "reason": "asked_by_customer"}
KEY, NONCE = bytes(range(32, 64)), bytes(range(12))


def salt(name: str) -> bytes:
    return sha256(name.encode()).digest()


class Inspected:
    """One inspection of a unit, with all that travels beside its record."""

    def __init__(self, bench: "Bench", unit: str, who: dict[str, Any], photo: bytes = PHOTO) -> None:
        self.said = {"order": who["order"], "customer": who["customer"], "tag": who.get("epc", "none")}
        self.ciphertext = seal_image(photo, KEY, NONCE)
        name = sha256(self.ciphertext).hexdigest()
        wrapped = wrap_key(KEY, bench.enrolment.sealing_public_key, name)
        self.image_key = ImageKey(ciphertext_sha256=name, wrapped=wrapped, salt=salt(f"{unit}/photo"))
        personal = {field: commit(salt(f"{unit}/{field}"), value) for field, value in self.said.items()}
        record = bench.record(unit, (self.ciphertext,), personal=personal)
        openings = tuple(
            Opening.model_validate({"field": field, "salt": salt(f"{unit}/{field}"), "value": value})
            for field, value in self.said.items()
        )
        self.id = record.id
        self.signed = bench.sign(record).model_copy(
            update={"openings": openings, "image_keys": (self.image_key,)}
        )

    @property
    def traces(self) -> list[bytes]:
        """Every byte string that must be found nowhere once it is erased."""
        values = [value.encode() for value in self.said.values()]
        salts = [*(each.salt for each in self.signed.openings), self.image_key.salt]
        return [
            *values,
            *salts,
            *(each.hex().encode() for each in salts),
            self.image_key.wrapped,
            self.ciphertext,
            PHOTO,
        ]


async def chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def left_of(traces: list[bytes], folder: Path) -> list[bytes]:
    found = everything(folder)
    return [trace for trace in traces if trace in found]


def backup(folder: Path, target: Path) -> Path:
    """What an operator backs up: both databases, by SQLite, and the images."""
    target.mkdir()
    for name in ("centre.sqlite", FILE_NAME):
        with sqlite3.connect(folder / name) as source, sqlite3.connect(target / name) as copy:
            source.backup(copy)
        source.close()
        copy.close()
    shutil.copytree(folder / "evidence", target / "evidence")
    return target


async def inspect(site: "Site", bench: "Bench", done: Inspected) -> ReceiptMessage:
    assert (await site.upload(bench, done.ciphertext)).status_code == 200
    (receipt,) = (await site.send(bench, done.signed)).results
    assert isinstance(receipt, ReceiptMessage)
    return receipt


async def erase(site: "Site", **changes: Any) -> httpx.Response:
    body = {name: value for name, value in (WANTED | changes).items() if value is not None}
    return await site.http.post("/v1/subjects/erasures", json=body, headers=site.console)


async def worklist(site: "Site", bench: "Bench", after: int = 0) -> WorklistPage:
    answer = await site.http.get("/v1/worklist", params={"after": after}, headers=bench.auth)
    return WorklistPage.read(answer.content)


@pytest.fixture
async def ann(site: "Site", bench: "Bench") -> Inspected:
    """Ann's unit and Bob's are inspected; Bob stays."""
    await site.announce("R1/1/1", **ANN)
    await site.announce("R2/1/1", **BOB)
    done = Inspected(bench, "R1/1/1", ANN)
    await inspect(site, bench, done)
    await inspect(site, bench, Inspected(bench, "R2/1/1", BOB, b"another photo"))
    return done


async def test_no_file_and_no_backup_made_after_holds_what_was_erased(
    site: "Site", ann: Inspected, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert ann.ciphertext in everything(tmp_path), "so the search can find it"
    answer = await erase(site)
    assert answer.status_code == 200, answer.text
    told = [b"SERIAL-ann-1", b"PARCEL-ann-1", b"C-ann-1", b"O-ann-1"]
    assert left_of([*ann.traces, *told], tmp_path) == []
    after = backup(tmp_path, tmp_path_factory.mktemp("backups") / "after")
    assert left_of([*ann.traces, *told], after) == []
    his = await site.centre.reader.run(lambda c: opened(c, "s1", record_of(site, "R2/1/1", c)))
    assert {each.value for each in his.fields} == {"O-bob-1", "C-bob-1", "none"}
    assert len(his.images) == 1


async def test_a_copy_that_is_kept_up_loses_what_was_erased(
    site: "Site", ann: Inspected, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = tmp_path_factory.mktemp("copies") / "kept-up"
    back_up(tmp_path, out, subject_keys=True)
    assert ann.ciphertext in everything(out)
    await erase(site)
    back_up(tmp_path, out, subject_keys=True)
    assert left_of(ann.traces, out) == []


def record_of(site: "Site", unit: str, connection: Any) -> str:
    chosen = "SELECT id FROM records WHERE unit = ?"
    return str(connection.exec_driver_sql(chosen, (unit,)).scalar_one())


async def test_every_old_proof_verifies_after_it(site: "Site", bench: "Bench", ann: Inspected) -> None:
    centre = site.centre
    before = await centre.reader.run(centre.log.head)
    root = await centre.reader.run(lambda c: tree_view(c, "s1", before.size).root())
    proofs = await centre.reader.run(
        lambda c: [tree_view(c, "s1", before.size).inclusion(index) for index in range(before.size)]
    )
    await erase(site)
    leaves = await centre.reader.run(lambda c: [centre.log.at(c, index) for index in range(before.size)])
    for index, (leaf, proof) in enumerate(zip(leaves, proofs, strict=True)):
        assert leaf is not None
        verify_inclusion(leaf_hash(leaf), index, before.size, proof, root)
    (receipt,) = (await site.send(bench, ann.signed)).results
    assert isinstance(receipt, ReceiptMessage)
    check_receipt_for(receipt.receipt(), bench.enrolment.log_public_key, centre.log.origin, ann.signed.record)
    assert receipt.evidence_pending == ()


async def test_the_entry_names_nobody_and_the_certificate_is_signed(
    site: "Site", bench: "Bench", ann: Inspected
) -> None:
    answer = ErasureAnswer.read((await erase(site, by="Dana")).content)
    certificate = Certificate.read(answer.certificate)
    verify(bench.enrolment.log_public_key, Domain.ERASURE, answer.certificate, answer.signature)
    leaf = await site.centre.reader.run(lambda c: site.centre.log.at(c, certificate.entry_index))
    assert leaf is not None
    entry = read_leaf(leaf)
    assert entry.type == EntryType.ERASURE
    body = ErasureEntry.model_validate(entry.body, strict=False)
    assert (body.by, body.reason) == ("Dana", "asked_by_customer")
    assert (body.counts.units, body.counts.records, body.counts.openings, body.counts.images) == (1, 1, 3, 1)
    assert opens(certificate.subject_commitment, answer.salt, ["m1", "C-ann-1"])
    assert body.subject_commitment == certificate.subject_commitment
    assert certificate.key_backup_days == 7
    assert (certificate.no_key_after - certificate.erased_at).days == 8, "the run after the seventh"
    assert "daily" in answer.text["en"] and "每日" in answer.text["zh_CN"]
    assert set(answer.text) == {"zh_CN", "en"}
    assert certificate.erasure in answer.text["en"] and "密钥" in answer.text["zh_CN"]


async def test_asking_again_is_answered_with_the_same_certificate(site: "Site", ann: Inspected) -> None:
    first = await erase(site)
    for again in (await erase(site), await erase(site, customer=None, unit="R1/1/1")):
        assert again.content == first.content
    erasure = Certificate.read(ErasureAnswer.read(first.content).certificate).erasure
    shown = await site.http.get(f"/v1/subjects/erasures/{erasure}", headers=site.console)
    assert shown.content == first.content
    other = await site.http.get(f"/v1/subjects/erasures/{'0' * 32}", headers=site.console)
    assert other.status_code == 404


async def test_the_old_backup_opens_nothing_without_the_key(
    site: "Site",
    ann: Inspected,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    settings: ServerSettings,
    keys: ServerKeys,
) -> None:
    before = backup(tmp_path, tmp_path_factory.mktemp("backups") / "before")
    await erase(site)
    shutil.copy(tmp_path / FILE_NAME, before / FILE_NAME)
    async with open_centre(before, settings, keys, registry=CollectorRegistry()) as old:
        found = await old.reader.run(lambda c: opened(c, "s1", ann.id))
    assert (found.fields, found.images) == ((), ())
    assert set(found.erased_fields) == {"order", "customer", "tag"}
    assert found.erased_images == (ann.image_key.ciphertext_sha256,)


async def test_a_database_restored_from_before_stays_erased(
    site: "Site",
    bench: "Bench",
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    settings: ServerSettings,
    keys: ServerKeys,
    clock: "Tick",
) -> None:
    await site.announce("R1/1/1", **ANN)
    late = Inspected(bench, "R1/1/1", ANN)
    before = backup(tmp_path, tmp_path_factory.mktemp("backups") / "before")
    await erase(site)
    shutil.copy(tmp_path / FILE_NAME, before / FILE_NAME)
    async with open_centre(before, settings, keys, clock=clock, registry=CollectorRegistry()) as old:
        page = await old.reader.run(lambda c: worklist_page(c, "s1", 0, old.clock()))
        assert (page.erased, page.units) == (("R1/1/1",), ())
        known = await old.reader.run(lambda c: find_keys(c, "s1", [bench.key_id]))
        rules = Rules(
            log=old.log,
            bench=AtBench(station="st1", site="s1", origin=old.log.origin, now=old.clock()),
            policy=old.policy,
            refusals_per_station=9,
        )
        batch = [check(late.signed, known, "st1")]
        (outcome,) = await old.writer.join(record_batches, Sent(batch=batch, rules=rules))
        assert isinstance(outcome, Recorded) and outcome.pending == ()
        found = await old.reader.run(lambda c: opened(c, "s1", late.id))
        assert found.fields == ()
    assert left_of(late.traces, before) == []


async def test_stations_hear_of_it_and_nobody_can_announce_the_unit_again(
    site: "Site", bench: "Bench", ann: Inspected
) -> None:
    cursor = (await worklist(site, bench)).cursor
    await erase(site)
    page = await worklist(site, bench, cursor)
    assert (page.erased, page.closed, page.units) == (("R1/1/1",), (), ())
    unit = {"id": "R1/1/1", "merchant": "m1", "authorization": "R1", "line": 1, "index": 1, "sku": "MUG-1"}
    unit |= {"paid_minor": 5000, "currency": "CNY", "reason": "changed_mind"} | ANN
    answer = await site.http.post("/v1/returns", json={"units": [unit]}, headers=site.shop)
    assert answer.status_code == 409 and "unit_erased" in answer.text


async def test_a_station_that_was_offline_gets_its_record_in_and_nothing_personal(
    site: "Site", bench: "Bench", tmp_path: Path
) -> None:
    await site.announce("R1/1/1", **ANN)
    late = Inspected(bench, "R1/1/1", ANN)
    assert (await erase(site)).status_code == 200
    await site.upload(bench, late.ciphertext)
    (receipt,) = (await site.send(bench, late.signed)).results
    assert isinstance(receipt, ReceiptMessage) and receipt.evidence_pending == ()
    again = await site.upload(bench, late.ciphertext)
    assert (again.status_code, again.json()["code"]) == (410, "erased")
    head = await site.http.head(f"/v1/evidence/{late.image_key.ciphertext_sha256}", headers=bench.auth)
    assert head.status_code == 410
    assert left_of(late.traces, tmp_path) == []
    found = await site.centre.reader.run(lambda c: opened(c, "s1", late.id))
    assert set(found.erased_fields) == {"inspector", "order", "customer", "tag"}
    told = await site.http.get("/v1/refunds", headers=site.shop)
    assert told.json()["instructions"] == []


async def test_a_record_without_openings_and_keys_of_an_erased_unit_is_taken(
    site: "Site", bench: "Bench"
) -> None:
    await site.announce("R1/1/1", **ANN)
    late = Inspected(bench, "R1/1/1", ANN)
    await erase(site)
    bare: SignedRecord = late.signed.model_copy(update={"openings": (), "image_keys": ()})
    (receipt,) = (await site.send(bench, bare)).results
    assert isinstance(receipt, ReceiptMessage)


async def test_an_image_that_was_under_way_does_not_stay(
    site: "Site", bench: "Bench", ann: Inspected
) -> None:
    await erase(site)
    answer = await site.upload(bench, ann.ciphertext)
    assert answer.status_code == 410
    assert not site.centre.store.holds(ann.image_key.ciphertext_sha256)


async def test_a_file_whose_row_a_crash_kept_from_being_written_does_not_stay(
    site: "Site", bench: "Bench"
) -> None:
    """Its upload ended as a file: before the record that names it came, and once more after."""
    await site.announce("R1/1/1", **ANN)
    late, store = Inspected(bench, "R1/1/1", ANN), site.centre.store
    name = late.image_key.ciphertext_sha256
    await erase(site)
    for end in (partial(site.send, bench, late.signed), site.centre.eraser.resume):
        await store.put(name, chunks(late.ciphertext), len(late.ciphertext))
        await end()
        assert not store.holds(name)


async def test_the_shop_still_reads_what_was_paid_and_no_order(site: "Site", ann: Inspected) -> None:
    await erase(site)
    page = await site.http.get("/v1/refunds", headers=site.shop)
    orders = {row["instruction"]["unit"]: row["instruction"]["order"] for row in page.json()["instructions"]}
    assert orders == {"R1/1/1": "erased", "R2/1/1": "O-bob-1"}


async def test_an_inspection_is_erased_though_its_unit_was_announced_for_another(
    site: "Site", bench: "Bench", ann: Inspected, tmp_path: Path
) -> None:
    await site.announce("R1/1/1", **BOB, inspection=2, purpose="audit")
    answer = await erase(site)
    assert answer.status_code == 200, answer.text
    assert left_of([trace for trace in ann.traces if trace != b"none"], tmp_path) == []
    page = await worklist(site, bench)
    assert [unit.customer for unit in page.units] == ["C-bob-1"] and page.erased == ()


async def test_two_who_ask_at_once_get_one_certificate(site: "Site", ann: Inspected) -> None:
    before = await site.centre.reader.run(site.centre.log.head)
    first, second = await asyncio.gather(erase(site), erase(site))
    assert (first.status_code, first.content) == (200, second.content)
    after = await site.centre.reader.run(site.centre.log.head)
    assert after.size == before.size + 1


async def test_a_customer_who_comes_back_is_erased_anew(site: "Site", bench: "Bench", ann: Inspected) -> None:
    first = await erase(site)
    await site.announce("R9/1/1", **ANN)
    await inspect(site, bench, Inspected(bench, "R9/1/1", ANN, b"a third photo"))
    second = await erase(site)
    assert second.status_code == 200
    certificates = [
        Certificate.read(ErasureAnswer.read(each.content).certificate) for each in (first, second)
    ]
    assert certificates[0].erasure != certificates[1].erasure
    assert certificates[0].subject_commitment != certificates[1].subject_commitment


@pytest.mark.parametrize("second_inspection", [False, True], ids=["announced", "inspected"])
async def test_an_erasure_by_a_unit_that_is_erased_commits_to_whose_it_was(
    site: "Site", bench: "Bench", ann: Inspected, second_inspection: bool
) -> None:
    await erase(site)
    await site.announce("R9/1/1", **ANN)
    if second_inspection:
        await inspect(site, bench, Inspected(bench, "R9/1/1", ANN, b"a third photo"))
        await site.announce("R9/1/1", **BOB, inspection=2, purpose="audit")
    answer = ErasureAnswer.read((await erase(site, customer=None, unit="R1/1/1")).content)
    certificate = Certificate.read(answer.certificate)
    assert opens(certificate.subject_commitment, answer.salt, ["m1", "C-ann-1"])


async def test_a_unit_of_which_nothing_opens_is_not_erased_under_a_made_up_name(
    site: "Site", ann: Inspected
) -> None:
    subjects = site.centre.eraser.subjects
    subjects.destroy(subjects.secrets.customer("m1", "C-ann-1"))
    answer = await erase(site, customer=None, unit="R1/1/1")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "name the customer" in answer.json()["detail"]
    assert (await erase(site)).status_code == 200, "by the number it goes on"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"customer": "C-nobody"}, 404, "not_found"),
        ({"customer": None, "unit": "R99/1/1"}, 404, "not_found"),
        ({"merchant": "m2"}, 404, "not_found"),
        ({"unit": "R1/1/1"}, 422, "bad_message"),
        ({"customer": None}, 422, "bad_message"),
    ],
    ids=["an unknown customer", "an unknown unit", "another merchant", "two names", "no name"],
)
async def test_who_cannot_be_found_is_said(
    site: "Site", ann: Inspected, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = await erase(site, **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_only_a_console_key_may_erase(site: "Site", ann: Inspected) -> None:
    answer = await site.http.post("/v1/subjects/erasures", json=WANTED, headers=site.shop)
    assert answer.status_code == 403


async def test_money_under_way_comes_first(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1", **ANN)
    done = Inspected(bench, "R1/1/1", ANN)
    await site.send(bench, done.signed)
    answer = await erase(site)
    assert (answer.status_code, answer.json()["code"]) == (409, RefundOpen.code)
    assert "R1/1/1" in answer.json()["detail"]
    await site.upload(bench, done.ciphertext)
    assert (await erase(site)).status_code == 200


class Interrupted(Exception):
    """The process ends here."""


STEPS = ("recorded", "key_destroyed", "rows_dropped", "images_deleted", "scrubbed", "certified")


@pytest.mark.parametrize("step", STEPS)
async def test_what_a_crash_interrupts_is_ended_at_the_next_start(
    site: "Site", ann: Inspected, tmp_path: Path, step: str
) -> None:
    def cut(done: str) -> None:
        if done == step:
            raise Interrupted(step)

    crashing: Eraser = replace(site.centre.eraser, done=cut)
    wanted = ErasureRequest.model_validate(WANTED)
    with pytest.raises(Interrupted):
        await crashing.erase(wanted, "Dana")
    fresh = replace(site.centre.eraser)
    await fresh.resume()
    assert left_of([*ann.traces, b"SERIAL-ann-1", b"PARCEL-ann-1"], tmp_path) == []
    head = await site.centre.reader.run(site.centre.log.head)
    answer = await fresh.erase(wanted, "Somebody else")
    certificate = Certificate.read(answer.certificate)
    assert certificate.by == "Dana"
    assert (await site.centre.reader.run(site.centre.log.head)).size == head.size, "one entry, not two"


async def test_a_folder_with_an_unfinished_erasure_is_ended_before_it_serves(
    site: "Site",
    ann: Inspected,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    settings: ServerSettings,
    keys: ServerKeys,
) -> None:
    def cut(done: str) -> None:
        if done == "recorded":
            raise Interrupted(done)

    with pytest.raises(Interrupted):
        await replace(site.centre.eraser, done=cut).erase(ErasureRequest.model_validate(WANTED), "Dana")
    left = backup(tmp_path, tmp_path_factory.mktemp("crashed") / "folder")
    assert left_of([ann.ciphertext], left) == [ann.ciphertext]
    async with open_centre(left, settings, keys, registry=CollectorRegistry()) as centre:
        found = await centre.reader.run(lambda c: opened(c, "s1", ann.id))
        assert (found.fields, found.images) == ((), ())
    assert left_of(ann.traces, left) == []
