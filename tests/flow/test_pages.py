"""`make run`, as somebody who just cloned it: the pages open in a real browser and show the work."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

CHECKOUT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
IMAGES = CHECKOUT / "docs" / "images"
KEEP = "REGRADE_SCREENSHOTS"
"""Set to 1 to write the pictures of the docs anew."""
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
PATIENCE_MS = 60_000
SUFFIX = {"en": "", "zh_CN": ".zh-CN"}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.flow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed"),
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A virtual warehouse that `make run` started."""

    process: "subprocess.Popen[str]"
    stations: tuple[str, ...]
    console: str
    shop: str


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`make run` in this checkout, until Ctrl-C."""
    words = f"ARGS=--pace 0.7 --dir {tmp_path_factory.mktemp('run') / 'w'}"
    environment = {**os.environ, "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        ["make", "run", words],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            first, second, console, shop = _addresses(process)
            yield Running(process=process, stations=(first, second), console=console, shop=shop)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=120)


def _addresses(process: "subprocess.Popen[str]") -> list[str]:
    """The four pages, in the order in which they are told."""
    found: list[str] = []
    told: list[str] = []
    for line in process.stdout or ():
        told.append(line)
        found += ADDRESS.findall(line)
        if len(found) == 4:
            return found
    raise AssertionError("".join(told))


@pytest.fixture
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield started
        started.close()


def opened(browser: Browser, url: str, language: str) -> Page:
    """A page at the size of a bench's screen; what it asks of other hosts is an error."""
    size: ViewportSize = {"width": 1920, "height": 1080}
    page = browser.new_page(viewport=size, locale=language.replace("_", "-"))
    page.on("request", lambda request: _stays_here(request.url))
    page.goto(url, wait_until="domcontentloaded")
    return page


def _stays_here(url: str) -> None:
    assert url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")), url


def picture(page: Page, name: str, language: str) -> None:
    """Keep a screenshot for the docs when asked to."""
    if os.environ.get(KEEP):
        IMAGES.mkdir(exist_ok=True)
        page.screenshot(path=IMAGES / f"{name}{SUFFIX[language]}.png")


def until_telling(page: Page, url: str) -> None:
    """For the docs: wait for a proposal with a finding, after a few items."""
    for _ in range(2000 if os.environ.get(KEEP) else 0):
        seen = page.request.get(f"{url}/state.json").json()
        if seen["state"] == "proposed" and seen["findings"] and len(seen["committed"]) > 3:
            page.wait_for_timeout(200)
            return
        page.wait_for_timeout(50)


@pytest.mark.parametrize("language", SUFFIX)
def test_make_run_shows_the_station_and_the_console_at_work(
    running: Running, browser: Browser, language: str
) -> None:
    station = opened(browser, running.stations[0], language)
    if language != "en":
        station.get_by_title("中文").click()
    expect(station.locator(".done").first).to_be_visible(timeout=PATIENCE_MS)
    expect(station.locator(".findings span").first).to_be_visible(timeout=PATIENCE_MS)
    until_telling(station, running.stations[0])
    picture(station, "station", language)
    console = opened(browser, running.console, language)
    expect(console.get_by_text("st-1").first).to_be_visible(timeout=PATIENCE_MS)
    expect(console.get_by_text("RMA-").first).to_be_visible(timeout=PATIENCE_MS)
    picture(console, "console", language)
    shop = opened(browser, running.shop, language)
    expect(shop.get_by_text("RMA-").first).to_be_visible(timeout=PATIENCE_MS)
    if language == "en":  # the shop speaks one language only
        picture(shop, "shop", language)
