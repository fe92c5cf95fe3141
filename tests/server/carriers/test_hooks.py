"""A carrier's webhooks: signed, one event each, late and doubled ones too."""

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from inspection.messages.base import time_text
from inspection.messages.webhook import sign_webhook
from inspection.messages.webhook_keys import HmacKey
from server.inbound.matching import match

if TYPE_CHECKING:
    from tests.server.conftest import Site

SECRET = HmacKey(hashlib.sha256(b"carrier").digest())


def event(site: "Site", id: str = "EV-1", node: str = "signed_off", minute: int = -5, **more: Any) -> bytes:
    at = time_text(site.clock.moment + timedelta(minutes=minute))
    return orjson.dumps({"v": 1, "id": id, "parcel": "P-1", "event": node, "at": at} | more)


async def tell(site: "Site", body: bytes, id: str = "msg_1") -> httpx.Response:
    headers = sign_webhook((SECRET,), id, int(site.clock.moment.timestamp()), body)
    return await site.http.post("/v1/hooks/m1/carrier", content=body, headers=headers)


@pytest.fixture
async def told(site: "Site") -> "Site":
    body = {"key": SECRET.to_text()}
    answer = await site.http.put("/v1/hooks/carrier", json=body, headers=site.shop)
    assert answer.status_code == 200, answer.text
    return site


async def deadline(site: "Site") -> str | None:
    answer = await site.http.get("/v1/returns/R1/1/1", headers=site.shop)
    found: str | None = answer.json()["deadline"]
    return found


async def test_the_sign_off_by_webhook_starts_the_clock(told: "Site") -> None:
    await told.announce("R1/1/1", parcel="P-1")
    assert (await tell(told, event(told))).json() == {"hook": "msg_1", "state": "taken"}
    assert await deadline(told) == "2026-05-04T13:55:00.000000Z"
    assert told.counted("regrade_parcel_nodes_total", node="signed_off") == 1


async def test_the_same_event_under_another_id_of_the_webhook_is_one_entry(told: "Site") -> None:
    await told.announce("R1/1/1", parcel="P-1")
    for id in ("msg_1", "msg_2"):
        assert (await tell(told, event(told), id)).status_code == 200
    size = (await told.http.get("/v1/log")).json()["size"]
    assert (size, told.counted("regrade_parcel_nodes_total", node="signed_off")) == (1, 1)


async def test_an_event_that_came_before_its_parcel_was_announced_waits(told: "Site") -> None:
    assert (await tell(told, event(told))).status_code == 202
    assert (await told.http.get("/v1/log")).json()["size"] == 0
    await told.announce("R1/1/1", parcel="P-1")
    assert await match(told.centre) == 1
    assert await deadline(told) == "2026-05-04T13:55:00.000000Z"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"minute": 6}, 409, "event_ahead"),
        ({"node": "teleported"}, 422, "bad_message"),
        ({"id": "a b"}, 422, "bad_message"),
        ({"surplus": 1}, 422, "bad_message"),
        ({"v": 2}, 422, "bad_message"),
        ({"parcel": ""}, 422, "bad_message"),
    ],
)
async def test_an_event_that_is_none_is_refused_and_leaves_no_entry(
    told: "Site", change: dict[str, Any], status: int, code: str
) -> None:
    await told.announce("R1/1/1", parcel="P-1")
    answer = await tell(told, event(told, **change))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await told.http.get("/v1/log")).json()["size"] == 0
