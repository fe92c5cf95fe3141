"""The carrier's API over HTTP (docs/carriers.md), with faults, and with a way to move its parcels."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request, Response

from demo.carrier.faults import CallFault, Faults
from demo.carrier.world import World
from demo.errors import BookingConflict
from inspection.errors import BadMessage
from inspection.messages.base import Message
from inspection.messages.carrier import PickUpOrder
from inspection.parcels import Node

MOST_BYTES = 64 * 1024
BEFORE = frozenset({CallFault.SLOW_BEFORE_EFFECT, CallFault.DOWN})
STATUS = {CallFault.FAILED_AFTER_EFFECT: 500, CallFault.REFUSED_AFTER_EFFECT: 400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the API leans on."""

    world: World
    faults: Faults
    credential: str
    slow_s: float = 30.0
    """How long an answer takes that nobody waits for."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


def create_app(desk: Desk) -> FastAPI:
    """The API of one carrier."""
    app = FastAPI(title="Example carrier", docs_url=None, redoc_url=None)
    world = desk.world

    @app.middleware("http")
    async def spoil(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        expected, told = f"Bearer {desk.credential}", request.headers.get("authorization", "")
        if not hmac.compare_digest(expected.encode(), told.encode()):
            return Response(status_code=401)
        if request.url.path.startswith("/sim/"):
            return await go_on(request)
        return await _spoilt(desk, request, go_on)

    @app.post("/pick-ups")
    async def book(request: Request) -> Response:
        try:
            order = PickUpOrder.read((await request.body())[:MOST_BYTES])
            return _told(world.book(order, desk.clock()), 201)
        except BadMessage:
            return Response(status_code=422)
        except BookingConflict:
            return Response(status_code=409)

    @app.get("/pick-ups/{key}")
    async def find(key: str) -> Response:
        booking = world.find(key)
        return Response(status_code=404) if booking is None else _told(booking)

    @app.delete("/pick-ups/{key}")
    async def cancel(key: str) -> Response:
        try:
            return Response(status_code=204 if world.cancel(key) else 404)
        except BookingConflict:
            return Response(status_code=409)

    @app.get("/parcels/{parcel:path}/events")
    async def events(parcel: str, after: str = "") -> Response:
        return _told(world.track(parcel, after))

    @app.post("/sim/parcels/{parcel:path}/{node}")
    async def move(parcel: str, node: Node) -> dict[str, Any]:
        """Let something happen to a parcel; no carrier has this route."""
        return {"id": world.move(parcel, node, desk.clock()).id}

    return app


async def _spoilt(desk: Desk, request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    fault = desk.faults.next_call()
    if fault in BEFORE:
        if fault is CallFault.SLOW_BEFORE_EFFECT:
            await asyncio.sleep(desk.slow_s)
        return Response(status_code=503)
    answer = await go_on(request)
    if fault is CallFault.SLOW_AFTER_EFFECT:
        await asyncio.sleep(desk.slow_s)
    if fault is CallFault.GARBLED:
        return Response(b'{"reference": ', status_code=200, media_type="application/json")
    return answer if fault not in STATUS else Response(status_code=STATUS[fault])


def _told(message: Message, status: int = 200) -> Response:
    return Response(message.to_json(), status, media_type="application/json")
