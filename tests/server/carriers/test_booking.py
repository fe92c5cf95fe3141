"""Pick-ups: booked once whatever the carrier does in between, and no address is kept."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import httpx
import pytest

from demo.carrier.app import Desk
from demo.carrier.faults import CallFault
from inspection.parcels import Node
from link.ports import free_ports
from server.carriers import booking
from server.settings import ServerSettings
from tests.server.carriers.conftest import CREDENTIAL, set_carrier

if TYPE_CHECKING:
    from tests.server.conftest import Site

ADDRESS = {
    "name": "Ada Example", "lines": ["1 Example Street"], "postcode": "12345", "city": "Berlin",
    "country": "DE",
}  # fmt: skip
WINDOW = {"not_before": "2026-05-04T13:00:00.000000Z", "not_after": "2026-05-04T17:00:00.000000Z"}


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    return settings.model_copy(update={"carrier_timeout_s": 1.5})


async def book(site: "Site", key: str = "k1", parcel: str = "P-1", **changes: Any) -> httpx.Response:
    body = {"key": key, "address": ADDRESS} | WINDOW | changes
    return await site.http.post(f"/v1/parcels/{parcel}/pick-up", json=body, headers=site.shop)


async def cancel(site: "Site", key: str = "k1", parcel: str = "P-1") -> httpx.Response:
    body = {"key": key}
    return await site.http.post(f"/v1/parcels/{parcel}/pick-up/cancel", json=body, headers=site.shop)


async def parcel(site: "Site", name: str = "P-1") -> dict[str, Any]:
    answer = await site.http.get(f"/v1/parcels/{name}", headers=site.shop)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("centre.sqlite*"))


def code(answer: httpx.Response) -> str:
    found: str = answer.json().get("code", answer.json().get("state"))
    return found


async def test_a_pick_up_is_booked_once_and_is_an_entry(linked: "Site", desk: Desk) -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    first = await book(linked)
    assert (first.status_code, code(first)) == (200, "booked")
    assert (await book(linked)).json() == first.json()
    assert list(desk.world.orders) == ["k1"]
    shown = await parcel(linked)
    assert shown["pick_up"] == first.json()
    assert [(node["event"], node["id"], node["leaf_index"]) for node in shown["nodes"]] == [
        ("booked", first.json()["reference"], 0)
    ]
    assert linked.counted("regrade_pick_ups_total", state="booked") == 1


async def test_no_address_and_no_credential_is_kept(linked: "Site", desk: Desk, tmp_path: Path) -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    desk.faults.calls += [CallFault.SLOW_AFTER_EFFECT]
    assert code(await book(linked)) == "booking_unsure"
    assert code(await book(linked)) == "booked"
    held = await asyncio.to_thread(everything, tmp_path)
    for secret in ("Example Street", "Ada Example", CREDENTIAL):
        assert secret.encode() not in held
    assert desk.world.orders["k1"].address.name == "Ada Example"
    shown = await linked.http.get("/v1/carrier", headers=linked.shop)
    assert CREDENTIAL not in shown.text


@pytest.mark.parametrize(
    ("fault", "first"),
    [
        (CallFault.SLOW_AFTER_EFFECT, "booking_unsure"),
        (CallFault.SLOW_BEFORE_EFFECT, "booking_unsure"),
        (CallFault.FAILED_AFTER_EFFECT, "booking_unsure"),
        (CallFault.GARBLED, "booking_unsure"),
        (CallFault.DOWN, "booking_unsure"),
        (CallFault.REFUSED_AFTER_EFFECT, "booked"),
    ],
)
async def test_whatever_the_answer_was_it_is_booked_once(
    linked: "Site", desk: Desk, fault: CallFault, first: str
) -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    desk.faults.calls.append(fault)
    answer = await book(linked)
    assert code(answer) == first
    assert (answer.status_code == 503) == (first != "booked")
    assert code(await book(linked)) == "booked"
    assert (list(desk.world.orders), len(desk.world.events["P-1"])) == (["k1"], 1)


async def test_a_doubtful_pick_up_is_looked_up_before_it_is_booked_again(linked: "Site", desk: Desk) -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    desk.faults.calls += [CallFault.SLOW_AFTER_EFFECT, CallFault.DOWN]
    assert code(await book(linked)) == "booking_unsure"
    assert code(await book(linked)) == "carrier_away"
    assert (await parcel(linked))["pick_up"]["state"] == "unsure"
    assert code(await book(linked)) == "booked"


async def test_killed_between_booking_and_commit_it_is_found_again(
    linked: "Site", desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await linked.announce("R1/1/1", parcel="P-1")

    async def killed(*_: object) -> NoReturn:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(booking, "settle", killed)
        assert (await book(linked)).status_code == 500
    assert (await parcel(linked))["pick_up"]["state"] == "asked"
    assert code(await book(linked)) == "busy"
    linked.clock.forward(60)
    assert code(await book(linked)) == "booked"
    assert (list(desk.world.orders), len((await parcel(linked))["nodes"])) == (["k1"], 1)


async def test_the_same_key_at_once_is_booked_once(linked: "Site", desk: Desk) -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    answers = await asyncio.gather(*(book(linked) for _ in range(5)))
    assert {code(answer) for answer in answers} <= {"booked", "busy"}
    assert list(desk.world.orders) == ["k1"]


async def test_a_key_is_for_one_pick_up_and_a_parcel_has_one(linked: "Site") -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    await linked.announce("R2/1/1", parcel="P-2")
    await book(linked)
    assert code(await book(linked, parcel="P-2")) == "key_reused"
    assert code(await book(linked, address=ADDRESS | {"city": "Bonn"})) == "key_reused"
    assert code(await book(linked, key="k2")) == "pick_up_booked"
    assert code(await book(linked, key="k2", parcel="P-3")) == "unknown_parcel"


async def test_a_cancelled_pick_up_makes_room_for_another(linked: "Site", desk: Desk) -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    await book(linked)
    assert [code(await cancel(linked)) for _ in range(2)] == ["cancelled", "cancelled"]
    assert code(await book(linked)) == "key_reused"
    assert code(await book(linked, key="k2")) == "booked"
    desk.world.move("P-1", Node.PICKED_UP, linked.clock())
    late = await cancel(linked, "k2")
    assert (late.status_code, code(late)) == (422, "carrier_refused")
    assert code(await cancel(linked, "k3")) == "not_found"


async def test_a_credential_that_the_carrier_does_not_take_books_nothing(
    linked: "Site", desk: Desk, carrier_url: str
) -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    await set_carrier(linked, carrier_url, "another-credential")
    assert code(await book(linked)) == "carrier_away"
    await set_carrier(linked, carrier_url)
    assert (code(await book(linked)), list(desk.world.orders)) == ("booked", ["k1"])


async def test_what_the_carrier_refuses_is_refused_by_name(linked: "Site", desk: Desk) -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    await linked.announce("R2/1/1", parcel="P-2")
    await book(linked)
    await cancel(linked)
    await linked.centre.writer.submit(
        lambda c: c.exec_driver_sql("DELETE FROM carrier_bookings")  # only the carrier knows the key still
    )
    refused = await book(linked)
    assert (refused.status_code, code(refused)) == (422, "carrier_refused")
    assert (await parcel(linked))["pick_up"]["state"] == "refused"


async def test_a_window_that_ends_before_it_begins_is_refused(linked: "Site") -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    answer = await book(linked, not_after=WINDOW["not_before"])
    assert (answer.status_code, code(answer)) == (422, "bad_message")


async def test_without_a_carrier_nothing_is_booked(site: "Site") -> None:
    await site.announce("R1/1/1", parcel="P-1")
    answer = await book(site)
    assert (answer.status_code, code(answer)) == (404, "no_carrier")


@pytest.mark.parametrize(
    ("body", "status", "refusal"),
    [
        ({"url": "http://10.0.0.1/", "credential": "x" * 8}, 403, "endpoint_refused"),
        ({"url": "https://user@example.com/", "credential": "x" * 8}, 403, "endpoint_refused"),
        ({"url": "http://127.0.0.1:9/?a=b", "credential": "x" * 8}, 403, "endpoint_refused"),
        ({"url": "http://127.0.0.1:9/", "credential": "with blanks"}, 422, "bad_message"),
    ],
)
async def test_a_carrier_that_may_not_be_called_is_refused(
    site: "Site", body: dict[str, str], status: int, refusal: str
) -> None:
    answer = await site.http.put("/v1/carrier", json=body, headers=site.shop)
    assert (answer.status_code, code(answer)) == (status, refusal)


async def test_a_carrier_that_is_not_there_is_away_and_for_certain_booked_nothing(
    site: "Site",
) -> None:
    await site.announce("R1/1/1", parcel="P-1")
    await set_carrier(site, f"http://127.0.0.1:{free_ports(1)[0]}")
    assert code(await book(site)) == "carrier_away"
    assert (await parcel(site))["pick_up"]["state"] == "asked"
