"""The station's web server answers this machine only, and never says more than the page shows."""

import json
from collections.abc import AsyncIterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from edge.snapshot import Snapshot, masked
from edge.web import create_app

if TYPE_CHECKING:
    from tests.edge.rig import Rig

NEAR = -40.0
HERE = "http://127.0.0.1:8410"


@pytest.fixture
async def page(rig: "Rig", rig_module: ModuleType) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(rig_module.reporting_of(rig))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HERE) as client:
        yield client


async def state(page: httpx.AsyncClient) -> dict[str, Any]:
    answer = await page.get("/state.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_the_snapshot_has_every_key_from_the_start(page: httpx.AsyncClient) -> None:
    assert set(await state(page)) == set(Snapshot.__annotations__)


async def test_what_a_device_says_of_itself_is_in_the_snapshot(
    page: httpx.AsyncClient, rig: "Rig", rig_module: ModuleType
) -> None:
    rig.senses.devices = (rig_module.status_of("fx", values={"antennas": "4 of 8", "temperature_c": "23"}),)
    [device] = (await state(page))["devices"]
    assert device["says"] == {"antennas": "4 of 8", "temperature_c": "23"}


async def test_the_snapshot_follows_an_item(page: httpx.AsyncClient, rig: "Rig", site: ModuleType) -> None:
    rig.tags = {site.tag(1): NEAR}
    await rig.tick()
    found = await state(page)
    assert (found["state"], found["inspector"], found["language"]) == ("matched", "anna", "en")
    assert found["unit"]["sku"] == "MUG-1"
    assert found["tags"] == [{"epc_hex": site.tag(1).hex(), "known": True, "sort": "item", "place": "bench"}]
    await rig.scan("CMD:CAPTURE")
    found = await state(page)
    assert found["proposal"]["grade"] == "new"
    assert sum(found["proposal"]["shares_ppm"]) == 1_000_000
    assert (found["bin"], found["frames"]) == (None, ["top"])
    await rig.scan("CMD:ACCEPT")
    found = await state(page)
    assert found["bin"] == {"letter": "A", "color": "green", "shape": "circle"}
    assert found["verdict"]["kind"] == "confirm"
    await rig.scan("BIN:A")
    found = await state(page)
    assert (found["committed_count"], found["queue_depth"]) == (1, 1)
    assert found["committed"][0]["unit"] == "RMA-1/1/1"


async def test_no_order_number_or_badge_leaves_in_full(
    page: httpx.AsyncClient, rig: "Rig", site: ModuleType
) -> None:
    rig.tags = {site.tag(1): NEAR}
    await rig.tick()
    text = json.dumps(await state(page))
    assert "O-1" not in text.replace("RMA-O-1", "")
    assert site.BADGE not in text
    assert masked("SO-9912345") == "***2345"
    assert masked("O-1") == "***"


async def test_pictures_are_those_of_the_item(page: httpx.AsyncClient, rig: "Rig", site: ModuleType) -> None:
    assert (await page.get("/frame/top.jpg")).status_code == 404
    rig.tags = {site.tag(1): NEAR}
    await rig.tick()
    await rig.scan("CMD:CAPTURE")
    answer = await page.get("/frame/top.jpg")
    assert answer.content == rig.senses.pictures["top"]
    assert answer.headers["cache-control"] == "no-store"
    assert (await page.get("/live/nowhere.jpg")).status_code == 404


async def test_metrics_count_what_happened(page: httpx.AsyncClient, rig: "Rig", site: ModuleType) -> None:
    rig.tags = {site.tag(77): NEAR}
    await rig.tick()
    text = (await page.get("/metrics")).text
    assert 'regrade_station_faults_total{code="no_match"} 1.0' in text
    assert "regrade_station_queue 0.0" in text


async def test_every_answer_carries_the_safe_headers(page: httpx.AsyncClient) -> None:
    headers = (await page.get("/state.json")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert (await page.get("/docs")).status_code == 404
    assert (await page.get("/state.json", headers={"Host": "evil.example"})).status_code == 421
