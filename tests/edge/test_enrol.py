"""Enrolment: a key that never leaves, files of mode 0600, and nothing changed when it fails."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.enrol import enrol
from edge.errors import CentreAway, EnrolmentFailed, NotEnrolled
from edge.identity import read_identity, write_identity
from inspection.custody.signing import Domain, public_bytes, verify
from inspection.messages.station import EnrolmentRequest

if TYPE_CHECKING:
    from tests.edge.small_centre import SmallCentre
    from tests.edge.world import World

CODE = "ABCD-EFGH-IJKL-MN23"


async def test_a_station_proves_its_key_and_keeps_it(
    centre: "SmallCentre", world: "World", tmp_path: Path
) -> None:
    asked: list[bytes] = []

    def answer(body: bytes) -> tuple[int, bytes]:
        asked.append(body)
        return 200, world.enrolment.to_json()

    centre.routes["POST /v1/stations/enrol"] = answer
    folder = tmp_path / "st1"
    await enrol(folder, centre.url, f" {CODE.lower()} ")
    request = EnrolmentRequest.read(asked[0])
    verify(request.public_key, Domain.ENROLMENT, CODE.encode(), request.signature)
    identity = read_identity(folder)
    assert public_bytes(identity.key) == request.public_key
    assert identity.enrolment == world.enrolment
    for name in ("station.key", "enrolment.json"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600
    assert centre.url in (folder / "station.toml").read_text()
    assert world.enrolment.api_key not in repr(identity)


async def test_a_refused_code_changes_nothing(centre: "SmallCentre", tmp_path: Path) -> None:
    centre.routes["POST /v1/stations/enrol"] = lambda body: (403, b'{"detail":"the code is used up"}')
    with pytest.raises(EnrolmentFailed, match="used up"):
        await enrol(tmp_path / "st1", centre.url, CODE)
    assert not (tmp_path / "st1").exists()


async def test_garbage_is_no_enrolment(centre: "SmallCentre", tmp_path: Path) -> None:
    centre.routes["POST /v1/stations/enrol"] = lambda body: (200, b'{"station":"x"}')
    with pytest.raises(EnrolmentFailed):
        await enrol(tmp_path / "st1", centre.url, CODE)
    assert not (tmp_path / "st1").exists()


async def test_a_centre_that_is_away_can_be_asked_again(tmp_path: Path) -> None:
    with pytest.raises(CentreAway, match="try again"):
        await enrol(tmp_path, "http://127.0.0.1:9", CODE)


@pytest.mark.parametrize("code", ["", "ABCD", "ABCD-EFGH-IJKL-MN01", "ABCD-EFGH-IJKL-MN2ß"])
async def test_a_misspelt_code_is_not_even_sent(tmp_path: Path, code: str) -> None:
    with pytest.raises(EnrolmentFailed, match="four groups"):
        await enrol(tmp_path, "http://127.0.0.1:9", code)


def test_a_folder_without_keys_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotEnrolled, match="regrade station enrol"):
        read_identity(tmp_path)


def test_keys_that_others_may_read_are_refused(tmp_path: Path, world: "World") -> None:
    write_identity(tmp_path, world.station_key, world.enrolment)
    (tmp_path / "station.key").chmod(0o644)
    with pytest.raises(NotEnrolled, match="chmod 600"):
        read_identity(tmp_path)


@pytest.mark.parametrize("name", ["station.key", "enrolment.json"])
def test_a_damaged_file_means_enrolling_again(tmp_path: Path, world: "World", name: str) -> None:
    write_identity(tmp_path, world.station_key, world.enrolment)
    (tmp_path / name).write_bytes(b"not what was written")
    with pytest.raises(NotEnrolled, match="again"):
        read_identity(tmp_path)
