"""The ledger written out: as lines, as a folder, as a zip, each verified by who has only the policy."""

import hashlib
from pathlib import Path

import pytest

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType
from kit.archive import open_archive
from kit.basis import Basis, read_policy_file
from kit.verify import Report, verify_log
from kit.verify_export import verify_export
from server.centre import DATABASE
from server.db.engine import writing_engine
from server.db.lock import WriterLock
from server.errors import BadRequest
from server.keys import read_keys
from server.ledger.files import export_to, sign_now
from server.ledger.log import Entry, Log
from server.setup import init_centre

AT = "2026-01-31T08:00:00.000000Z"
ORIGIN = "centre.test/site/s1"
LOG = Log("s1", ORIGIN)


def entry(parcel: str) -> Entry:
    body = canonical({"merchant": "m1", "parcel": parcel, "event": "signed_off", "at": AT})
    return Entry(type=EntryType.LOGISTICS, id=f"parcel:m1:{parcel}:signed-off", body=body)


def append(folder: Path, first: int, count: int) -> None:
    engine = writing_engine(folder / DATABASE)
    with WriterLock(folder / DATABASE), engine.begin() as connection:
        LOG.append_all(connection, tuple(entry(f"P{at}") for at in range(first, first + count)), AT)
    engine.dispose()


@pytest.fixture
def centre_folder(tmp_path: Path) -> Path:
    """A stopped centre with 300 entries; two states of it were signed."""
    folder = tmp_path / "c"
    init_centre(folder, "centre.test", "s1", 0)
    append(folder, 0, 270)
    sign_now(folder, LOG, read_keys(folder))
    append(folder, 270, 30)
    return folder


def verified(out: Path, folder: Path) -> Report:
    basis = Basis(policy=read_policy_file(folder / "trust.policy"))
    if out.suffix == ".jsonl":
        with out.open("rb") as file:
            return verify_log(file, basis=basis)
    with open_archive(out) as archive:
        return verify_export(archive, basis)


@pytest.mark.parametrize("name", ["out.jsonl", "out.zip", "out"])
def test_an_export_is_verified_whatever_its_form(centre_folder: Path, tmp_path: Path, name: str) -> None:
    header = export_to(tmp_path / name, centre_folder)
    report = verified(tmp_path / name, centre_folder)
    assert (report.verified, report.size, header.size) == (True, 300, 300)


def test_an_archive_holds_every_signed_state_and_the_whole_tree(centre_folder: Path, tmp_path: Path) -> None:
    export_to(tmp_path / "out.zip", centre_folder)
    with open_archive(tmp_path / "out.zip") as archive:
        assert {"checkpoints/270", "checkpoints/300", "checkpoint", "policy"} <= archive.names
        tiles = {name for name in archive.names if name.startswith("tile/")}
    leaves = {f"tile/{kind}/{name}" for kind in ("0", "entries") for name in ("000", "001.p/44")}
    assert tiles == leaves | {"tile/1/000.p/1"}


def test_the_same_ledger_gives_the_same_bytes(centre_folder: Path, tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        export_to(tmp_path / name, centre_folder)
    one, two = (hashlib.sha256((tmp_path / name).read_bytes()).digest() for name in ("one.zip", "two.zip"))
    assert one == two


@pytest.mark.parametrize("name", ["out.jsonl", "out.zip", "out"])
def test_nothing_is_written_over(centre_folder: Path, tmp_path: Path, name: str) -> None:
    export_to(tmp_path / name, centre_folder)
    with pytest.raises(BadRequest, match="exists"):
        export_to(tmp_path / name, centre_folder)
