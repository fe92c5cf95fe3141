"""Run the carrier as a process: `python -m demo.carrier --port 8600 --credential example-credential`.

With `--hooks URL --secret whsec_…` it tells its events by webhook too, faults included.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Annotated

import httpx
import typer
import uvicorn
from fastapi import FastAPI

from demo.carrier.app import Desk, create_app
from demo.carrier.faults import CallFault, Faults, NewsFault
from demo.carrier.telling import tell
from demo.carrier.world import World
from inspection.messages.webhook_keys import HmacKey, read_hmac_key

EVERY_S = 1.0


def telling(desk: Desk, url: str, key: HmacKey) -> FastAPI:
    """The API, with its webhooks sent in the background."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with httpx.AsyncClient(timeout=10.0) as http:
            task = asyncio.create_task(_run(desk, http, url, key))
            yield
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    app = create_app(desk)
    app.router.lifespan_context = lifespan
    return app


async def _run(desk: Desk, http: httpx.AsyncClient, url: str, key: HmacKey) -> None:
    while True:
        await tell(desk, http, url, key)
        await asyncio.sleep(EVERY_S)


def main(
    credential: Annotated[str, typer.Option(help="The bearer token that it asks for.")],
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8600,
    seed: Annotated[int, typer.Option(help="What everything follows from.")] = 1,
    fault_rate: Annotated[float, typer.Option(help="How often each thing goes wrong.")] = 0.0,
    hooks: Annotated[str, typer.Option(help="Where its webhooks go.")] = "",
    secret: Annotated[str, typer.Option(help="whsec_… that signs them.")] = "",
) -> None:
    """Play a carrier."""
    faults = Faults(
        random=Random(seed),  # noqa: S311 # a game, not a secret
        call_rates=dict.fromkeys(CallFault, fault_rate),
        news_rates=dict.fromkeys(NewsFault, fault_rate),
    )
    desk = Desk(world=World(seed=seed), faults=faults, credential=credential)
    app = telling(desk, hooks, read_hmac_key(secret)) if hooks else create_app(desk)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    typer.run(main)
