"""Evidence packs from a centre: proven, opened as far as the caller may see, noted, and green in the kit."""

import asyncio
import base64
import io
import json
import os
import shutil
import sqlite3
import zipfile
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import select, text

from inspection.custody.canonical import parse_canonical
from inspection.custody.leaf import EntryType, read_leaf
from inspection.custody.policy import read_policy
from inspection.custody.proof import check_proof, read_proof
from inspection.custody.sealing import commit, opens, seal_image, wrap_key
from inspection.messages.carrier import CarrierEvent
from inspection.messages.entries import CorrectedField, CorrectionEntry, body_bytes, entry_id
from inspection.messages.uplink import ImageKey, Opening, SignedRecord
from inspection.parcels import Node
from kit import evidence_pack
from kit.pack.case import EvidenceCase
from kit.verify_bundle import verify_bundle
from server.access import Caller, Scope
from server.carriers.nodes import take_event
from server.carriers.rows import Told
from server.db.ledger_tables import LATER, leaves, ledger_state
from server.errors import AlreadyRunning, BadRequest, NotWitnessed
from server.ledger.log import Entry
from server.packs.commands import pack
from server.packs.making import make_pack
from server.subjects.keys import FILE_NAME
from tests.server.conftest import bearer
from tests.server.quorum import let_witness_see, with_quorum

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

UNIT = "R1/1/1"
URL = f"/v1/returns/{UNIT}/evidence-pack"
PHOTO = b"\xff\xd8 not quite a photo \xff\xd9"
VALUES = {"order": "O-1", "customer": "C-1", "inspector": "i-9"}
SALTS = {name: sha256(name.encode()).digest() for name in (*VALUES, "photo")}


def sealed_photo(bench: "Bench") -> tuple[bytes, ImageKey]:
    """The photo as a station seals it, and what travels for it."""
    key = os.urandom(32)
    sealed = seal_image(PHOTO, key, os.urandom(12))
    name = sha256(sealed).hexdigest()
    wrapped = wrap_key(key, bench.enrolment.sealing_public_key, name)
    return sealed, ImageKey(ciphertext_sha256=name, wrapped=wrapped, salt=SALTS["photo"])


def signed(bench: "Bench", sealed: bytes, key: ImageKey, **changes: Any) -> SignedRecord:
    """A record with one photo and three personal fields, each with its opening."""
    row = bench.evidence_row(sealed)
    row["plaintext_commitment"] = commit(SALTS["photo"], sha256(PHOTO).hexdigest())
    personal = {name: commit(SALTS[name], value) for name, value in VALUES.items()}
    base = {"evidence": [row], "personal": personal | {"tag": None}} | changes
    plain = bench.sign(bench.record(UNIT, **base))
    opened = tuple(Opening(field=f, salt=SALTS[f], value=v) for f, v in VALUES.items())  # type: ignore[arg-type]
    return plain.model_copy(update={"openings": opened, "image_keys": (key,)})


@pytest.fixture
async def inspected(site: "Site", bench: "Bench") -> "Site":
    """A parcel that was signed off, one unit inspected, its photo uploaded, its refund instructed."""
    await site.announce(UNIT, "R2/1/1", parcel="P-1")
    body = {"at": "2026-05-04T11:00:00.000000Z"}
    await site.http.post("/v1/parcels/P-1/sign-off", json=body, headers=site.shop)
    sealed, key = sealed_photo(bench)
    answers = await site.send(bench, signed(bench, sealed, key))
    assert answers.results[0].kind == "receipt"
    assert (await site.upload(bench, sealed)).status_code == 200
    return site


def unpacked(answer: httpx.Response) -> dict[str, bytes]:
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def bundle_of(files: dict[str, bytes]) -> dict[str, Any]:
    return parse_canonical(files["bundle.json"])


def kinds(bundle: dict[str, Any]) -> list[EntryType]:
    return [read_leaf(base64.b64decode(entry["leaf"])).type for entry in bundle["entries"]]


async def test_a_pack_holds_every_entry_of_the_unit_and_no_other(inspected: "Site") -> None:
    bundle = bundle_of(unpacked(await inspected.http.get(URL, headers=inspected.shop)))
    assert kinds(bundle) == [
        EntryType.KEY_ADD, EntryType.LOGISTICS, EntryType.VERDICT, EntryType.REFUND_INSTRUCTION,
    ]  # fmt: skip
    policy = read_policy(bundle["policy"].encode())
    for entry in bundle["entries"]:
        proof = read_proof(entry["proof"].encode())
        assert check_proof(proof, base64.b64decode(entry["leaf"]), policy).checkpoint.size >= 4


async def test_a_pack_shows_the_way_of_the_parcel_too(inspected: "Site") -> None:
    centre = inspected.centre
    for parcel, node in (("P-1", Node.IN_TRANSIT), ("P-1", Node.OUT_FOR_DELIVERY), ("P-2", Node.LOST)):
        await inspected.announce("R3/1/1", parcel=parcel)
        event = CarrierEvent(v=1, id=f"E-{node}", parcel=parcel, event=node, at=centre.clock())
        told = partial(take_event, told=Told(merchant="m1", event=event))
        more = {"log": centre.log, "due_s": 7200.0, "recorded_at": centre.now()}
        await centre.writer.submit(partial(told, **more))
    files = unpacked(await inspected.http.get(URL, headers=inspected.shop))
    leaves = [read_leaf(base64.b64decode(entry["leaf"])) for entry in bundle_of(files)["entries"]]
    nodes = [leaf.body["event"] for leaf in leaves if leaf.type is EntryType.LOGISTICS]
    assert nodes == ["signed_off", "in_transit", "out_for_delivery"]
    assert verify_bundle(files["bundle.json"], files, read_policy(files["policy"])).verified


async def test_the_offline_verifier_accepts_it(inspected: "Site") -> None:
    files = unpacked(await inspected.http.get(URL, headers=inspected.console, params={"full": True}))
    report = verify_bundle(files["bundle.json"], files, read_policy(files["policy"]))
    assert report.verified, report.problems


async def test_the_photo_comes_in_the_clear_and_fits_its_commitment(inspected: "Site") -> None:
    files = unpacked(await inspected.http.get(URL, headers=inspected.shop))
    (image,) = bundle_of(files)["images"]
    assert files[image["file"]] == PHOTO
    record = json.loads(files["leaves/2.json"])["body"]
    commitment = record["evidence"][0]["plaintext_commitment"]
    assert opens(commitment, base64.b64decode(image["salt"]), sha256(PHOTO).hexdigest())


async def opened_fields(site: "Site", headers: dict[str, str], full: bool) -> dict[str, str]:
    files = unpacked(await site.http.get(URL, headers=headers, params={"full": full}))
    return {row["field"]: row["value"] for row in bundle_of(files)["openings"]}


async def test_a_pack_is_masked_unless_all_is_asked_for(inspected: "Site") -> None:
    assert await opened_fields(inspected, inspected.shop, full=False) == {}
    shop = await opened_fields(inspected, inspected.shop, full=True)
    assert shop == {"customer": "C-1", "order": "O-1"}
    assert await opened_fields(inspected, inspected.console, full=True) == VALUES


async def test_a_masked_pack_names_nobody(inspected: "Site") -> None:
    files = unpacked(await inspected.http.get(URL, headers=inspected.shop))
    spelled = [value.encode() for value in VALUES.values()]
    assert not [n for n, c in files.items() for v in spelled if n != "report.pdf" and b'"' + v + b'"' in c]


async def test_who_asked_stands_in_the_ledger_before_it_is_answered(inspected: "Site") -> None:
    before = (await inspected.http.get("/v1/log")).json()["size"]
    await inspected.http.get(URL, headers=inspected.shop)
    centre = inspected.centre
    leaf = await centre.reader.run(lambda c: centre.log.at(c, before))
    assert leaf is not None
    entry = read_leaf(leaf)
    assert entry.type == EntryType.ACCESS
    assert (entry.body["what"], entry.body["unit"]) == ("evidence-pack", UNIT)
    assert (entry.body["scope"], entry.body["by"]) == ("shop", "test")


async def test_a_pack_is_only_for_those_who_may_see_the_return(inspected: "Site", bench: "Bench") -> None:
    other = await bearer(inspected.centre, Caller(scope=Scope.SHOP, merchant="m2"))
    auditor = await bearer(inspected.centre, Caller(scope=Scope.AUDITOR))
    statuses = {
        name: (await inspected.http.get(URL, headers=headers)).status_code
        for name, headers in {"other": other, "auditor": auditor, "station": bench.auth}.items()
    }
    assert statuses == {"other": 404, "auditor": 200, "station": 403}


async def test_a_unit_without_a_verdict_has_no_pack(inspected: "Site") -> None:
    answer = await inspected.http.get("/v1/returns/R2/1/1/evidence-pack", headers=inspected.shop)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (
        await inspected.http.get("/v1/returns/R9/1/1/evidence-pack", headers=inspected.shop)
    ).status_code == 404


async def test_a_photo_that_has_not_come_yet_is_left_out(site: "Site", bench: "Bench") -> None:
    await site.announce(UNIT)
    await site.send(bench, signed(bench, *sealed_photo(bench)))
    files = unpacked(await site.http.get(URL, headers=site.shop))
    assert bundle_of(files)["images"] == []
    assert not [name for name in files if name.startswith("photos/")]


async def test_a_photo_that_is_not_the_one_committed_to_is_left_out(site: "Site", bench: "Bench") -> None:
    await site.announce(UNIT)
    sealed, key = sealed_photo(bench)
    row = bench.evidence_row(sealed) | {"plaintext_commitment": "0" * 64}
    await site.send(bench, signed(bench, sealed, key, evidence=[row]))
    await site.upload(bench, sealed)
    assert bundle_of(unpacked(await site.http.get(URL, headers=site.shop)))["images"] == []


async def test_a_second_inspection_joins_the_first(inspected: "Site", bench: "Bench") -> None:
    await inspected.announce(UNIT, parcel="P-1", inspection=2, purpose="appeal")
    again = signed(bench, *sealed_photo(bench), unit={"inspection": 2, "purpose": "appeal"})
    assert (await inspected.send(bench, again)).results[0].kind == "receipt"
    bundle = bundle_of(unpacked(await inspected.http.get(URL, headers=inspected.shop)))
    assert kinds(bundle).count(EntryType.VERDICT) == 2
    assert [row["record"][-1] for row in bundle["images"]] == ["1"]


async def test_the_search_for_what_was_said_later_uses_its_index(site: "Site") -> None:
    chosen = select(leaves.c.seq, leaves.c.leaf).where(leaves.c.site == "s1", text(LATER))
    plan = "EXPLAIN QUERY PLAN " + str(chosen.compile(compile_kwargs={"literal_binds": True}))
    rows = await site.centre.reader.run(lambda c: c.execute(text(plan)).all())
    assert any("ix_leaves_later" in row[-1] for row in rows)


async def test_after_an_erasure_the_pack_still_proves_and_shows_nothing_personal(inspected: "Site") -> None:
    subjects = inspected.centre.eraser.subjects
    assert subjects.destroy(subjects.secrets.customer("m1", "C-1"))
    files = unpacked(await inspected.http.get(URL, headers=inspected.console, params={"full": True}))
    bundle = bundle_of(files)
    assert bundle["images"] == []
    assert [row["field"] for row in bundle["openings"]] == ["inspector"]
    policy = read_policy(bundle["policy"].encode())
    for entry in bundle["entries"]:
        check_proof(read_proof(entry["proof"].encode()), base64.b64decode(entry["leaf"]), policy)


@pytest.mark.parametrize("how", ["erased", "lost"])
async def test_a_pack_tells_what_was_erased_from_what_was_lost(
    inspected: "Site", monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    subjects = inspected.centre.eraser.subjects
    subjects.destroy(subjects.secrets.customer("m1", "C-1"))
    if how == "lost":  # nobody has destroyed it: it is missing
        with sqlite3.connect(tmp_path / FILE_NAME) as file:
            file.execute("DELETE FROM destroyed")
        file.close()
    cases: list[EvidenceCase] = []

    def drawn(case: EvidenceCase) -> bytes:
        cases.append(case)
        return b""

    monkeypatch.setattr(evidence_pack, "pack_bytes", drawn)
    await inspected.http.get(URL, headers=inspected.console)
    gone = {"erased": cases[0].erased, "lost": cases[0].lost}
    assert {name for _, name in gone.pop(how)} > {"order", "customer"}
    assert list(gone.values()) == [frozenset()]


async def test_a_correction_of_the_verdict_is_never_left_out(inspected: "Site") -> None:
    centre = inspected.centre
    body = CorrectionEntry(
        corrects=2,
        corrected_id="verdict:x",
        reason="mislabelled",
        changes=(CorrectedField(field="verdict.grade", was="used", becomes="new"),),
        by="test",
    )
    before = (await inspected.http.get("/v1/log")).json()["size"]
    for token, seq in (("mine", 2), ("foreign", before + 9), ("of_mine", before)):
        said = body.model_copy(update={"corrects": seq})
        entry = Entry(
            type=EntryType.CORRECTION, id=entry_id(EntryType.CORRECTION, said, token), body=body_bytes(said)
        )
        await centre.writer.submit(lambda c, e=entry: centre.log.append(c, e, centre.now()))  # type: ignore[misc]
    bundle = bundle_of(unpacked(await inspected.http.get(URL, headers=inspected.shop)))
    leaves = [read_leaf(base64.b64decode(entry["leaf"])) for entry in bundle["entries"]]
    named = [leaf.id for leaf in leaves if leaf.type == EntryType.CORRECTION]
    assert named == ["correction:mine", "correction:of_mine"]


async def test_a_pack_waits_until_the_quorum_has_seen_its_entries(inspected: "Site") -> None:
    centre = with_quorum(inspected.centre)
    caller = Caller(scope=Scope.SHOP, merchant="m1", label="test")
    with pytest.raises(NotWitnessed):
        await make_pack(centre, caller, UNIT, full=False)
    await let_witness_see(centre)
    with zipfile.ZipFile(io.BytesIO(await make_pack(centre, caller, UNIT, full=False))) as archive:
        policy = archive.read("policy")
        proof = read_proof(archive.read("proofs/2.tlog-proof"))
        accepted = check_proof(proof, archive.read("leaves/2.json"), read_policy(policy))
    assert accepted.witnessed and accepted.cosigned[0].name == "finance"
    assert b"127.0.0.1" not in policy


async def test_below_the_minimum_index_only_keys_are_still_shown(inspected: "Site") -> None:
    centre = inspected.centre

    async def from_index(index: int) -> int:
        row = {
            "site": centre.site,
            "state": "open",
            "reason": "",
            "min_index": index,
            "changed_at": centre.now(),
        }
        await centre.writer.submit(lambda c: c.execute(ledger_state.delete()))
        await centre.writer.submit(lambda c: c.execute(ledger_state.insert().values(row)))
        return (await inspected.http.get(URL, headers=inspected.shop)).status_code

    assert [await from_index(index) for index in (1, 2)] == [200, 410]


SETTINGS = 'host_name = "centre.test"\nsite = "s1"\n'


async def test_the_command_makes_the_pack_of_a_stopped_centre(inspected: "Site", tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(SETTINGS)
    stopped = tmp_path.with_name(f"{tmp_path.name}-stopped")
    shutil.copytree(tmp_path, stopped)
    out = stopped / "pack.zip"
    await asyncio.to_thread(pack, UNIT, out, stopped, "Ms Lin", full=True)
    with zipfile.ZipFile(out) as archive:
        bundle = parse_canonical(archive.read("bundle.json"))
    assert {row["field"] for row in bundle["openings"]} == set(VALUES)
    assert out.stat().st_mode & 0o777 == 0o600, "its photos are nobody else's business"
    with pytest.raises(BadRequest, match="exists"):
        await asyncio.to_thread(pack, UNIT, out, stopped, "Ms Lin")


async def test_the_command_sends_who_asks_a_running_centre_to_its_route(
    inspected: "Site", tmp_path: Path
) -> None:
    (tmp_path / "server.toml").write_text(SETTINGS)
    with pytest.raises(AlreadyRunning, match=f"GET {URL}"):
        await asyncio.to_thread(pack, UNIT, tmp_path / "pack.zip", tmp_path, "Ms Lin")
