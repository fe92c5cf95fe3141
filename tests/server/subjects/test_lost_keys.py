"""A key store that is missing keeps the centre from starting, and what it opened is never called erased."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from server import centre
from server.centre import open_centre
from server.errors import BadKeys
from server.keys import ServerKeys
from server.returns.repository import find_units
from server.settings import ServerSettings
from server.stations.worklist import worklist_page
from server.subjects.keys import FILE_NAME
from server.subjects.opening import opened

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site


@pytest.fixture
async def record(site: "Site", bench: "Bench") -> str:
    """A unit is inspected, with a photo; another is expected still."""
    await site.announce("R1/1/1", "R2/1/1")
    await site.upload(bench, b"image")
    await site.send(bench, bench.signed("R1/1/1", (b"image",)))
    return f"{bench.key_id}/{bench.boot}/1"


@pytest.fixture
def copy(record: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The centre's folder, put back from a backup that had no key store."""
    folder = tmp_path_factory.mktemp("backups") / "copy"
    shutil.copytree(tmp_path, folder)
    (folder / FILE_NAME).unlink()
    return folder


async def test_a_key_store_that_is_missing_or_old_erases_nobody(
    copy: Path, settings: ServerSettings, keys: ServerKeys
) -> None:
    for _ in range(2):
        with pytest.raises(BadKeys, match="its own backup"):
            async with open_centre(copy, settings, keys, registry=CollectorRegistry()):
                pass
    (copy / FILE_NAME).touch()
    async with open_centre(copy, settings, keys, registry=CollectorRegistry()) as old:
        page = await old.reader.run(lambda c: worklist_page(c, "s1", 0, old.clock()))
        assert (page.erased, page.units, page.closed) == ((), (), ()), "stations keep what they have"
        known = await old.reader.run(lambda c: find_units(c, "s1", ["R2/1/1"]))
        assert not known["R2/1/1"].erased


async def test_a_start_that_fails_before_the_check_gives_up_nothing(
    copy: Path, settings: ServerSettings, keys: ServerKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(engine: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(centre, "migrate", failing)
    with pytest.raises((OSError, BadKeys)):
        async with open_centre(copy, settings, keys, registry=CollectorRegistry()):
            pass
    monkeypatch.undo()
    assert not (copy / FILE_NAME).exists()
    with pytest.raises(BadKeys, match="its own backup"):
        async with open_centre(copy, settings, keys, registry=CollectorRegistry()):
            pass


async def test_what_was_lost_with_the_key_store_is_not_called_erased(
    copy: Path, record: str, settings: ServerSettings, keys: ServerKeys
) -> None:
    (copy / FILE_NAME).touch()
    async with open_centre(copy, settings, keys, registry=CollectorRegistry()) as old:
        found = await old.reader.run(lambda c: opened(c, "s1", record))
    assert (found.fields, found.images, found.erased_fields, found.erased_images) == ((), (), (), ())
    assert found.lost_fields == ("order",) and len(found.lost_images) == 1
