"""A unit is refunded once: the same thing under another id is refused while both are open, or noted."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection

from inspection.messages.catalogue import UnitMessage
from server.returns.doubled import Doubled, Sameness, doubled_among, kin_of, same_thing
from server.subjects.bound import OPTION
from server.subjects.keys import SubjectKeys
from tests.server.conftest import unit_object
from tests.server.statements import plans, statements

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site


async def post(site: "Site", unit: str, **changes: Any) -> Any:
    body = {"units": [unit_object(unit, **changes)]}
    return await site.http.post("/v1/returns", json=body, headers=site.shop)


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ({"serial": "S1"}, {"serial": "S1"}, "serial_taken"),
        ({"epc": "30aa"}, {"epc": "30aa"}, "epc_taken"),
        ({}, {"authorization": "R1"}, "place_taken"),
    ],
)
async def test_two_open_units_are_never_the_same(
    site: "Site", first: dict[str, Any], second: dict[str, Any], code: str
) -> None:
    await site.announce("R1/1/1", **first)
    answer = await post(site, "R2/1/1", **second)
    assert (answer.status_code, code in answer.json()["detail"]) == (409, True), answer.text


async def test_a_withdrawn_unit_gives_its_names_back(site: "Site") -> None:
    await site.announce("R1/1/1", serial="S1")
    await site.http.post("/v1/returns/R1/1/1/cancel", headers=site.shop)
    answer = await post(site, "R2/1/1", authorization="R1", order="O-1", serial="S1")
    assert answer.json() == {"accepted": 1}


@pytest.mark.parametrize(
    ("first", "second", "by"),
    [
        ({"serial": "S1"}, {"serial": "S1"}, "serial"),
        ({"epc": "30aa"}, {"epc": "30aa"}, "epc"),
        ({}, {"order": "O-1"}, "order_line"),
    ],
)
async def test_what_was_inspected_and_comes_again_is_taken_and_noted(
    site: "Site", bench: "Bench", first: dict[str, Any], second: dict[str, Any], by: str
) -> None:
    await site.announce("R1/1/1", **first)
    await site.send(bench, bench.signed("R1/1/1"))
    for _ in range(2):
        answer = await post(site, "R2/1/1", **second)
        assert answer.status_code == 200, answer.text
    found = (await site.http.get("/v1/returns/R2/1/1", headers=site.shop)).json()
    assert found["doubles"] == "R1/1/1"
    known = await site.centre.reader.run(lambda c: doubled_among(c, "s1", ["R1/1/1", "R2/1/1"]))
    assert known == {"R2/1/1": Doubled(unit="R2/1/1", first="R1/1/1", by=Sameness(by))}


async def test_the_answer_names_what_came_second(site: "Site") -> None:
    await site.announce("R1/1/1")
    answer = await post(site, "R2/1/1", order="O-1")
    assert answer.json()["flagged"] == [
        {"unit": "R2/1/1", "code": "duplicate", "by": "order_line", "first": "R1/1/1"}
    ]
    third = await post(site, "R3/1/1", order="O-1")
    assert third.json()["flagged"][0]["first"] == "R1/1/1"


async def test_the_first_stays_the_first_when_it_is_announced_anew(site: "Site") -> None:
    await site.announce("R1/1/1")
    await post(site, "R2/1/1", order="O-1")
    answer = await post(site, "R1/1/1", batch="B-1")
    assert answer.json() == {"accepted": 1}


async def test_units_of_one_announcement_are_compared_too(site: "Site") -> None:
    await site.announce("R0/1/1")
    units = [unit_object(f"R{n}/1/1", order="O-9") for n in (1, 2)]
    answer = await site.http.post("/v1/returns", json={"units": units}, headers=site.shop)
    assert [each["unit"] for each in answer.json()["flagged"]] == ["R2/1/1"]
    same = [unit_object(f"R{n}/1/1", serial="S1") for n in (3, 4)]
    refused = await site.http.post("/v1/returns", json={"units": same}, headers=site.shop)
    assert "serial_taken" in refused.json()["detail"]


async def test_other_lines_products_and_units_of_a_line_are_other_things(site: "Site") -> None:
    await site.announce("R1/1/1", order="O-1")
    for unit in ("R2/2/1", "R3/1/2"):
        assert (await post(site, unit, order="O-1")).json() == {"accepted": 1}


async def test_a_second_inspection_is_no_second_return(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1", serial="S1")
    await site.send(bench, bench.signed("R1/1/1"))
    answer = await post(site, "R1/1/1", serial="S1", inspection=2, purpose="appeal")
    assert answer.json() == {"accepted": 1}


async def test_it_can_be_asked_of_any_unit(site: "Site") -> None:
    await site.announce("R1/1/1", serial="S1")
    other = UnitMessage.read(json.dumps(unit_object("R2/1/1", serial="S1")))
    found = await site.centre.reader.run(lambda c: same_thing(c, "s1", other))
    assert found == Doubled(unit="R2/1/1", first="R1/1/1", by=Sameness.SERIAL)
    alone = other.model_copy(update={"serial": "S2"})
    assert await site.centre.reader.run(lambda c: same_thing(c, "s1", alone)) is None


def test_looking_for_the_same_thing_reads_no_others(connection: Connection, tmp_path: Path) -> None:
    keys = SubjectKeys(tmp_path, bytes(32))
    bound = connection.execution_options(**{OPTION: keys})
    unit = UnitMessage.read(json.dumps(unit_object("R1/1/1", serial="S1", epc="30aa")))
    with statements(bound) as asked:
        kin_of(bound, "s1", "m1", [unit])
    steps = [plans(bound, [text]) for text in asked if "units" in text]
    keys.close()
    names = ("merchant_authorization", "order_name", "serial_name", "epc_state")
    assert len(steps) == len(names)
    for plan, name in zip(steps, names, strict=True):
        column = name.removeprefix("merchant_").removesuffix("_state")
        assert f"ix_units_site_{name} (site=? AND " in str(plan), plan
        assert f"{column}=?" in str(plan), plan
