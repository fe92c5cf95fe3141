"""Every kind of case is raised by something, and left by each of its ways out: once, by name, in the log."""

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.sealing import commit
from inspection.custody.signing import public_bytes
from inspection.messages.refund import InstructionEvent
from inspection.messages.uplink import Opening, ReceiptMessage
from inspection.messages.webhook import sign_webhook
from inspection.messages.webhook_keys import SigningKey, VerifyingKey
from inspection.refund_exceptions import CASES, CaseKind, Owner, WayOut
from inspection.refund_state import RefundState
from kit.receiver import Trust, check_event, signed_body
from server.access import Caller, Scope, new_key
from server.db.refund_tables import found_money
from server.ledger.log import Place
from server.ledger.receipts import receipt_of
from server.refunds import payouts, repository, standing
from tests.server.conftest import SALT
from tests.server.refunds.raising import RAISES, UNIT, inspect, listen, report, the_case

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

WAYS = [(kind, way) for kind, rule in CASES.items() for way in rule.ways_out]


async def person(site: "Site", name: str = "Li Wei") -> dict[str, str]:
    return await named(site, Caller(scope=Scope.CONSOLE), name)


async def named(site: "Site", caller: Caller, name: str) -> dict[str, str]:
    centre = site.centre
    key = await centre.writer.submit(lambda c: new_key(c, centre.site, caller, name, centre.now()))
    return {"authorization": f"Bearer {key}"}


async def leave(site: "Site", case: int, key: dict[str, str], way: WayOut, **more: Any) -> httpx.Response:
    body = {"way_out": way.value, "reason": "looked at it"} | more
    return await site.http.post(f"/v1/refunds/cases/{case}/leave", json=body, headers=key)


async def refund(site: "Site") -> standing.RefundRow:
    row = await site.centre.reader.run(lambda c: standing.find(c, site.centre.site, UNIT))
    assert row is not None
    return row


async def entries(site: "Site", prefix: str) -> list[dict[str, Any]]:
    def read(c: Any) -> list[dict[str, Any]]:
        log = site.centre.log
        leaves = [orjson.loads(log.at(c, seq) or b"{}") for seq in range(log.head(c).size)]
        return [leaf for leaf in leaves if leaf["id"].startswith(prefix)]

    return await site.centre.reader.run(read)


def test_every_kind_of_case_is_raised_here() -> None:
    assert set(RAISES) == set(CaseKind)


@pytest.mark.parametrize(("kind", "way"), WAYS)
async def test_each_way_out_is_taken_once_by_name(
    site: "Site", bench: "Bench", kind: CaseKind, way: WayOut
) -> None:
    await RAISES[kind](site, bench)
    case, key = await the_case(site, kind), await person(site)
    assert case.owner == CASES[kind].owner.value
    answer = await leave(site, case.id, key, way)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    again = way is WayOut.INSPECT_AGAIN
    assert said["case"]["state"] == ("taken" if again else "resolved")
    assert (said["case"]["person"], said["case"]["way_out"]) == ("Li Wei", way.value)
    (leaf,) = await entries(site, f"approval:case/{case.id}/{way.value}/")
    assert (leaf["body"]["kind"], leaf["body"]["by"], leaf["body"]["subject"]) == ("refund", ["Li Wei"], UNIT)
    assert said["case"]["leaf_seq"] == leaf["seq"]
    size = (await site.centre.reader.run(site.centre.log.head)).size
    assert (await leave(site, case.id, key, way)).json() == said
    assert (await site.centre.reader.run(site.centre.log.head)).size == size
    assert (await leave(site, case.id, key, way, reason="another")).status_code == 409
    for other in set(CASES[kind].ways_out) - {way}:
        answer = await leave(site, case.id, await person(site, "Wang Fang"), other)
        assert answer.json()["code"] == "conflict"


@pytest.mark.parametrize(("kind", "way"), [pair for pair in WAYS if pair[1] is WayOut.DECIDE_TOTAL])
async def test_a_decided_total_is_told_and_believed(
    site: "Site", bench: "Bench", kind: CaseKind, way: WayOut
) -> None:
    await RAISES[kind](site, bench)
    case = await the_case(site, kind)
    less = [{"code": "cleaning"}, {"code": "other", "amount_minor": 700}]
    said = (await leave(site, case.id, await person(site), way, deductions=less)).json()
    row = await refund(site)
    assert (row.instruction, row.target_total_minor, row.kind) == (said["instruction"], 3800, "partial")
    told = await site.centre.reader.run(
        lambda c: repository.find_instruction(c, site.centre.site, row.instruction)
    )
    assert told is not None
    assert (told.rule, [each.amount_minor for each in told.deductions]) == ("refund.person", [500, 700])
    event = await event_of(site, row.instruction)
    assert event.instruction == told
    if row.state is RefundState.APPROVED:
        assert row.approved_by == "Li Wei"


async def event_of(site: "Site", instruction: str) -> InstructionEvent:
    """The webhook as the refund system gets it, checked as it checks it."""

    def read(c: Any) -> InstructionEvent:
        log = site.centre.log
        told = repository.find_instruction(c, log.site, instruction)
        assert told is not None
        verdict = next(
            seq
            for seq in reversed(range(log.head(c).size))
            if orjson.loads(log.at(c, seq) or b"{}")["type"] == "verdict"
        )
        receipt = receipt_of(
            site.centre.keys.log, log.origin, Place(seq=verdict, leaf=log.at(c, verdict) or b"")
        )
        return InstructionEvent(
            timestamp=told.issued_at, instruction=told, verdict=ReceiptMessage.of(receipt)
        )

    event, hook = await site.centre.reader.run(read), Ed25519PrivateKey.generate()
    now = int(event.timestamp.timestamp())
    body = event.to_json()
    headers = sign_webhook((SigningKey(hook),), instruction, now, body)
    trust = Trust(
        webhook_keys=(VerifyingKey(public_bytes(hook)),),
        log_key=site.centre.keys.log_public,
        origin=site.centre.log.origin,
        merchant="m1",
    )
    return check_event(signed_body(headers, body), trust, now)


@pytest.mark.parametrize(
    ("less", "status", "code"),
    [
        ([{"code": "other", "amount_minor": 5001}], 422, "bad_message"),
        ([{"code": "other"}], 422, "bad_message"),
        ([{"code": "grade_damaged"}, {"code": "grade_damaged"}], 422, "bad_message"),
        ([{"code": "because"}], 422, "bad_message"),
        ([{"code": "other", "amount_minor": 0}], 422, "bad_message"),
        ([{"code": "other", "amount_minor": 1.5}], 422, "bad_message"),
    ],
)
async def test_deductions_that_make_no_total_are_refused_and_nothing_is_done(
    site: "Site", bench: "Bench", less: list[dict[str, Any]], status: int, code: str
) -> None:
    await RAISES[CaseKind.WRONG_ITEM](site, bench)
    case, before = await the_case(site, CaseKind.WRONG_ITEM), await refund(site)
    answer = await leave(site, case.id, await person(site), WayOut.DECIDE_TOTAL, deductions=less)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await refund(site) == before
    assert (await the_case(site, CaseKind.WRONG_ITEM)) == case
    assert await entries(site, "approval:") == []


@pytest.mark.parametrize(("less", "total", "kind"), [([], 5000, "approve"), ([5000], 0, "deny_proposed")])
async def test_all_or_nothing_can_be_decided(
    site: "Site", bench: "Bench", less: list[int], total: int, kind: str
) -> None:
    await RAISES[CaseKind.EMPTY_BOX](site, bench)
    case = await the_case(site, CaseKind.EMPTY_BOX)
    deductions = [{"code": "other", "amount_minor": amount} for amount in less]
    await leave(site, case.id, await person(site), WayOut.DECIDE_TOTAL, deductions=deductions)
    row = await refund(site)
    assert (row.target_total_minor, row.kind) == (total, kind)


async def test_nothing_is_decided_while_an_image_of_the_verdict_is_missing(
    site: "Site", bench: "Bench"
) -> None:
    await RAISES[CaseKind.WRONG_ITEM](site, bench)
    await site.announce(UNIT, inspection=2, purpose="appeal")
    late = bench.signed(UNIT, (b"not here yet",), unit={"inspection": 2, "purpose": "appeal"})
    await site.send(bench, late)
    case = await the_case(site, CaseKind.WRONG_ITEM)
    answer = await leave(site, case.id, await person(site), WayOut.DECIDE_TOTAL)
    assert (answer.status_code, answer.json()["code"]) == (409, "evidence_missing")


async def test_two_persons_at_once_leave_it_once(site: "Site", bench: "Bench") -> None:
    await RAISES[CaseKind.REJECTED](site, bench)
    case = await the_case(site, CaseKind.REJECTED)
    one, two = await person(site), await person(site, "Wang Fang")
    answers = await asyncio.gather(
        leave(site, case.id, one, WayOut.DECIDE_TOTAL), leave(site, case.id, two, WayOut.ACCEPT)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(await entries(site, "approval:case/")) == 1


async def test_a_case_that_somebody_works_on_is_taken_over_by_name_only(site: "Site", bench: "Bench") -> None:
    await RAISES[CaseKind.REJECTED](site, bench)
    case = await the_case(site, CaseKind.REJECTED)
    one, two = await person(site), await person(site, "Wang Fang")
    url = f"/v1/refunds/cases/{case.id}/take"
    taken = await site.http.post(url, json={}, headers=one)
    assert (taken.json()["state"], taken.json()["person"]) == ("taken", "Li Wei")
    assert (await site.http.post(url, json={}, headers=one)).json() == taken.json()
    assert (await site.http.post(url, json={}, headers=two)).status_code == 409
    assert (await leave(site, case.id, two, WayOut.ACCEPT)).status_code == 409
    over = await site.http.post(url, json={"instead_of": "Li Wei"}, headers=two)
    assert over.json()["person"] == "Wang Fang"
    assert (await leave(site, case.id, two, WayOut.ACCEPT)).status_code == 200
    assert (await site.http.post(url, json={}, headers=two)).status_code == 409


async def test_a_shop_leaves_what_lies_with_it_and_decides_nothing(site: "Site", bench: "Bench") -> None:
    await RAISES[CaseKind.AMOUNT_MISMATCH](site, bench)
    case = await the_case(site, CaseKind.AMOUNT_MISMATCH)
    shop = await named(site, Caller(scope=Scope.SHOP, merchant="m1"), "Blue Shop, Ms Zhao")
    other = await named(site, Caller(scope=Scope.SHOP, merchant="m2"), "Red Shop")
    assert (await leave(site, case.id, other, WayOut.ACCEPT)).status_code == 404
    assert (await leave(site, case.id, shop, WayOut.DECIDE_TOTAL)).json()["code"] == "wrong_scope"
    assert (await leave(site, case.id, shop, WayOut.ACCEPT)).status_code == 200
    assert (await site.http.get("/v1/refunds/cases?state=resolved", headers=other)).json()["cases"] == []
    (shown,) = (await site.http.get("/v1/refunds/cases?state=resolved", headers=shop)).json()["cases"]
    assert shown["person"] == "Blue Shop, Ms Zhao"


async def test_a_shop_leaves_nothing_of_another_owner(site: "Site", bench: "Bench") -> None:
    await RAISES[CaseKind.WRONG_ITEM](site, bench)
    case = await the_case(site, CaseKind.WRONG_ITEM)
    shop = await named(site, Caller(scope=Scope.SHOP, merchant="m1"), "Ms Zhao")
    for answer in (
        await leave(site, case.id, shop, WayOut.ACCEPT),
        await site.http.post(f"/v1/refunds/cases/{case.id}/take", json={}, headers=shop),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_scope")


async def test_a_key_without_a_name_leaves_nothing(site: "Site", bench: "Bench") -> None:
    await RAISES[CaseKind.WRONG_ITEM](site, bench)
    case = await the_case(site, CaseKind.WRONG_ITEM)
    answer = await leave(site, case.id, await person(site, " "), WayOut.ACCEPT)
    assert answer.json()["code"] == "wrong_scope"


async def test_a_way_that_the_kind_does_not_have_is_refused(site: "Site", bench: "Bench") -> None:
    await RAISES[CaseKind.WRONG_ITEM](site, bench)
    case, key = await the_case(site, CaseKind.WRONG_ITEM), await person(site)
    assert (await leave(site, case.id, key, WayOut.SEND_AGAIN)).json()["code"] == "no_such_way_out"
    less = [{"code": "other", "amount_minor": 1}]
    answer = await leave(site, case.id, key, WayOut.ACCEPT, deductions=less)
    assert answer.json()["code"] == "no_such_way_out"
    assert (await leave(site, 999, key, WayOut.ACCEPT)).json()["code"] == "not_found"


async def test_money_that_was_found_counts_and_the_rest_is_owed(site: "Site", bench: "Bench") -> None:
    await RAISES[CaseKind.REFUND_WITHOUT_RETURN](site, bench)
    assert (await refund(site)).kind == "hold"
    case = await the_case(site, CaseKind.REFUND_WITHOUT_RETURN)
    said = (await leave(site, case.id, await person(site), WayOut.COUNT_IT)).json()
    row = await refund(site)
    assert said["instruction"] == row.instruction == f"{UNIT}#2"
    assert (row.target_total_minor, row.paid_minor, row.state) == (4000, 1000, RefundState.APPROVED)
    known = await site.centre.reader.run(lambda c: payouts.known_minor(c, site.centre.site, row.payment))
    assert known == 1000


async def test_money_counted_before_the_unit_comes_is_known_when_it_does(
    site: "Site", bench: "Bench"
) -> None:
    await listen(site)
    await site.announce(UNIT)
    await report(site, instruction=None, refunded_total_minor=1000)
    case = await the_case(site, CaseKind.REFUND_WITHOUT_RETURN)
    assert (await leave(site, case.id, await person(site), WayOut.COUNT_IT)).status_code == 200
    await site.send(bench, bench.signed(UNIT))
    row = await refund(site)
    assert (row.kind, row.target_total_minor, row.paid_minor) == ("partial", 4000, 1000)


async def test_money_of_a_unit_that_nobody_knows_cannot_be_counted(site: "Site") -> None:
    await listen(site)
    await report(site, instruction=None, refunded_total_minor=1000)
    case = await the_case(site, CaseKind.REFUND_WITHOUT_RETURN)
    answer = await leave(site, case.id, await person(site), WayOut.COUNT_IT)
    assert answer.json()["code"] == "conflict"
    assert (await leave(site, case.id, await person(site), WayOut.NOT_THIS)).status_code == 200


async def test_money_that_is_another_matter_leaves_all_of_it_owed(site: "Site", bench: "Bench") -> None:
    await RAISES[CaseKind.REFUND_WITHOUT_RETURN](site, bench)
    case = await the_case(site, CaseKind.REFUND_WITHOUT_RETURN)
    await leave(site, case.id, await person(site), WayOut.NOT_THIS)
    row = await refund(site)
    assert (row.kind, row.target_total_minor, row.paid_minor) == ("partial", 4000, 0)
    (found,) = await site.centre.reader.run(lambda c: c.execute(found_money.select()).all())
    assert (found.unit, found.amount_minor, found.by) == (None, 1000, "Li Wei")


async def test_what_the_verdict_itself_holds_still_waits_for_a_person(site: "Site", bench: "Bench") -> None:
    await listen(site)
    await report(site, instruction=None, refunded_total_minor=1000)
    await inspect(site, bench, grade="ungraded", disposition="hold", condition=None)
    case = await the_case(site, CaseKind.REFUND_WITHOUT_RETURN)
    said = (await leave(site, case.id, await person(site), WayOut.NOT_THIS)).json()
    assert said["instruction"] is None
    assert (await the_case(site, CaseKind.NEEDS_PERSON)).about == f"{UNIT}#1"


async def test_an_approved_refund_goes_when_its_time_has_come(site: "Site", bench: "Bench") -> None:
    await RAISES[CaseKind.NEEDS_APPROVER](site, bench)
    case, before = await the_case(site, CaseKind.NEEDS_APPROVER), await refund(site)
    await leave(site, case.id, await person(site), WayOut.APPROVE)
    row = await refund(site)
    assert (before.state, row.state) == (RefundState.REQUESTED, RefundState.APPROVED)
    assert (row.approved_by, row.reason, row.due_at) == ("Li Wei", None, before.due_at)


async def test_who_confirmed_the_verdict_approves_nothing(site: "Site", bench: "Bench") -> None:
    await listen(site, "execute")
    await site.announce(UNIT)
    await site.send(bench, signed_by(bench, "Li Wei"))
    case = await the_case(site, CaseKind.NEEDS_APPROVER)
    answer = await leave(site, case.id, await person(site, "li  wei"), WayOut.APPROVE)
    assert (answer.status_code, answer.json()["code"]) == (403, "second_person_needed")
    assert (await leave(site, case.id, await person(site, "Wang Fang"), WayOut.APPROVE)).status_code == 200


def signed_by(bench: "Bench", inspector: str) -> Any:
    record = bench.record(UNIT, personal={"inspector": commit(SALT, inspector)})
    signed = bench.sign(record)
    opening = Opening(field="inspector", salt=SALT, value=inspector)
    return signed.model_copy(update={"openings": (*signed.openings, opening)})


async def test_what_is_sent_again_is_told_again(site: "Site", bench: "Bench") -> None:
    await RAISES[CaseKind.AMOUNT_MISMATCH](site, bench)
    assert (await refund(site)).state is RefundState.CONFIRMED
    case = await the_case(site, CaseKind.AMOUNT_MISMATCH)
    await leave(site, case.id, await person(site), WayOut.SEND_AGAIN)
    row = await refund(site)
    assert (row.state, row.paid_minor) == (RefundState.APPROVED, 3000)


async def test_a_shop_that_is_paid_here_asks_an_approver(site: "Site", bench: "Bench") -> None:
    await RAISES[CaseKind.AMOUNT_MISMATCH](site, bench)
    await listen(site, "execute")
    case = await the_case(site, CaseKind.AMOUNT_MISMATCH)
    shop = await named(site, Caller(scope=Scope.SHOP, merchant="m1"), "Ms Zhao")
    assert (await leave(site, case.id, shop, WayOut.SEND_AGAIN)).status_code == 200
    row = await refund(site)
    assert (row.state, row.reason, row.approved_by) == (RefundState.REQUESTED, "needs_approver", None)
    assert (await the_case(site, CaseKind.NEEDS_APPROVER)).owner == Owner.FINANCE.value


async def test_another_inspection_is_asked_for_and_its_verdict_overtakes_the_case(
    site: "Site", bench: "Bench"
) -> None:
    await RAISES[CaseKind.EMPTY_BOX](site, bench)
    case, key = await the_case(site, CaseKind.EMPTY_BOX), await person(site)
    said = (await leave(site, case.id, key, WayOut.INSPECT_AGAIN)).json()
    assert "inspection 2" in said["how"]
    await site.announce(UNIT, inspection=2, purpose="appeal")
    await site.send(bench, bench.signed(UNIT, unit={"inspection": 2, "purpose": "appeal"}))
    shown = (await site.http.get(f"/v1/refunds/cases/{case.id}", headers=key)).json()
    assert shown["state"] == "overtaken"
    assert (await leave(site, case.id, key, WayOut.ACCEPT)).status_code == 409


async def test_who_asked_for_an_inspection_may_decide_after_all(site: "Site", bench: "Bench") -> None:
    await RAISES[CaseKind.EMPTY_BOX](site, bench)
    case, key = await the_case(site, CaseKind.EMPTY_BOX), await person(site)
    await leave(site, case.id, key, WayOut.INSPECT_AGAIN)
    answer = await leave(site, case.id, key, WayOut.DECIDE_TOTAL)
    assert answer.json()["case"]["state"] == "resolved"
    assert [leaf["id"].rpartition("/")[0] for leaf in await entries(site, "approval:")] == [
        f"approval:case/{case.id}/inspect_again",
        f"approval:case/{case.id}/decide_total",
    ]


async def test_cases_are_paged_and_counted(site: "Site", bench: "Bench") -> None:
    await listen(site)
    for number in range(5):
        await inspect(site, bench, f"R{number}/1/1", exception="empty_box", disposition="hold")
    first = (await site.http.get("/v1/refunds/cases?limit=3", headers=site.console)).json()
    rest = await site.http.get(f"/v1/refunds/cases?after={first['cursor']}", headers=site.console)
    assert [len(first["cases"]), first["more"], len(rest.json()["cases"])] == [3, True, 2]
    counts = (await site.http.get("/v1/refunds/cases/counts", headers=site.console)).json()
    assert counts == {"counts": [{"owner": "supervisor", "kind": "empty_box", "count": 5}]}
    for query in ("owner=finance", "kind=rejected", "unit=R9/1/1", "state=resolved"):
        page = (await site.http.get(f"/v1/refunds/cases?{query}", headers=site.console)).json()
        assert page["cases"] == []


@pytest.mark.parametrize(
    ("way", "state", "paid"),
    [(WayOut.COUNT_IT, RefundState.RECONCILED, 5000), (WayOut.NOT_THIS, RefundState.APPROVED, 0)],
)
async def test_a_person_says_what_became_of_a_payout_that_nobody_can_look_up(
    site: "Site", bench: "Bench", way: WayOut, state: RefundState, paid: int
) -> None:
    await RAISES[CaseKind.UNKNOWN_OUTCOME](site, bench)
    case = await the_case(site, CaseKind.UNKNOWN_OUTCOME)
    assert (await leave(site, case.id, await person(site), way)).status_code == 200
    row = await refund(site)
    assert (row.state, row.paid_minor) == (state, paid)


@pytest.mark.parametrize(("way", "paid"), [(WayOut.COUNT_IT, 1000), (WayOut.NOT_THIS, 0)])
async def test_money_that_a_payment_shows_is_accounted_for_and_the_refund_goes_on(
    site: "Site", bench: "Bench", way: WayOut, paid: int
) -> None:
    await RAISES[CaseKind.ALREADY_REFUNDED](site, bench)
    case = await the_case(site, CaseKind.ALREADY_REFUNDED)
    assert (await leave(site, case.id, await person(site), way)).status_code == 200
    row = await refund(site)
    assert (row.state, row.paid_minor, row.approved_by, row.reason) == (
        RefundState.APPROVED,
        paid,
        "Li Wei",
        None,
    )
    known = await site.centre.reader.run(lambda c: payouts.known_minor(c, site.centre.site, row.payment))
    assert known == 1000
