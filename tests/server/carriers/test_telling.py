"""The played carrier tells by itself, again what the centre did not take, and it runs as a process."""

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx

from demo.carrier.app import Desk
from demo.carrier.telling import tell
from inspection.messages.webhook_keys import HmacKey
from inspection.parcels import Node
from link.ports import free_ports
from tests.server.carriers.conftest import CREDENTIAL, set_carrier
from tests.server.carriers.test_booking import book, code, parcel

if TYPE_CHECKING:
    from tests.server.conftest import Site

KEY = HmacKey(hashlib.sha256(b"carrier").digest())
URL = "/v1/hooks/m1/carrier"


async def test_what_the_centre_does_not_take_is_told_again(site: "Site", desk: Desk) -> None:
    await site.announce("R1/1/1", parcel="P-1")
    desk.world.move("P-1", Node.PICKED_UP, desk.clock())
    await tell(desk, site.http, URL, KEY)  # no key is set yet
    assert len(desk.world.unsent) == 1
    await site.http.put("/v1/hooks/carrier", json={"key": KEY.to_text()}, headers=site.shop)
    desk.world.move("P-1", Node.SIGNED_OFF, desk.clock())
    await tell(desk, site.http, URL, KEY)
    assert desk.world.unsent == []
    assert [node["event"] for node in (await parcel(site))["nodes"]] == ["picked_up", "signed_off"]


@asynccontextmanager
async def process(port: int) -> AsyncIterator[None]:
    words = ("-m", "demo.carrier", "--port", str(port), "--credential", CREDENTIAL)
    known = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    started = await asyncio.create_subprocess_exec(sys.executable, *words, env=known)
    try:
        yield
    finally:
        started.terminate()
        await started.wait()


async def test_it_runs_as_a_process(site: "Site") -> None:
    await site.announce("R1/1/1", parcel="P-1")
    [port] = free_ports(1)
    async with process(port), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        for _ in range(600):
            try:
                assert (await http.get("/pick-ups/k1")).status_code == 401
                break
            except httpx.ConnectError:
                await asyncio.sleep(0.1)
        await set_carrier(site, f"http://127.0.0.1:{port}")
        assert code(await book(site)) == "booked"
        auth = {"authorization": f"Bearer {CREDENTIAL}"}
        assert (await http.post("/sim/parcels/P-1/picked_up", headers=auth)).status_code == 200
