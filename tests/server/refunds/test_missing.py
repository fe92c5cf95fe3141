"""Units that did not come with their parcel: when there is a case, that there is one, and how it ends."""

import asyncio
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, select

from inspection.refund_exceptions import CaseKind, Owner, WayOut
from server.access import Caller, Scope
from server.db.refund_tables import cases
from server.db.refund_tables import refunds as refund_rows
from server.ledger.standing import LogState, set_state
from server.refunds import cases as case_rows
from server.refunds import missing
from server.refunds.cases import Raised, raise_case
from server.refunds.missing import FIRST_LATE, FIRST_OPEN, MissingUnits, Terms, of_parcel
from tests.server.conftest import product_object, unit_object
from tests.server.refunds.raising import DUE_S, UNIT, not_in_the_parcel, sign_off, the_case
from tests.server.refunds.test_cases import entries, leave, named, person
from tests.server.statements import plans, statements

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

OTHER = "R1/1/2"
MISSING = CaseKind.MISSING_UNIT
ALIASES = {"units", "cases", "records", "parcels", "u", "c", "r", "p", "o"}
"""Tables by their names in the statements; what a statement has made itself is scanned."""


async def look(site: "Site") -> None:
    """One look of a centre that has just started."""
    await MissingUnits(site.centre).look()


async def all_cases(site: "Site", *units: str) -> list[tuple[str, str]]:
    """Every case of a missing unit that there ever was, and how it stands."""
    mine = select(cases.c.unit, cases.c.state).where(cases.c.kind == MISSING.value).order_by(cases.c.id)
    rows = await site.centre.reader.run(lambda c: c.execute(mine).all())
    return [(row.unit, row.state) for row in rows if not units or row.unit in units]


async def part_came(site: "Site", bench: "Bench", *units: str, parcel: str = "P-1") -> None:
    """These and another were announced in a parcel that was signed for; the other was inspected."""
    await site.announce(OTHER, *units, parcel=parcel)
    await sign_off(site, parcel)
    await site.send(bench, bench.signed(OTHER))


async def state_of(site: "Site", unit: str = UNIT) -> str:
    return str((await site.http.get(f"/v1/returns/{unit}", headers=site.shop)).json()["state"])


async def test_what_did_not_come_in_time_lies_with_the_supervisor(site: "Site", bench: "Bench") -> None:
    await part_came(site, bench, UNIT)
    site.clock.forward(DUE_S)
    await look(site)
    case = await the_case(site, MISSING)
    assert (case.owner, case.merchant, case.person) == (Owner.SUPERVISOR.value, "m1", None)
    assert (case.about, case.amount_minor) == ("2026-05-04T14:00:00.000000Z", None)
    seen = await site.centre.reader.run(lambda c: of_parcel(c, "s1", UNIT))
    assert (seen.inspected, seen.announced) == (1, 2)


async def test_before_its_time_is_over_nothing_is_missing(site: "Site", bench: "Bench") -> None:
    await part_came(site, bench, UNIT)
    site.clock.forward(DUE_S - 1)
    await look(site)
    assert await all_cases(site) == []


async def test_a_parcel_that_nobody_signed_for_misses_nothing(site: "Site", bench: "Bench") -> None:
    await site.announce(UNIT, OTHER, parcel="P-1", deadline="2026-05-04T12:30:00.000000Z")
    await site.send(bench, bench.signed(OTHER))
    site.clock.forward(DUE_S)
    await look(site)
    assert await all_cases(site) == []
    await sign_off(site)
    await look(site)
    assert await all_cases(site) == [], "the parcel has come only now"
    site.clock.forward(DUE_S)
    await look(site)
    assert await all_cases(site) == [(UNIT, "open")]


async def test_a_parcel_of_which_nothing_was_inspected_is_late_as_a_whole(site: "Site") -> None:
    await site.announce(UNIT, OTHER, parcel="P-1")
    await sign_off(site)
    site.clock.forward(DUE_S)
    await look(site)
    assert await all_cases(site) == []


async def test_a_unit_without_a_parcel_misses_none(site: "Site", bench: "Bench") -> None:
    await site.announce(UNIT, deadline="2026-05-04T12:30:00.000000Z")
    await part_came(site, bench)
    site.clock.forward(DUE_S)
    await look(site)
    assert await all_cases(site) == []


async def test_another_parcel_or_another_shops_of_that_name_says_nothing(
    site: "Site", bench: "Bench"
) -> None:
    await site.announce("R2/1/1", parcel="P-2")
    await sign_off(site, "P-2")
    await part_came(site, bench)
    await site.http.post("/v1/merchants", json={"id": "m2", "name": "Red Shop"}, headers=site.console)
    mine, site.shop = site.shop, await named(site, Caller(scope=Scope.SHOP, merchant="m2"), "Red")
    product = product_object(merchant="m2")
    await site.http.put("/v1/catalogue/products", json={"products": [product]}, headers=site.shop)
    unit = unit_object("X1/1/1", merchant="m2", parcel="P-1")
    answer = await site.http.post("/v1/returns", json={"units": [unit]}, headers=site.shop)
    assert answer.status_code == 200, answer.text
    await sign_off(site)
    site.shop = mine
    site.clock.forward(DUE_S)
    await look(site)
    assert await all_cases(site) == []


async def test_a_shop_sees_its_own_missing_units_and_leaves_none(site: "Site", bench: "Bench") -> None:
    await not_in_the_parcel(site, bench)
    case = await the_case(site, MISSING)
    foreign = await named(site, Caller(scope=Scope.SHOP, merchant="m2"), "Red")
    seen = [
        (await site.http.get("/v1/refunds/cases?kind=missing_unit", headers=key)).json()["cases"]
        for key in (site.shop, foreign)
    ]
    assert [len(each) for each in seen] == [1, 0]
    assert (await site.http.get(f"/v1/refunds/cases/{case.id}", headers=foreign)).status_code == 404
    answer = await leave(site, case.id, await named(site, Caller(scope=Scope.SHOP, merchant="m1"), "Zhao"),
                         WayOut.WITHDRAW)  # fmt: skip
    assert answer.json()["code"] == "wrong_scope"


async def test_repeated_looks_restarts_and_two_centres_open_one_case(site: "Site", bench: "Bench") -> None:
    await part_came(site, bench, UNIT, "R1/1/3")
    site.clock.forward(DUE_S)
    first, second = MissingUnits(site.centre), MissingUnits(site.centre)
    await asyncio.gather(first.look(), second.look(), first.look())
    await look(site)
    assert await all_cases(site) == [(UNIT, "open"), ("R1/1/3", "open")]


async def test_a_centre_that_is_killed_between_two_parts_opens_the_rest_at_its_next_start(
    site: "Site", bench: "Bench", monkeypatch: pytest.MonkeyPatch
) -> None:
    units = [f"R1/1/{n}" for n in range(3, 8)]
    await part_came(site, bench, *units)
    site.clock.forward(DUE_S)
    monkeypatch.setattr(missing, "MOST_TOGETHER", 2)
    written = 0

    def killed(*said: Any) -> int:
        nonlocal written
        written += 1
        if written == 4:
            raise RuntimeError("killed")
        return raise_case(*said)

    with monkeypatch.context() as patch:
        patch.setattr(case_rows, "raise_case", killed)
        with pytest.raises(RuntimeError):
            await look(site)
    assert len(await all_cases(site)) == 2, "the part that was under way is not there by half"
    await look(site)
    assert await all_cases(site) == [(unit, "open") for unit in units]


async def test_what_is_inspected_after_all_closes_its_case_by_itself(site: "Site", bench: "Bench") -> None:
    await not_in_the_parcel(site, bench)
    await site.send(bench, bench.signed(UNIT, (b"an image that comes late",)))
    assert await all_cases(site) == [(UNIT, "open")], "nothing was told yet"
    await look(site)
    assert await all_cases(site) == [(UNIT, "overtaken")]
    await look(site)
    assert await all_cases(site) == [(UNIT, "overtaken")]


async def test_its_instruction_closes_the_case_at_once(site: "Site", bench: "Bench") -> None:
    await not_in_the_parcel(site, bench)
    await site.send(bench, bench.signed(UNIT))
    assert await all_cases(site) == [(UNIT, "overtaken")]


async def test_more_units_than_announced_are_a_case_of_their_own(site: "Site", bench: "Bench") -> None:
    await not_in_the_parcel(site, bench)
    await site.send(bench, bench.signed(UNIT, verdict={"exception": "over_quantity", "disposition": "hold"}))
    assert await all_cases(site) == [(UNIT, "overtaken")]
    assert (await the_case(site, CaseKind.PARTIAL_QUANTITY)).about == f"{UNIT}#1"


async def test_a_unit_that_was_inspected_before_is_not_missing_when_it_is_to_come_again(
    site: "Site", bench: "Bench"
) -> None:
    await part_came(site, bench, UNIT)
    await site.send(bench, bench.signed(UNIT))
    await site.announce(UNIT, parcel="P-1", inspection=2, purpose="appeal")
    site.clock.forward(DUE_S)
    await look(site)
    assert await all_cases(site) == []


async def test_a_withdrawn_unit_is_not_missing(site: "Site", bench: "Bench") -> None:
    await part_came(site, bench, UNIT, "R1/1/3")
    await site.http.post(f"/v1/returns/{UNIT}/cancel", headers=site.shop)
    site.clock.forward(DUE_S)
    await look(site)
    assert await all_cases(site) == [("R1/1/3", "open")]
    await site.http.post("/v1/returns/R1/1/3/cancel", headers=site.shop)
    await look(site)
    assert await all_cases(site) == [("R1/1/3", "overtaken")]


async def test_a_unit_whose_customer_was_erased_is_not_missing_and_its_case_names_no_parcel(
    site: "Site", bench: "Bench"
) -> None:
    await site.announce("R9/1/1", parcel="P-1", customer="C-9")
    await not_in_the_parcel(site, bench)
    assert await all_cases(site) == [(UNIT, "open"), ("R9/1/1", "open")]
    who = {"merchant": "m1", "customer": "C-9", "reason": "asked"}
    answer = await site.http.post("/v1/subjects/erasures", json=who, headers=site.console)
    assert answer.status_code in (200, 201), answer.text
    await look(site)
    assert await all_cases(site) == [(UNIT, "open"), ("R9/1/1", "overtaken")]
    rows = await site.centre.reader.run(lambda c: c.execute(select(cases)).all())
    assert "P-1" not in str(rows)


async def test_a_parcel_that_comes_later_is_another_matter(site: "Site", bench: "Bench") -> None:
    await not_in_the_parcel(site, bench)
    case = await the_case(site, MISSING)
    assert (await leave(site, case.id, await person(site), WayOut.ACCEPT)).status_code == 200
    await site.announce("R2/1/1", UNIT, parcel="P-2")
    await look(site)
    assert await all_cases(site) == [(UNIT, "resolved")]
    await sign_off(site, "P-2")
    await site.send(bench, bench.signed("R2/1/1"))
    site.clock.forward(DUE_S)
    await look(site)
    assert await all_cases(site) == [(UNIT, "resolved"), (UNIT, "open")]


async def test_a_unit_that_is_announced_to_come_later_closes_its_case(site: "Site", bench: "Bench") -> None:
    await not_in_the_parcel(site, bench)
    await site.announce(UNIT, parcel="P-2")
    await look(site)
    assert await all_cases(site) == [(UNIT, "overtaken")]


async def test_what_a_person_left_as_it_is_is_not_asked_again(site: "Site", bench: "Bench") -> None:
    """Also not where a carrier tells of the sign-off only afterwards, which moves the deadline."""
    await site.announce(UNIT, OTHER, parcel="P-1")
    await sign_off_assumed(site)
    await site.send(bench, bench.signed(OTHER))
    site.clock.forward(DUE_S)
    await look(site)
    case = await the_case(site, MISSING)
    await leave(site, case.id, await person(site), WayOut.ACCEPT, reason="comes with the next van")
    assert await state_of(site) == "expected"
    told = {"at": "2026-05-04T11:00:00.000000Z"}
    await site.http.post("/v1/parcels/P-1/sign-off", json=told, headers=site.shop)
    site.clock.forward(86_400)
    await look(site)
    assert await all_cases(site) == [(UNIT, "resolved")]
    (leaf,) = await entries(site, f"approval:case/{case.id}")
    assert (leaf["body"]["reason"], leaf["body"]["by"]) == ("comes with the next van", ["Li Wei"])


async def sign_off_assumed(site: "Site") -> None:
    scan = {"at": site.centre.now()}
    answer = await site.http.post("/v1/parcels/P-1/dock-scan", json=scan, headers=site.shop)
    assert answer.status_code == 200, answer.text


async def test_who_withdraws_it_ends_the_waiting_and_the_shop_may_announce_it_anew(
    site: "Site", bench: "Bench"
) -> None:
    await not_in_the_parcel(site, bench)
    case = await the_case(site, MISSING)
    assert (await leave(site, case.id, await person(site), WayOut.WITHDRAW)).json()["instruction"] is None
    assert await state_of(site) == "cancelled"
    assert await owed(site, UNIT) == [], "nothing is owed or denied by that"
    await look(site)
    assert await all_cases(site) == [(UNIT, "resolved")]
    await site.announce(UNIT, parcel="P-1")
    await look(site)
    assert await all_cases(site) == [(UNIT, "resolved"), (UNIT, "open")], "it is waited for once more"


async def owed(site: "Site", unit: str) -> list[Any]:
    mine = select(refund_rows).where(refund_rows.c.unit == unit)
    return list(await site.centre.reader.run(lambda c: c.execute(mine).all()))


@pytest.mark.parametrize("meanwhile", ["inspected", "withdrawn", "announced anew"])
async def test_what_is_not_missing_any_more_is_not_withdrawn(
    site: "Site", bench: "Bench", meanwhile: str
) -> None:
    await not_in_the_parcel(site, bench)
    case = await the_case(site, MISSING)
    if meanwhile == "inspected":
        await site.send(bench, bench.signed(UNIT, (b"an image that comes late",)))
    elif meanwhile == "withdrawn":
        await site.http.post(f"/v1/returns/{UNIT}/cancel", headers=site.shop)
    else:
        await site.announce(UNIT, parcel="P-2")
    before = await state_of(site)
    answer = await leave(site, case.id, await person(site), WayOut.WITHDRAW)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert await state_of(site) == before
    assert await entries(site, "approval:case") == []


async def test_nothing_is_decided_without_evidence(site: "Site", bench: "Bench") -> None:
    await not_in_the_parcel(site, bench)
    case = await the_case(site, MISSING)
    for way in set(WayOut) - {WayOut.WITHDRAW, WayOut.ACCEPT}:
        assert (await leave(site, case.id, await person(site), way)).json()["code"] == "no_such_way_out"
    assert await owed(site, UNIT) == []


def stand(connection: Connection, state: LogState) -> None:
    set_state(connection, "s1", state, "a test", "2026-05-04T12:00:00.000000Z")


async def test_a_ledger_that_is_being_recovered_opens_none(site: "Site", bench: "Bench") -> None:
    await part_came(site, bench, UNIT)
    site.clock.forward(DUE_S)
    for state in (LogState.RECOVERING, LogState.OPEN):
        await site.centre.writer.submit(partial(stand, state=state))
        await look(site)
        assert len(await all_cases(site)) == (state is LogState.OPEN)


async def test_a_look_sees_one_page_and_the_next_one_goes_on(
    site: "Site", bench: "Bench", monkeypatch: pytest.MonkeyPatch
) -> None:
    units = [f"R1/1/{n}" for n in range(3, 8)]
    await part_came(site, bench, *units)
    site.clock.forward(DUE_S)
    monkeypatch.setattr(missing, "MOST_SEEN", 2)
    looks, found = MissingUnits(site.centre), []
    for _ in range(4):
        await looks.look()
        found.append(len(await all_cases(site)))
    assert found == [2, 4, 5, 5]
    for unit in units:
        await site.http.post(f"/v1/returns/{unit}/cancel", headers=site.shop)
    closed = []
    for _ in range(6):
        await looks.look()
        closed.append([state for _, state in await all_cases(site)].count("overtaken"))
    assert closed[-1] == 5
    assert all(later - earlier <= 2 for earlier, later in pairwise(closed))


def test_every_statement_goes_by_an_index(connection: Any) -> None:
    terms = Terms(site="s1", now="2026-05-04T14:00:00.000000Z", signed_before="2026-05-04T12:00:00.000000Z")
    with statements(connection) as said:
        for _ in range(2):
            missing.missing_page(connection, terms, FIRST_LATE)
            missing.missing_among(connection, terms, [UNIT])
            missing.over_page(connection, terms, FIRST_OPEN)
            missing.is_waited_for(connection, "s1", "m1", UNIT, terms.now)
            of_parcel(connection, "s1", UNIT)
            raise_case(connection, "s1", Raised(kind=MISSING, merchant="m1", unit=UNIT), terms.now)
    steps = plans(connection, [text for text in said if text.lstrip().startswith(("SELECT", "WITH"))])
    assert not [step for step in steps if step.startswith("SCAN") and step.split()[1] in ALIASES]
    assert not [step for step in steps if "(site=? AND merchant=?)" in step], "all of a merchant are too many"
