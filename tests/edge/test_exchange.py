"""`regrade references push|pull|withdraw` against a real centre."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

import regrade
from edge.exchange import KEY
from models.backbone import load_backbone
from models.enrol import build_bank
from models.store import ReferenceStore

if TYPE_CHECKING:
    from tests.edge.real_centre import Served

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
async def served(tmp_path: Path, real_centre: ModuleType) -> AsyncIterator["Served"]:
    async with real_centre.serving(tmp_path / "centre") as running:
        yield running


@pytest.fixture
def run(served: "Served", tmp_path: Path) -> Run:
    """One command of `regrade references` in a thread of its own, as it has an event loop of its own."""

    async def invoke(
        verb: str, *words: str, store: Path | None = None, key: str | None = served.desk_key
    ) -> Result:
        options = ["--merchant", "north", "--centre", served.url]
        options += ["--store", str(store)] if store else []
        runner = CliRunner(env={KEY: key, "COLUMNS": "160"})
        command = ["references", verb, *words, *options]
        return await asyncio.to_thread(runner.invoke, regrade.front_door(), command)

    return invoke


async def test_what_is_pushed_can_be_pulled_and_built_again(
    run: Run, made_references: Path, tmp_path: Path
) -> None:
    pushed = await run("push", "MUG-1", store=made_references)
    assert (pushed.exit_code, "MUG-1 top is published as version" in pushed.output) == (0, True)
    again = await run("push", "MUG-1", store=made_references)
    assert again.output == pushed.output, "the same set changes nothing"
    await run("push", "MUG-2", store=made_references)
    pulled = await run("pull", store=tmp_path / "copy")
    assert pulled.exit_code == 0, pulled.output
    assert "MUG-1 top version" in pulled.output
    assert "5 photos came." in pulled.output
    assert "2 views of merchant north are as at the centre." in pulled.output
    made, copy = ReferenceStore(made_references, "north"), ReferenceStore(tmp_path / "copy", "north")
    backbone = load_backbone(threads=1)
    found = [s.bank("MUG-1", "top", backbone_sha256=backbone.version.sha256) for s in (made, copy)]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].sha256 == found[1].sha256
    assert build_bank(copy, backbone, sku="MUG-1", view="top") == found[0].sha256
    once_more = await run("pull", "MUG-2", store=tmp_path / "copy")
    assert "0 photos came.\n1 views" in once_more.output


async def test_what_is_withdrawn_goes_where_it_is_pulled(
    run: Run, made_references: Path, tmp_path: Path
) -> None:
    await run("push", "MUG-1", store=made_references)
    await run("pull", store=tmp_path / "copy")
    assert "is withdrawn with version" in (await run("withdraw", "MUG-1", "--view", "top")).output
    await run("pull", store=tmp_path / "copy")
    copy = ReferenceStore(tmp_path / "copy", "north")
    assert copy.bank("MUG-1", "top", backbone_sha256="0" * 64) is None
    assert copy.count("MUG-1", "top") == 5, "photos stay"


async def test_a_bank_of_other_photos_is_not_pushed(run: Run, made_references: Path, tmp_path: Path) -> None:
    shutil.copytree(made_references, tmp_path / "made")
    next((tmp_path / "made" / "north" / "MUG-1" / "top").glob("*.jpg")).unlink()
    result = await run("push", "MUG-1", store=tmp_path / "made")
    assert result.exit_code == 1
    assert "was made of other photos" in result.stderr
    (tmp_path / "made" / "north" / "MUG-1" / "top" / "bank.rgbank").unlink()
    result = await run("push", "MUG-1", store=tmp_path / "made")
    assert "has no bank" in result.stderr


@pytest.mark.parametrize(
    ("words", "key", "said"),
    [
        (("push", "JUG-1"), "x", "(no_references)"),
        (("push", "MUG-1"), "", "REGRADE_REFERENCES_KEY"),
        (("push", "MUG-1"), "references_" + "x" * 43, "(refused)"),
        (("pull",), "", "(bad_config)"),
        (("withdraw", "MUG 1", "--view", "top"), "x", "(bad_name)"),
    ],
)
async def test_what_cannot_be_done_is_said_in_one_line(
    run: Run, made_references: Path, tmp_path: Path, words: tuple[str, ...], key: str, said: str
) -> None:
    folder = None if words[0] == "withdraw" else made_references
    result = await run(*words, store=folder, key=key)
    assert (result.exit_code, said in result.stderr, result.stderr.count("\n")) == (1, True, 1), result.stderr


async def test_a_stations_key_cannot_push(run: Run, served: "Served", made_references: Path) -> None:
    result = await run("push", "MUG-1", store=made_references, key=served.station_key)
    assert (result.exit_code, "scope references" in result.stderr) == (1, True), result.stderr
