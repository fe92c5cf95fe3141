"""A real centre on a loopback port, inside the test's own event loop, and those who make references."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from inspection.messages.references import PublishedReferences
from link.http import HttpConfig, HttpLink
from server.access import Caller, Scope, new_key
from server.app import create_app
from server.catalogue.repository import add_merchant
from server.centre import Centre, open_centre
from server.keys import ServerKeys, make_keys, read_keys
from server.settings import ServerSettings

MERCHANT = "north"


class Quiet(uvicorn.Server):
    """uvicorn that leaves the signals to pytest."""

    def install_signal_handlers(self) -> None:
        """None of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A centre that answers, and its keys."""

    centre: Centre
    url: str
    station_key: str
    desk_key: str

    def link(self, key: str) -> HttpLink:
        return HttpLink(HttpConfig(base_url=self.url, key=SecretStr(key), attempts=1, timeout_s=60))

    def path(self, published: PublishedReferences) -> Path:
        """Where the centre keeps the bank of a set."""
        assert published.references.bank is not None
        return self.centre.references.path(published.references.bank.sha256)


@asynccontextmanager
async def serving(
    folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> AsyncIterator[Served]:
    """Serve the centre of a folder, made where it is missing."""
    settings = ServerSettings(host_name="centre.test", site="s1")
    keys, registry = _keys_of(folder), CollectorRegistry()
    async with open_centre(folder, settings, keys, clock=clock, registry=registry) as centre:
        await centre.writer.submit(lambda c: add_merchant(c, "s1", MERCHANT, "North", centre.now()))
        station = await _key(centre, Caller(scope=Scope.STATION, station="st1"))
        desk = await _key(centre, Caller(scope=Scope.REFERENCES, merchant=MERCHANT))
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()  # who comes before uvicorn is ready waits instead of being refused
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            server = Quiet(uvicorn.Config(create_app(centre), access_log=False, log_config=None))
            running = asyncio.create_task(server.serve([listener]))
            try:
                yield Served(centre=centre, url=url, station_key=station, desk_key=desk)
            finally:
                server.should_exit = True
                await running


def _keys_of(folder: Path) -> ServerKeys:
    if not folder.exists():
        folder.mkdir()
        make_keys(folder)
    return read_keys(folder)


async def _key(centre: Centre, caller: Caller) -> str:
    return await centre.writer.submit(lambda c: new_key(c, "s1", caller, "photo desk", centre.now()))
