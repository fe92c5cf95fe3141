"""The played carrier on a port of this machine."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import httpx
import pytest
import uvicorn

from demo.carrier.app import Desk, create_app
from demo.carrier.faults import Faults
from demo.carrier.world import World
from tests.server.conftest import Site, Tick

CREDENTIAL = "example-credential"
SLOW_S = 2.5


@asynccontextmanager
async def serving(desk: Desk) -> AsyncIterator[str]:
    """Serve the carrier's API; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        config = uvicorn.Config(create_app(desk), log_level="error", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[held]))
        try:
            while not server.started:  # noqa: ASYNC110 # uvicorn has no event for it
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{held.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@pytest.fixture
def desk(clock: Tick) -> Desk:
    faults = Faults(random=Random(1))
    return Desk(world=World(seed=1), faults=faults, credential=CREDENTIAL, slow_s=SLOW_S, clock=clock)


@pytest.fixture
async def carrier_url(desk: Desk) -> AsyncIterator[str]:
    async with serving(desk) as url:
        yield url


@pytest.fixture
async def linked(site: Site, carrier_url: str) -> Site:
    """A site whose merchant has the played carrier."""
    answer = await set_carrier(site, carrier_url)
    assert answer.status_code == 200, answer.text
    return site


async def set_carrier(site: Site, url: str, credential: str = CREDENTIAL) -> httpx.Response:
    body = {"url": url, "credential": credential}
    return await site.http.put("/v1/carrier", json=body, headers=site.shop)
