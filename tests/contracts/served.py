"""A real centre that listens on loopback, in a thread of its own, with something in it to be asked for."""

import asyncio
import base64
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import CollectorRegistry

from inspection.custody.signing import public_bytes
from inspection.messages.webhook_keys import HmacKey
from server.access import Caller, Scope
from server.app import create_app
from server.centre import Centre, open_centre, utc_now
from server.keys import make_keys
from server.serving import LOOPBACK, listen
from server.settings import ServerSettings
from tests.server.conftest import Site, Tick, bearer

OUTCOME_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def outcome_public_key() -> str:
    """As an endpoint names it."""
    return base64.b64encode(public_bytes(OUTCOME_KEY)).decode()


HOOK_KEY = HmacKey(bytes(range(32)))
UNITS = tuple(f"R{number}/1/1" for number in range(1, 9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where it listens, and a key of each scope."""

    url: str
    keys: dict[str, str]
    """By scope."""


@contextmanager
def served(folder: Path, template: Callable[..., dict[str, Any]]) -> Iterator[Served]:
    """Open a centre, fill it, serve it until the block ends."""
    ready, stop = threading.Event(), threading.Event()
    found: list[Served | BaseException] = []

    async def main() -> None:
        async with _opened(folder, template) as (centre, keys):
            listening = listen(LOOPBACK, 0)
            listening.listen()  # so that whoever asks before it serves waits
            config = uvicorn.Config(
                create_app(centre), log_config=None, access_log=False, server_header=False
            )
            server = uvicorn.Server(config)
            task = asyncio.create_task(server.serve(sockets=[listening]))
            found.append(Served(url=f"http://127.0.0.1:{listening.getsockname()[1]}", keys=keys))
            ready.set()
            await asyncio.to_thread(stop.wait)
            server.should_exit = True
            await task

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            found.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="centre", daemon=True)
    thread.start()
    ready.wait()
    try:
        first = found[0]
        if isinstance(first, BaseException):
            raise first
        yield first
    finally:
        stop.set()
        thread.join()
    if isinstance(found[-1], BaseException):
        raise found[-1]


@asynccontextmanager
async def _opened(
    folder: Path, template: Callable[..., dict[str, Any]]
) -> AsyncIterator[tuple[Centre, dict[str, str]]]:
    settings = ServerSettings(
        host_name="centre.test",
        site="s1",
        enrol_per_minute=600,
        reads_per_minute=60_000,
        refund_retry_s=(3600.0,),
        retention_days=30,
        recovery_wait_s=0.0,
    )
    keys = make_keys(folder)
    async with open_centre(folder, settings, keys, registry=CollectorRegistry()) as centre:
        yield centre, await _filled(centre, template)


async def _filled(centre: Centre, template: Callable[..., dict[str, Any]]) -> dict[str, str]:
    """A merchant, a product, units, an enrolled station, inspections; returns a key of each scope."""
    console = await bearer(centre, Caller(scope=Scope.CONSOLE, label="Kim"))
    shop = await bearer(centre, Caller(scope=Scope.SHOP, merchant="m1"))
    transport = httpx.ASGITransport(create_app(centre))
    async with httpx.AsyncClient(transport=transport, base_url="http://centre.test") as http:
        (
            await http.post("/v1/merchants", json={"id": "m1", "name": "Blue"}, headers=console)
        ).raise_for_status()
        site = Site(
            centre=centre, http=http, clock=Tick(utc_now()), console=console, shop=shop, template=template
        )
        await site.announce(*UNITS, parcel="P1")
        bench = await site.enrol()
        endpoint = {"url": "http://127.0.0.1:9/refunds", "outcome_public_key": outcome_public_key()}
        (await http.put("/v1/refunds/endpoint", json=endpoint, headers=shop)).raise_for_status()
        hook = {"key": HOOK_KEY.to_text()}
        (await http.put("/v1/hooks/carrier", json=hook, headers=shop)).raise_for_status()
        await site.send(bench, *(bench.signed(unit) for unit in UNITS[:4]))
    others = {
        scope: await bearer(centre, Caller(scope=scope, label="Kim"))
        for scope in (Scope.AUDITOR, Scope.REFERENCES)
    }
    known = {Scope.CONSOLE: console, Scope.SHOP: shop, Scope.STATION: bench.auth, **others}
    return {scope.value: headers["authorization"] for scope, headers in known.items()}
