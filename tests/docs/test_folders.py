"""What lies in the folders, and who may read it, is what the pages say."""

from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.build import open_station
from edge.config import load_config
from edge.enrol import SAMPLE
from edge.identity import read_identity, write_identity
from inspection.messages.station import Enrolment
from server.setup import init_centre

Table = Callable[[str, str], list[dict[str, str]]]
BUILT_LATER = {"broker", "references", "checkpoint.newest", "log_keys.jsonl"}
"""Only where the settings ask for it, somebody puts it there, or the centre has run."""
SQLITE_OWN = ("-wal", "-shm")


def found(folder: Path) -> dict[str, str]:
    """Names and modes, as a page writes them."""
    paths = (path for path in folder.iterdir() if not path.name.endswith(SQLITE_OWN))
    return {path.name: f"{path.stat().st_mode & 0o777:04o}" for path in paths}


def check(shown: list[dict[str, str]], folder: Path) -> None:
    """Every name stands on the page, and each mode that the page gives is the real one."""
    there = found(folder)
    said = {row["in the folder"].rstrip("/"): row["mode"] for row in shown}
    assert set(there) | BUILT_LATER >= set(said)
    assert set(said) >= set(there)
    assert {name: mode for name, mode in said.items() if mode and name in there} == {
        name: there[name] for name, mode in said.items() if mode and name in there
    }


def test_the_centres_folder_is_as_its_page_says(table: Table, tmp_path: Path) -> None:
    init_centre(tmp_path / "centre", "centre.example", "s1")
    check(table("docs/centre.md", "folder"), tmp_path / "centre")
    assert (tmp_path / "centre").stat().st_mode & 0o777 == 0o700


async def test_the_stations_folder_is_as_its_page_says(table: Table, tmp_path: Path) -> None:
    folder = tmp_path / "station"
    folder.mkdir()
    golden = Path(__file__).parents[1] / "golden/messages/station.Enrolment.json"
    enrolment = Enrolment.read(golden.read_bytes().rstrip())
    write_identity(folder, Ed25519PrivateKey.generate(), enrolment)
    (folder / "station.toml").write_text(SAMPLE.format(centre="http://127.0.0.1:9"), encoding="utf-8")
    async with open_station(folder, load_config(folder, {}), read_identity(folder)):
        check(table("docs/stations.md", "folder"), folder)
