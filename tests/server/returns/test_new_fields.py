"""What came with the refund link: told to the centre, sealed there, and to no station."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from inspection.errors import BadMessage
from inspection.messages.catalogue import UnitMessage
from inspection.messages.station import WorklistPage
from inspection.returns import ReturnReason
from server.db.tables import units
from server.returns import service
from server.returns.reasons import ReadReason
from server.returns.repository import find_units
from server.returns.service import Terms
from tests.server.conftest import unit_object

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

PHOTO = "ab" * 32
ALL: dict[str, Any] = {
    "promised_minor": 4000,
    "payment": "pay_123",
    "reason_text": "屏幕碎了 / the screen is cracked",
    "photos": [PHOTO],
    "tier": "vip",
    "batch": "B-7",
    "supplier": "S-9",
    "parts": ["charger", "cable"],
}


def message(**changes: Any) -> UnitMessage:
    return UnitMessage.read(json.dumps(unit_object("R1/1/1") | changes))


async def held(site: "Site", unit: str = "R1/1/1") -> Any:
    return await site.centre.reader.run(lambda c: find_units(c, site.centre.site, [unit])[unit])


def test_a_message_without_them_is_written_as_before() -> None:
    assert b"promised_minor" not in message().to_json()
    assert UnitMessage.read(message(**ALL).to_json()) == message(**ALL)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"promised_minor": 5001}, "promised_minor is more than paid_minor"),
        ({"promised_minor": -1}, "promised_minor"),
        ({"promised_minor": 0.5}, "promised_minor"),
        ({"paid_minor": -1}, "paid_minor"),
        ({"paid_minor": 1.5}, "paid_minor"),
        ({"reason_text": "x" * 2001}, "reason_text"),
        ({"photos": [PHOTO] * 9}, "photos"),
        ({"tier": "gold"}, "tier"),
    ],
)
def test_what_cannot_be_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadMessage, match=said):
        message(**changes)


def test_a_reason_is_needed_where_there_are_no_words() -> None:
    row = {name: value for name, value in unit_object("R1/1/1").items() if name != "reason"}
    with pytest.raises(BadMessage, match="reason is needed"):
        UnitMessage.read(json.dumps(row))
    assert UnitMessage.model_validate(row | {"reason_text": "too big"}).reason == ReturnReason.OTHER


async def test_they_are_sealed_and_no_station_hears_of_them(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1", **ALL)
    found = await held(site)
    assert found.message == message(**ALL)
    for secret in (b"pay_123", "屏幕".encode(), PHOTO.encode()):
        assert secret not in found.body
    answer = await site.http.get("/v1/worklist?after=0", headers=bench.auth)
    (told,) = WorklistPage.read(answer.content).units
    assert told == message()
    assert not any(name in answer.text for name in ALL)


async def test_an_erased_customer_leaves_no_name_to_look_up(site: "Site") -> None:
    await site.announce("R1/1/1", serial="S1", **ALL)
    wanted = {"merchant": "m1", "customer": "C-1", "reason": "request"}
    answer = await site.http.post("/v1/subjects/erasures", json=wanted, headers=site.console)
    assert answer.is_success, answer.text
    found = await held(site)
    assert (found.message.reason_text, found.message.photos, found.message.payment) == (None, (), None)
    names = (units.c.order_name, units.c.serial_name, units.c.payment_name, units.c.epc)
    row = await site.centre.reader.run(lambda c: c.execute(select(*names)).one())
    assert tuple(row) == (None, None, None, None)


async def test_words_become_a_reason_and_never_replace_the_shops_own(site: "Site") -> None:
    await site.announce("R0/1/1")
    read: list[str] = []

    def understand(text: str) -> ReadReason:
        read.append(text)
        return ReadReason(reason=ReturnReason.DEFECTIVE, band="likely")

    terms = Terms(site="s1", merchant="m1", due_s=60, at=site.centre.now(), understand=understand)
    bare = {name: value for name, value in unit_object("R1/1/1").items() if name != "reason"}
    said = UnitMessage.model_validate(bare | {"reason_text": "dead on arrival"})
    own = UnitMessage.model_validate(
        unit_object("R2/1/1", reason_text="dead") | {"reason": ReturnReason.OTHER}
    )
    for _ in range(2):
        taken = await site.centre.writer.submit(lambda c: service.announce(c, terms, [said, own]))
        assert taken.faults == ()
    assert read == ["dead on arrival"]
    found = [await held(site, unit) for unit in ("R1/1/1", "R2/1/1")]
    assert [(each.message.reason, each.band) for each in found] == [
        (ReturnReason.DEFECTIVE, "likely"),
        (ReturnReason.OTHER, None),
    ]


@pytest.mark.parametrize(
    ("text", "band", "reason"),
    [("the screen is cracked", "sure", "damaged_in_transit"), ("尺码太小了", "sure", "wrong_size")],
)
async def test_clear_words_become_a_code(site: "Site", text: str, band: str, reason: str) -> None:
    await site.announce("R0/1/1")
    row = {name: value for name, value in unit_object("R1/1/1").items() if name != "reason"}
    body = {"units": [row | {"reason_text": text}]}
    assert (await site.http.post("/v1/returns", json=body, headers=site.shop)).status_code == 200
    found = await held(site)
    assert (found.band, found.message.reason.value) == (band, reason)


async def test_words_that_nobody_reads_are_uncertain(site: "Site") -> None:
    await site.announce("R0/1/1")
    row = {name: value for name, value in unit_object("R1/1/1").items() if name != "reason"}
    body = {"units": [row | {"reason_text": "hm"}]}
    assert (await site.http.post("/v1/returns", json=body, headers=site.shop)).status_code == 200
    standing = (await site.http.get("/v1/returns/R1/1/1", headers=site.shop)).json()
    assert standing["reason_band"] == "uncertain"


async def test_a_table_may_say_all_of_it(site: "Site") -> None:
    await site.announce("R0/1/1")
    lines = (
        "id,authorization,order,customer,line,index,sku,paid_minor,currency,reason_text,promised_minor,photos,"
        "tier,batch,supplier,parts,payment",
        f"R1/1/1,R1,O-1,C-1,1,1,MUG-1,5000,CNY,碎了,4000,{PHOTO},vip,B-7,S-9,charger|cable,pay_123",
        "R2/1/1,R2,O-2,C-1,1,1,MUG-1,5000,XXX,碎了,,,,,,,",
        "R3/1/1,R3,O-3,C-1,1,1,MUG-1,5000,CNY,碎了,5001,,,,,,",
        "R4/1/1,R4,O-4,C-1,1,1,MUG-1,-1,CNY,碎了,,,,,,,",
        "R5/1/1,R5,O-5,C-1,1,1,MUG-1,12.5,CNY,碎了,,,,,,,",
    )
    answer = await site.http.post("/v1/returns.csv", content="\n".join(lines).encode(), headers=site.shop)
    body = answer.json()
    assert body["accepted"] == 1
    assert [(row["row"], row["column"], row["code"]) for row in body["rejected"]] == [
        (3, "currency", "unknown_currency"),
        (4, None, "bad_value"),
        (5, "paid_minor", "bad_value"),
        (6, "paid_minor", "bad_value"),
    ]
    found = await held(site)
    assert found.message == message(**ALL | {"reason_text": "碎了", "reason": "damaged_in_transit"})
