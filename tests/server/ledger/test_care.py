"""Care of a stopped centre's ledger: mirror, refill from files, freeze, fsck, backup, a new key."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, create_engine, select, update
from structlog.testing import capture_logs

from inspection.custody.canonical import canonical
from inspection.custody.checkpoint import Checkpoint, issue_checkpoint, open_checkpoint
from inspection.custody.leaf import EntryType, read_leaf
from inspection.custody.note import note_key
from inspection.custody.receipt import check_receipt
from inspection.custody.signing import public_bytes
from inspection.messages.entries import KeyAddEntry
from inspection.messages.uplink import RefillItem
from kit.bundle import Bundle, ProvenEntry
from server.centre import DATABASE, Centre
from server.db.ledger_tables import checkpoints, heads, leaves, tiles
from server.db.refund_tables import instructions
from server.errors import BadRequest, LedgerFrozen
from server.keys import read_keys, replace_log_key
from server.ledger.backup import back_up
from server.ledger.beside import check_ledger, read_report
from server.ledger.care import freeze, refill
from server.ledger.files import export_to
from server.ledger.mirror import SEGMENT, Mirror
from server.ledger.proofs import prove
from server.ledger.rotation import drop_old_key, rotate
from server.ledger.standing import LogState
from server.ledger.succession import read_succession
from server.settings import ServerSettings
from server.setup import init_centre
from server.stopped import with_centre
from tests.server.conftest import Tick
from tests.server.ledger.test_refill import Place, all_leaves, recorded

ORIGIN = "centre.test/site/s1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    init_centre(tmp_path / "c", "centre.test", "s1")
    return tmp_path / "c"


@pytest.fixture
def place(folder: Path, tmp_path: Path, record_value: Callable[..., dict[str, Any]]) -> Place:
    """A centre with a mirror."""
    mirror = tmp_path / "mirror"
    with (folder / "server.toml").open("a") as file:
        file.write(f'ledger_mirror_dir = "{mirror}"\n')
    settings = ServerSettings(host_name="centre.test", site="s1", ledger_mirror_dir=mirror)
    return Place(
        folder=folder, settings=settings, keys=read_keys(folder), clock=Tick(), template=record_value
    )


async def fill(place: Place, copy: Path) -> tuple[list[bytes], list[RefillItem]]:
    """Some entries, a copy of the database, and some more; returns all leaves, and what the station holds."""
    async with place.open() as site:
        bench = await site.enrol()
        await site.announce("R1/1/1", "R1/1/2", "R1/1/3")
        await recorded(site, bench, "R1/1/1")
        await site.centre.checkpoints.now()
        place.back_up(copy)
        pairs = await recorded(site, bench, "R1/1/2", "R1/1/3")
        await site.enrol("st2")
        await site.centre.checkpoints.now()
        items = [
            RefillItem(receipt=receipt, openings=signed.openings, image_keys=signed.image_keys)
            for receipt, signed in pairs
        ]
        return await all_leaves(site.centre), items


@pytest.fixture
async def lost(place: Place, tmp_path: Path) -> tuple[list[bytes], list[RefillItem]]:
    filled = await fill(place, tmp_path / "copy.sqlite")
    export_to(tmp_path / "whole.jsonl", place.folder)
    export_to(tmp_path / "whole.zip", place.folder)
    place.restore(tmp_path / "copy.sqlite")
    return filled


async def kept_sizes(centre: Centre) -> list[int]:
    chosen = select(checkpoints.c.size).order_by(checkpoints.c.size)
    return await centre.reader.run(lambda c: list(c.execute(chosen).scalars()))


def bring_back(place: Place, *files: Path) -> tuple[int, Any]:
    return with_centre(place.folder, lambda centre: refill(centre, files))


def leaves_of(place: Place) -> list[bytes]:
    return with_centre(place.folder, all_leaves)


async def test_the_mirror_has_what_a_checkpoint_is_over(
    place: Place, lost: tuple[list[bytes], list[RefillItem]], tmp_path: Path
) -> None:
    mirror = Mirror(tmp_path / "mirror")
    assert list(mirror.lines()) == lost[0]
    assert list(mirror.lines(3)) == lost[0][3:]
    known = [note_key(ORIGIN, place.keys.log)]
    assert [open_checkpoint(note, known).size for note in mirror.notes()] == [2, 5]


def test_a_line_that_a_crash_cut_is_written_again(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    mirror.append([b'{"a":1}', b'{"a":2}'])
    with next(tmp_path.glob("leaves-*")).open("ab") as file:
        file.write(b'{"a":')
    again = Mirror(tmp_path)
    assert (again.size, list(again.lines())) == (2, [b'{"a":1}', b'{"a":2}'])
    again.append([b'{"a":3}'])
    assert list(Mirror(tmp_path).lines()) == [b'{"a":1}', b'{"a":2}', b'{"a":3}']


def test_what_was_never_under_a_checkpoint_is_set_aside(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    mirror.append([b"%d" % at for at in range(9)])
    mirror.set_aside(6)
    assert (mirror.size, list(Mirror(tmp_path).lines())) == (6, [b"%d" % at for at in range(6)])
    assert (tmp_path / "aside-000000000006-3.jsonl").read_bytes() == b"6\n7\n8\n"


@pytest.mark.parametrize("longer", [1, 9])
async def test_a_mirror_of_another_ledger_is_not_written_to(
    place: Place, tmp_path: Path, longer: int
) -> None:
    (other := Mirror(tmp_path / "other")).append([b'{"a":1}'] * longer)
    settings = place.settings.model_copy(update={"ledger_mirror_dir": tmp_path / "other"})
    with capture_logs() as logs:
        async with replace(place, settings=settings).open() as site:
            for name in ("st1", "st2"):
                await site.enrol(name)
            assert (await site.centre.checkpoints.now()).size >= 2, "the signing goes on"
    assert list(Mirror(tmp_path / "other").lines()) == list(other.lines())
    assert any("holds a copy of another ledger" in str(line.get("reason")) for line in logs)


def test_a_long_mirror_has_several_files(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    mirror.append([b"%d" % at for at in range(SEGMENT + 3)])
    assert len(list(tmp_path.glob("leaves-*"))) == 2
    assert list(Mirror(tmp_path).lines(SEGMENT - 1)) == [b"%d" % at for at in range(SEGMENT - 1, SEGMENT + 3)]


def test_everything_comes_back_from_the_mirror(place: Place, request: pytest.FixtureRequest) -> None:
    before, _ = request.getfixturevalue("lost")
    assert read_report(place.folder).size == 2
    came, report = bring_back(place)
    assert (came, report.size, report.standing.state) == (3, 5, LogState.OPEN)
    assert leaves_of(place) == before
    assert check_ledger(place.folder, lambda *_: None).faults == []
    sizes = with_centre(place.folder, kept_sizes)
    assert sizes == [2, 5], "every checkpoint is kept again"
    assert report.bare == 2, "what travelled beside the records is still at the station"


@pytest.mark.parametrize("name", ["whole.jsonl", "whole.zip", "mirror"])
def test_everything_comes_back_from_a_copy(
    place: Place, request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    before, _ = request.getfixturevalue("lost")
    plain = replace(place, settings=place.settings.model_copy(update={"ledger_mirror_dir": None}))
    assert bring_back(plain, tmp_path / name)[1].standing.state == LogState.OPEN
    assert leaves_of(place) == before


@pytest.mark.parametrize("order", [(b"one", b"two"), (b"two", b"one")])
async def test_an_instruction_comes_back_to_the_verdict_that_it_was_issued_for(
    place: Place, tmp_path: Path, order: tuple[bytes, ...]
) -> None:
    """Both verdicts were recorded before either was told: their images decided."""
    async with place.open() as site:
        bench = await site.enrol()
        await site.announce("R1/1/1")
        place.back_up(tmp_path / "copy.sqlite")
        await site.send(bench, bench.signed("R1/1/1", (b"one",)))
        again = {"inspection": 2, "purpose": "appeal"}
        await site.announce("R1/1/1", **again)
        await site.send(bench, bench.signed("R1/1/1", (b"two",), unit=again))
        for image in order:
            await site.upload(bench, image)
        before = await site.centre.reader.run(followed)
        await site.centre.checkpoints.now()
    place.restore(tmp_path / "copy.sqlite")
    await asyncio.to_thread(bring_back, place)
    async with place.open(made=True) as site:
        assert await site.centre.reader.run(followed) == before


def followed(connection: Connection) -> list[tuple[str, int]]:
    chosen = select(instructions.c.id, instructions.c.verdict_seq).order_by(instructions.c.id)
    return [(row.id, row.verdict_seq) for row in connection.execute(chosen)]


def without_mirror(place: Place) -> None:
    toml = place.folder / "server.toml"
    toml.write_text("".join(line for line in toml.read_text().splitlines(True) if "mirror" not in line))


def receipts_file(path: Path, items: list[RefillItem]) -> Path:
    path.write_bytes(b"".join(item.to_json() + b"\n" for item in items))
    return path


def test_receipts_leave_what_nobody_holds_missing_and_named(
    place: Place, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    _, items = request.getfixturevalue("lost")
    without_mirror(place)
    came, report = bring_back(place, receipts_file(tmp_path / "receipts.jsonl", items))
    assert (came, report.standing.state) == (2, LogState.RECOVERING)
    assert report.missing == (range(4, 5),)
    with pytest.raises(BadRequest, match="--lost"):
        with_centre(place.folder, lambda centre: freeze(centre, "disk gone", lost=False))
    report = with_centre(place.folder, lambda centre: freeze(centre, "disk gone", lost=True))
    assert report.standing.state == LogState.FROZEN
    assert report.standing.reason == "disk gone; lost for good: 4"
    came, report = bring_back(place, tmp_path / "mirror")
    assert (came, report.standing.state) == (0, LogState.FROZEN)


async def test_entries_come_back_from_an_evidence_pack(place: Place, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    before, _ = await fill(place, copy)
    pack = await asyncio.to_thread(bundle_file, place, tmp_path / "bundle.json", before)
    place.restore(copy)
    without_mirror(place)
    came, report = await asyncio.to_thread(bring_back, place, pack)
    assert (came, report.standing.state) == (3, LogState.OPEN)
    assert await asyncio.to_thread(leaves_of, place) == before


def bundle_file(place: Place, path: Path, found: list[bytes]) -> Path:
    """An evidence pack's bundle with every entry in it."""

    async def proofs(centre: Centre) -> list[str]:
        kept = await centre.checkpoints.now()
        made = await centre.reader.run(lambda c: prove(c, "s1", kept, range(len(found))))
        return [proof.to_bytes().decode() for proof in made]

    pairs = zip(found, with_centre(place.folder, proofs), strict=True)
    entries = tuple(ProvenEntry(index=at, leaf=leaf, proof=proof) for at, (leaf, proof) in enumerate(pairs))
    bundle = Bundle(
        v=1,
        kind="regrade-evidence",
        origin=ORIGIN,
        unit="R1/1/1",
        merchant="m1",
        made_at="2026-05-04T12:00:00.000000Z",
        policy=(place.folder / "trust.policy").read_text(),
        entries=entries,
        openings=(),
        images=(),
    )
    path.write_bytes(canonical(bundle.model_dump(mode="json")))
    return path


def test_a_whole_ledger_is_frozen_under_a_last_checkpoint_and_followed(folder: Path, tmp_path: Path) -> None:
    report = with_centre(folder, lambda centre: freeze(centre, "moved away", lost=False))
    assert (report.standing.state, report.signed) == (LogState.FROZEN, 0)
    init_centre(tmp_path / "d", "centre.test", "s2", continues=folder / "checkpoint.newest")
    (leaf,) = with_centre(tmp_path / "d", all_leaves)
    first = read_leaf(leaf)
    assert (first.type, first.body["subject"]) == (EntryType.APPROVAL, f"log:{ORIGIN}")
    assert "frozen at 0 entries with root 47DEQpj8" in first.body["reason"]


def test_the_reason_of_a_frozen_ledger_stands_for_ever(folder: Path) -> None:
    with_centre(folder, lambda centre: freeze(centre, "moved away", lost=False))
    with pytest.raises(BadRequest, match="frozen already: moved away"):
        with_centre(folder, lambda centre: freeze(centre, "another reason", lost=True))
    assert read_report(folder).standing.reason == "moved away"


def spoiled(path: Path, lines: list[bytes]) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


@pytest.mark.parametrize("harm", ["cut", "changed", "swapped", "another log"])
def test_a_copy_that_is_not_what_was_signed_is_refused(
    place: Place, request: pytest.FixtureRequest, tmp_path: Path, harm: str
) -> None:
    request.getfixturevalue("lost")
    without_mirror(place)
    lines = (tmp_path / "whole.jsonl").read_bytes().splitlines()
    other = json.loads(lines[0])
    other["checkpoint"] = issue_checkpoint(
        Ed25519PrivateKey.generate(), Checkpoint(origin=ORIGIN, size=5, root=bytes(32))
    ).decode()
    lines = {
        "cut": lines[:-1],
        "changed": [*lines[:4], lines[4].replace(b'"recorded_at":"2026', b'"recorded_at":"2027'), *lines[5:]],
        "swapped": [*lines[:4], lines[5], lines[4], *lines[6:]],
        "another log": [json.dumps(other, sort_keys=True, separators=(",", ":")).encode(), *lines[1:]],
    }[harm]
    try:
        came, report = bring_back(place, spoiled(tmp_path / "spoiled.jsonl", lines))
        assert (came, report.standing.state) == (0, LogState.RECOVERING)
    except BadRequest as error:
        assert harm in {"changed", "another log"}, error
    assert read_report(place.folder).size == 2, "nothing of it was taken"


def test_what_came_before_the_fault_of_a_copy_stays(
    place: Place, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    _, items = request.getfixturevalue("lost")
    without_mirror(place)
    bring_back(place, receipts_file(tmp_path / "receipts.jsonl", items[1:]))
    assert read_report(place.folder).size == 2, "entry 3 waits for entry 2, which only the copy has"
    lines = (tmp_path / "whole.jsonl").read_bytes().splitlines()
    lines[5] = lines[5].replace(b'"recorded_at":"2026', b'"recorded_at":"2027')
    with pytest.raises(BadRequest, match="differs before entry 5"):
        bring_back(place, spoiled(tmp_path / "spoiled.jsonl", lines))
    assert read_report(place.folder).size == 4


@pytest.mark.parametrize("content", [b"", b"no json\n", b"{}\n", b'{"kind":"receipt"}\n'])
def test_a_file_that_gives_nothing_back_is_named(folder: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.jsonl").write_bytes(content)
    with pytest.raises(BadRequest, match=r"x\.jsonl"):
        with_centre(folder, lambda centre: refill(centre, [tmp_path / "x.jsonl"]))


def write(folder: Path, harm: Callable[[Connection], object]) -> None:
    engine = create_engine(f"sqlite:///{folder / DATABASE}")
    with engine.begin() as connection:
        harm(connection)
    engine.dispose()


OTHER_NOTE = issue_checkpoint(Ed25519PrivateKey.generate(), Checkpoint(origin=ORIGIN, size=2, root=bytes(32)))
HARMS: dict[str, tuple[Callable[[Connection], object], str]] = {
    "body": (
        lambda c: c.execute(update(leaves).where(leaves.c.seq == 2).values(leaf=b"{}")),
        "entry 2: its bytes have another hash",
    ),
    "id": (
        lambda c: c.execute(update(leaves).where(leaves.c.seq == 3).values(id="x")),
        "entry 3: its row says x",
    ),
    "gone": (
        lambda c: c.execute(leaves.delete().where(leaves.c.seq == 1)),
        "entry 1 is missing: the next one is 2",
    ),
    "head": (
        lambda c: c.execute(update(heads).values(head="f" * 64)),
        "the head says hash ffff",
    ),
    "checkpoint": (
        lambda c: c.execute(update(checkpoints).where(checkpoints.c.size == 2).values(root=bytes(32))),
        "checkpoint 2: its root is not",
    ),
    "note": (
        lambda c: c.execute(update(checkpoints).where(checkpoints.c.size == 2).values(note=OTHER_NOTE)),
        "checkpoint 2: its note says something else",
    ),
    "no note": (
        lambda c: c.execute(update(checkpoints).where(checkpoints.c.size == 2).values(note=b"")),
        "checkpoint 2: its note says something else",
    ),
    "tile": (
        lambda c: c.execute(tiles.insert().values(site="s1", level=0, idx=0, hashes=bytes(32))),
        "tile 0/0: no entry needs it",
    ),
}


@pytest.mark.parametrize("harm", HARMS)
def test_fsck_names_what_is_wrong(place: Place, request: pytest.FixtureRequest, harm: str) -> None:
    request.getfixturevalue("lost")
    bring_back(place)
    apply, said = HARMS[harm]
    write(place.folder, apply)
    faults = check_ledger(place.folder, lambda *_: None).faults
    assert any(fault.startswith(said) for fault in faults), faults


def test_a_backup_has_no_secret_and_not_the_guard(
    place: Place, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    request.getfixturevalue("lost")
    made = back_up(place.folder, tmp_path / "out")
    assert made.size == 2
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"centre.sqlite", "server.toml", "trust.policy"}
    assert (tmp_path / "out/centre.sqlite").stat().st_mode & 0o777 == 0o600
    back_up(place.folder, tmp_path / "out", subject_keys=True)
    assert (tmp_path / "out/subjects.sqlite").is_file()
    with pytest.raises(BadRequest, match="same folder"):
        back_up(place.folder, place.folder)


def test_a_new_key_is_entered_signed_in_by_the_old_one_and_takes_over(folder: Path) -> None:
    old = read_keys(folder).log
    vkey = rotate(folder)
    keys = read_keys(folder)
    assert keys.log_previous is not None
    assert public_bytes(keys.log_previous) == public_bytes(old)
    assert vkey == note_key(ORIGIN, keys.log).to_text()
    note = (folder / "checkpoint.newest").read_bytes()
    assert open_checkpoint(note, [note_key(ORIGIN, old)]) == open_checkpoint(
        note, [note_key(ORIGIN, keys.log)]
    )
    (receipt,) = read_succession(folder)
    leaf = check_receipt(receipt.receipt(), public_bytes(old), ORIGIN)
    assert KeyAddEntry.model_validate_json(json.dumps(leaf.body)).public_key == keys.log_public
    assert f"log {vkey}" in (folder / "trust.policy").read_text()
    with pytest.raises(BadRequest, match="drop it first"):
        rotate(folder)
    drop_old_key(folder)
    assert read_keys(folder).log_previous is None
    assert read_report(folder).size == 1
    with pytest.raises(BadRequest, match="one key only"):
        drop_old_key(folder)


def test_a_rotation_that_was_cut_off_is_finished_by_the_next(folder: Path) -> None:
    keys = read_keys(folder)
    fresh = Ed25519PrivateKey.generate()
    replace_log_key(folder, fresh, keys.log)
    assert rotate(folder) == note_key(ORIGIN, fresh).to_text()
    assert read_report(folder).size == 1


def test_the_old_key_is_not_dropped_before_it_has_signed_the_new_one_in(folder: Path) -> None:
    keys, fresh = read_keys(folder), Ed25519PrivateKey.generate()
    replace_log_key(folder, fresh, keys.log)
    drop_old_key(folder)
    (receipt,) = read_succession(folder)
    assert check_receipt(receipt.receipt(), public_bytes(keys.log), ORIGIN).body["role"] == "log"
    assert f"log {note_key(ORIGIN, fresh).to_text()}" in (folder / "trust.policy").read_text()
    assert read_report(folder).size == 1


def test_a_new_key_that_was_entered_and_not_receipted_is_receipted_by_the_next_call(folder: Path) -> None:
    rotate(folder)
    (kept,) = read_succession(folder)
    (folder / "log_keys.jsonl").unlink()
    rotate(folder)
    assert read_succession(folder) == (kept,)


def test_a_frozen_ledger_gets_no_new_key(folder: Path) -> None:
    with_centre(folder, lambda centre: freeze(centre, "over", lost=False))
    with pytest.raises(LedgerFrozen):
        rotate(folder)


async def test_the_keys_of_the_log_are_public(place: Place) -> None:
    async with place.open() as site:
        answer = await site.http.get("/v1/log/keys")
        assert answer.json() == {"keys": []}
