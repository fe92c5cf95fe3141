"""A whole station as its own process: emulated devices, the real models, a small centre on loopback."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.async_api import async_playwright

from devices.camera.folder.emulator import FolderCameraEmulator
from devices.rfid.uhfreader.emulator import UhfReaderEmulator
from devices.scanner.emulator import ScannerEmulator
from edge.identity import write_identity
from inspection.messages.base import Message
from inspection.messages.station import Birth, Death, Health, Presence, StationStanding
from link.tls import in_the_clear
from models.backbone import load_backbone
from models.enrol import enrol
from models.store import ReferenceStore

if TYPE_CHECKING:
    from tests.edge.small_centre import SmallCentre
    from tests.edge.world import World

DRAWN = Path(__file__).parents[2] / "datasets" / "drawn" / "bottle"
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SMALL_BUTTONS = """[...document.querySelectorAll('button')]
    .filter(button => button.offsetHeight && button.offsetHeight < 48).length"""
SETTINGS = """
centre = "{centre}"
port = 0
views = ["top"]
language = "en"
[[devices]]
driver = "uhfreader"
name = "gate"
port = "{folder}/gate.tty"
dialect = "18"
[[devices]]
driver = "scanner"
name = "hand"
port = "{folder}/hand.tty"
[[devices]]
driver = "folder"
name = "cam"
view = "top"
folder = "{folder}/pictures"
[timings]
worklist_s = 0.2
health_s = 0.2
retry_max_s = 0.5
"""


@dataclass
class Bench:
    """A running station and the hands around it."""

    folder: Path
    centre: "SmallCentre"
    gate: UhfReaderEmulator
    hand: ScannerEmulator
    camera: FolderCameraEmulator
    process: asyncio.subprocess.Process
    url: str

    async def state(self) -> dict[str, Any]:
        async with httpx.AsyncClient(
            base_url=self.url, trust_env=False, timeout=60, verify=in_the_clear()
        ) as client:
            found: dict[str, Any] = (await client.get("/state.json")).json()
            return found

    async def until(self, true: Callable[[dict[str, Any]], object], within_s: float = 60.0) -> dict[str, Any]:
        """Wait for a state of the station."""
        for _ in range(round(within_s / 0.05)):
            found = await self.state()
            if true(found):
                return found
            await asyncio.sleep(0.05)
        raise TimeoutError(json.dumps(await self.state()))

    async def scan(self, text: str, then: str) -> dict[str, Any]:
        """Scan a code and wait for the state it leads to."""
        self.hand.scan(text)
        return await self.until(lambda found: found["state"] == then)


@pytest.fixture
def centre(small_centre: ModuleType, world: "World", site: ModuleType) -> Iterator["SmallCentre"]:
    with small_centre.SmallCentre(world.log_key, site.ORIGIN) as running:
        last: list[tuple[str, int]] = []
        page = site.page(site.unit(1, site.tag(1)), site.unit(2, site.tag(2)))
        running.routes = {
            "GET /v1/stations/me": lambda body: (200, _standing(world, last).to_json()),
            "GET /v1/worklist": lambda body: (200, page.to_json()),
            "POST /v1/stations/health": _centre_time,
        }
        running.told = []
        for kind in (Birth, Presence, Death):
            path = f"POST /v1/stations/{kind.__name__.lower()}"
            running.routes[path] = partial(_note, running.told, kind)
        yield running


def _standing(world: "World", last: list[tuple[str, int]]) -> StationStanding:
    boot, counter = last[-1] if last else (None, 0)
    return StationStanding(
        station="st1", site="s1", key=world.key_id, boot=boot, counter=counter, centre_time=datetime.now(UTC)
    )


def _centre_time(body: bytes) -> tuple[int, bytes]:
    Health.read(body)
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return 200, json.dumps({"centre_time": at}).encode()


def _note(told: list[Message], kind: type[Message], body: bytes) -> tuple[int, bytes]:
    told.append(kind.read(body))
    return 200, b'{"kept":true}'


def _good_pictures() -> list[Path]:
    return sorted((DRAWN / "good").glob("*.jpg"))


def _set_up(folder: Path, world: "World", centre_url: str) -> None:
    write_identity(folder, world.station_key, world.enrolment)
    (folder / "station.toml").write_text(SETTINGS.format(centre=centre_url, folder=folder))
    photos = [path.read_bytes() for path in _good_pictures()[:8]]
    enrol(
        ReferenceStore(folder / "references", "north"),
        load_backbone(),
        sku="MUG-1",
        view="top",
        photos=photos,
    )


async def start(folder: Path, *options: str) -> tuple[asyncio.subprocess.Process, str]:
    """Start the station's process and wait until its page answers."""
    command = (sys.executable, "-m", "regrade", "station", "run", "--dir", str(folder), *options)
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={**os.environ},
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        line = (await process.stdout.readline()).decode()
    assert "ready on http://127.0.0.1:" in line, line
    return process, line.split()[-1]


@pytest.fixture
async def bench(
    tmp_path: Path, world: "World", centre: "SmallCentre", request: pytest.FixtureRequest
) -> AsyncIterator[Bench]:
    if not DRAWN.is_dir():
        pytest.skip("datasets/drawn is not there")
    _set_up(tmp_path, world, centre.url)
    camera = FolderCameraEmulator(tmp_path / "pictures")
    camera.show(_good_pictures()[9])
    async with (
        UhfReaderEmulator(tmp_path / "gate.tty") as gate,
        ScannerEmulator(tmp_path / "hand.tty") as hand,
    ):
        process, url = await start(tmp_path, *getattr(request, "param", ("--no-page",)))
        running = Bench(tmp_path, centre, gate, hand, camera, process, url)
        try:
            yield running
        finally:
            if running.process.returncode is None:
                running.process.send_signal(signal.SIGKILL)
            await running.process.communicate()


@pytest.mark.flow
async def test_a_tag_becomes_a_receipted_record(bench: Bench, site: ModuleType) -> None:
    await bench.until(lambda found: found["worklist_size"] == 2 and found["centre_reachable"])
    bench.hand.scan(f"BADGE:{site.BADGE}")
    await bench.until(lambda found: found["inspector"] == "anna")
    bench.gate.place(site.tag(1))
    await bench.until(lambda found: found["state"] == "matched")
    proposed = await bench.scan("CMD:CAPTURE", "proposed")
    assert proposed["proposal"]["grade"] == "new"
    await bench.scan("CMD:ACCEPT", "labelled")
    await bench.scan("BIN:A", "committed")
    done = await bench.until(lambda found: found["committed"][0]["ledger_index"] is not None)
    assert (done["queue_depth"], done["pending_images"]) == (0, 0)
    assert len(bench.centre.leaves) == 1
    assert len(bench.centre.images) == 1
    bench.process.send_signal(signal.SIGTERM)
    _, said = await bench.process.communicate()
    assert bench.process.returncode == 0, said.decode()
    birth, *batches, death = bench.centre.told
    assert (type(birth), type(death)) == (Birth, Death)
    events = [event for batch in batches if isinstance(batch, Presence) for event in batch.events]
    assert [(event.what, event.epc_hex) for event in events] == [("arrive", site.tag(1).hex())]


@pytest.mark.flow
async def test_a_station_killed_in_the_middle_of_an_item_says_so(bench: Bench, site: ModuleType) -> None:
    await bench.until(lambda found: found["worklist_size"] == 2)
    bench.hand.scan(f"BADGE:{site.BADGE}")
    bench.gate.place(site.tag(1))
    await bench.until(lambda found: found["state"] == "matched")
    bench.process.send_signal(signal.SIGKILL)
    await bench.process.communicate()
    bench.process, bench.url = await start(bench.folder, "--no-page")
    found = await bench.state()
    assert (found["state"], found["hold"]) == ("idle", {"reason": "interrupted", "detail": "RMA-1/1/1"})
    assert found["committed_count"] == 0
    bench.hand.scan(f"BADGE:{site.BADGE}")
    found = await bench.until(lambda found: found["state"] == "matched")
    assert found["hold"] is None


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium here")
@pytest.mark.parametrize("bench", [("--page",)], indirect=True)
async def test_an_inspector_works_with_keys_in_a_real_browser(bench: Bench, site: ModuleType) -> None:
    await bench.until(lambda found: found["worklist_size"] == 2)
    async with async_playwright() as tool:
        browser = await tool.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(bench.url, wait_until="domcontentloaded")
        await page.get_by_text("Any badge of this site opens it").wait_for()
        bench.hand.scan(f"BADGE:{site.BADGE}")
        bench.gate.place(site.tag(1))
        await page.get_by_text("Mug, white").wait_for()
        await page.keyboard.press(" ")
        await page.get_by_role("button", name="Accept").wait_for()
        await page.keyboard.press("2")
        await page.get_by_role("button", name="Dirt, not damage").click()
        await page.get_by_text("Put it into bin A, then scan the bin").first.wait_for()
        await page.reload(wait_until="domcontentloaded")
        await page.get_by_role("button", name="It lies in bin A").click()
        await page.get_by_text("Ledger number 0").wait_for()
        size = await page.evaluate("[document.body.scrollWidth, document.body.scrollHeight]")
        assert size == [1280, 800], "nothing has to be scrolled"
        assert await page.evaluate(SMALL_BUTTONS) == 0, "every target is at least 48 pixels high"
        assert all(url.startswith((bench.url, "data:", "blob:")) for url in asked), (
            "nothing comes from outside"
        )
        await browser.close()
