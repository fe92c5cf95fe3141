"""What refund systems report back: believed only signed, recorded once, compared with what was owed."""

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.leaf import EntryType
from inspection.custody.receipt import check_receipt
from inspection.custody.signing import public_bytes
from inspection.messages.refund import OutcomeAnswer, OutcomeStatus, RefundOutcome
from inspection.messages.webhook import sign_webhook
from inspection.messages.webhook_keys import HmacKey, SigningKey
from inspection.refund_state import RefundEvent
from server.inbound.matching import match
from server.refunds import cases, standing
from server.refunds.releasing import Release
from server.refunds.service import MOST_OUTCOMES, take_outcome

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

KEY = Ed25519PrivateKey.generate()


async def prepare(site: "Site", bench: "Bench", **changes: Any) -> None:
    body = {
        "url": "http://127.0.0.1:9/hook",
        "outcome_public_key": base64.b64encode(public_bytes(KEY)).decode(),
    }
    answer = await site.http.put("/v1/refunds/endpoint", json=body, headers=site.shop)
    assert answer.status_code == 200, answer.text
    await site.announce("R1/1/1", **changes)
    await site.send(bench, bench.signed("R1/1/1"))
    await let_go(site)


async def let_go(site: "Site") -> None:
    """A checkpoint covers all that was instructed."""
    await site.centre.checkpoints.now()
    await Release(site.centre).now()


def outcome(site: "Site", **changes: Any) -> RefundOutcome:
    value = {
        "v": 1,
        "id": "re_1",
        "merchant": "m1",
        "instruction": "R1/1/1#1",
        "unit": "R1/1/1",
        "status": OutcomeStatus.SETTLED,
        "refunded_total_minor": 4000,
        "currency": "CNY",
        "happened_at": site.clock.moment,
    }
    return RefundOutcome.model_validate(value | changes)


async def report(
    site: "Site", body: bytes, key: Ed25519PrivateKey = KEY, age_s: int = 0, signature: str = ""
) -> httpx.Response:
    at_s = int(site.clock.moment.timestamp()) - age_s
    signed = sign_webhook((SigningKey(key),), "msg_1", at_s, body)
    signed |= {"webhook-signature": signature} if signature else {}
    return await site.http.post("/v1/refunds/outcomes", content=body, headers={**site.shop, **signed})


async def test_a_settled_refund_is_a_leaf(site: "Site", bench: "Bench") -> None:
    await prepare(site, bench)
    answer = await report(site, outcome(site).to_json())
    read = OutcomeAnswer.read(answer.content)
    leaf = check_receipt(read.receipt.receipt(), site.centre.keys.log_public, site.centre.log.origin)
    assert (leaf.type, leaf.id, read.matches) == (EntryType.REFUND_OUTCOME, "outcome:m1:re_1", True)
    page = (await site.http.get("/v1/refunds", headers=site.shop)).json()
    assert page["instructions"][0]["outcome"] == {
        "status": "settled",
        "refunded_total_minor": 4000,
        "matches": True,
    }


@pytest.mark.parametrize("changes", [{"refunded_total_minor": 5000}, {"currency": "EUR"}])
async def test_another_amount_is_an_exception(site: "Site", bench: "Bench", changes: dict[str, Any]) -> None:
    await prepare(site, bench)
    answer = await report(site, outcome(site, **changes).to_json())
    assert answer.json()["matches"] is False
    assert site.counted("regrade_refund_mismatches_total") == 1


async def test_the_same_outcome_again_is_the_same_leaf(site: "Site", bench: "Bench") -> None:
    await prepare(site, bench)
    first = await report(site, outcome(site).to_json())
    site.clock.forward(60)
    body = outcome(site, happened_at=site.clock.moment - timedelta(seconds=60)).to_json()
    assert (await report(site, body)).content == first.content
    assert site.counted("regrade_refund_outcomes_total", status="settled") == 1


async def test_other_content_under_the_same_id_is_a_conflict(site: "Site", bench: "Bench") -> None:
    await prepare(site, bench)
    await report(site, outcome(site).to_json())
    answer = await report(site, outcome(site, refunded_total_minor=1).to_json())
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_an_instruction_has_no_more_outcomes_than_its_ledger_can_bear(
    site: "Site", bench: "Bench"
) -> None:
    await prepare(site, bench)
    log, now = site.centre.log, site.centre.now()
    many = [outcome(site, id=f"re_{number}") for number in range(MOST_OUTCOMES)]
    await site.centre.writer.submit(lambda c: [take_outcome(c, log, each, now) for each in many])
    size = (await site.centre.reader.run(log.head)).size
    answer = await report(site, outcome(site, id="one_more").to_json())
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_outcomes")
    assert (await report(site, many[0].to_json())).status_code == 200
    assert (await site.centre.reader.run(log.head)).size == size


@pytest.mark.parametrize("changes", [{"instruction": "R9/1/1#1"}, {"unit": "R2/1/1"}])
async def test_an_outcome_of_nothing_is_not_found(
    site: "Site", bench: "Bench", changes: dict[str, Any]
) -> None:
    await prepare(site, bench)
    assert (await report(site, outcome(site, **changes).to_json())).status_code == 404


async def test_what_is_not_signed_is_not_even_read(site: "Site", bench: "Bench") -> None:
    await prepare(site, bench)
    body = outcome(site).to_json()
    other = Ed25519PrivateKey.generate()
    for answer, code in (
        (await report(site, body, other), "bad_signature"),
        (await report(site, b"{", other), "bad_signature"),
        (await report(site, body, age_s=301), "webhook_stale"),
        (await report(site, body, age_s=-301), "webhook_early"),
        (await report(site, body, signature="v1a,AAAA"), "bad_signature"),
        (await report(site, body, signature="v1a,AAAA " * 9), "bad_webhook_header"),
        (
            await site.http.post("/v1/refunds/outcomes", content=body, headers=site.shop),
            "bad_webhook_header",
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert (await report(site, b"{")).json()["code"] == "bad_message"


async def test_another_merchants_outcome_is_refused(site: "Site", bench: "Bench") -> None:
    await prepare(site, bench)
    answer = await report(site, outcome(site, merchant="m2").to_json())
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_scope")


async def test_without_an_endpoint_nobody_is_believed(site: "Site") -> None:
    answer = await report(site, outcome(site).to_json())
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_an_outcome_of_what_was_not_told_yet_is_refused(site: "Site", bench: "Bench") -> None:
    await prepare(site, bench)
    await site.announce("R2/1/1")
    await site.send(bench, bench.signed("R2/1/1"))
    early = outcome(site, instruction="R2/1/1#1", unit="R2/1/1")
    answer = await report(site, early.to_json())
    assert (answer.status_code, answer.json()["code"]) == (409, "not_told")
    await let_go(site)
    assert (await report(site, early.to_json())).status_code == 200


async def test_a_refund_without_a_return_is_a_case_and_no_entry(site: "Site", bench: "Bench") -> None:
    await prepare(site, bench)
    size = (await site.http.get("/v1/log")).json()["size"]
    by_hand = outcome(site, instruction=None, unit="R9/1/1", id="re_9")
    first = await report(site, by_hand.to_json())
    again = await report(site, by_hand.to_json())
    assert (first.status_code, first.json()) == (202, again.json())
    assert (await site.http.get("/v1/log")).json()["size"] == size
    found = await site.centre.reader.run(lambda c: cases.open_of(c, "s1", ["R9/1/1"]))
    assert [(case.kind.value, case.amount_minor) for case in found["R9/1/1"]] == [
        ("refund_without_return", 4000)
    ]


async def test_when_its_parcel_comes_late_its_refund_is_held(site: "Site", bench: "Bench") -> None:
    await prepare(site, bench)
    await report(site, outcome(site, instruction=None, unit="R9/1/1", id="re_9").to_json())
    await site.announce("R9/1/1")
    await site.send(bench, bench.signed("R9/1/1"))
    page = (await site.http.get("/v1/refunds", headers=site.shop)).json()
    told = page["instructions"][-1]["instruction"]
    assert (told["unit"], told["kind"], told["target_total_minor"]) == ("R9/1/1", "hold", 0)


async def test_by_webhook_an_outcome_of_an_unknown_instruction_waits_for_it(
    site: "Site", bench: "Bench"
) -> None:
    await prepare(site, bench)
    secret = HmacKey(bytes(range(32)))
    body = {"key": secret.to_text()}
    answer = await site.http.put("/v1/hooks/refund.outcome", json=body, headers=site.shop)
    assert answer.status_code == 200, answer.text
    later = outcome(site, instruction="R2/1/1#1", unit="R2/1/1").to_json()
    signed = sign_webhook((secret,), "msg_7", int(site.clock.moment.timestamp()), later)
    waits = await site.http.post("/v1/hooks/m1/refund.outcome", content=later, headers=signed)
    assert (waits.status_code, waits.json()["state"]) == (202, "waiting"), waits.text
    await site.announce("R2/1/1")
    await site.send(bench, bench.signed("R2/1/1"))
    await let_go(site)
    await match(site.centre)
    page = (await site.http.get("/v1/refunds", headers=site.shop)).json()
    assert page["instructions"][1]["outcome"]["status"] == "settled"


async def test_word_that_comes_late_does_not_undo_what_happened_after_it(
    site: "Site", bench: "Bench"
) -> None:
    """Webhooks overtake each other: the first payment's word comes behind that of its failure."""
    await prepare(site, bench)
    settled = outcome(site)
    failed = {"id": "re_2", "status": OutcomeStatus.FAILED, "refunded_total_minor": 0}
    after = outcome(site, **failed, happened_at=site.clock.moment + timedelta(seconds=2))
    for said in (after, settled):
        assert (await report(site, said.to_json())).status_code == 200
    row = await site.centre.reader.run(lambda c: standing.find(c, "s1", "R1/1/1"))
    assert row is not None
    assert (row.state.value, row.paid_minor, row.reason) == ("held", 0, "late_failure")


async def test_an_older_instructions_word_does_not_lower_what_is_known_to_be_paid(
    site: "Site", bench: "Bench"
) -> None:
    await prepare(site, bench)
    await site.announce("R1/1/1", inspection=2, purpose="appeal")
    better = {"grade": "new", "condition": "A"}
    await site.send(
        bench, bench.signed("R1/1/1", unit={"inspection": 2, "purpose": "appeal"}, verdict=better)
    )
    await let_go(site)
    whole = {"id": "re_2", "instruction": "R1/1/1#2", "refunded_total_minor": 5000}
    after = outcome(site, **whole, happened_at=site.clock.moment + timedelta(seconds=2))
    for said in (after, outcome(site)):
        assert (await report(site, said.to_json())).status_code == 200
    row = await site.centre.reader.run(lambda c: standing.find(c, "s1", "R1/1/1"))
    assert row is not None
    assert (row.state.value, row.paid_minor) == ("confirmed", 5000)


@pytest.mark.parametrize("heard", ["before the lower verdict", "after it"])
async def test_what_was_paid_before_a_lower_verdict_was_heard_of_is_a_case_whenever_it_is_told(
    site: "Site", bench: "Bench", heard: str
) -> None:
    await prepare(site, bench)
    first, second = outcome(site), site.clock.moment + timedelta(seconds=2)
    if heard == "before the lower verdict":
        assert (await report(site, first.to_json())).status_code == 200
    await site.announce("R1/1/1", inspection=2, purpose="appeal")
    worse = {"grade": "damaged", "condition": "D"}
    await site.send(bench, bench.signed("R1/1/1", unit={"inspection": 2, "purpose": "appeal"}, verdict=worse))
    await let_go(site)
    if heard == "after it":
        assert (await report(site, first.to_json())).status_code == 200
    held = {"id": "re_2", "instruction": "R1/1/1#2", "status": OutcomeStatus.HELD, "happened_at": second}
    assert (await report(site, outcome(site, **held).to_json())).status_code == 200
    found = await site.centre.reader.run(lambda c: cases.open_of(c, "s1", ["R1/1/1"]))
    kinds = [row.kind.value for row in found["R1/1/1"]]
    assert kinds == ["corrected_after_refund"]


@pytest.mark.parametrize("word", ["the newest's first", "the failure's first"])
async def test_an_older_payment_that_fails_leaves_the_newest_instruction_to_a_person(
    site: "Site", bench: "Bench", word: str
) -> None:
    """Both inspections owe the same: the second paid nothing, and the first payment failed after that."""
    await prepare(site, bench)
    assert (await report(site, outcome(site).to_json())).status_code == 200
    await site.announce("R1/1/1", inspection=2, purpose="appeal")
    await site.send(bench, bench.signed("R1/1/1", unit={"inspection": 2, "purpose": "appeal"}))
    await let_go(site)
    told = await site.centre.reader.run(lambda c: standing.find(c, "s1", "R1/1/1"))
    assert told is not None
    await site.centre.writer.submit(
        lambda c: standing.move(c, "s1", told, RefundEvent.SEND, site.centre.now())
    )
    second = {"id": "re_2", "instruction": "R1/1/1#2"}
    settled = outcome(site, **second, happened_at=site.clock.moment + timedelta(seconds=1))
    failed = {"id": "re_3", "status": OutcomeStatus.FAILED, "refunded_total_minor": 0}
    after = outcome(site, **failed, happened_at=site.clock.moment + timedelta(seconds=2))
    for said in (settled, after) if word == "the newest's first" else (after, settled):
        assert (await report(site, said.to_json())).status_code == 200
    row = await site.centre.reader.run(lambda c: standing.find(c, "s1", "R1/1/1"))
    assert row is not None
    assert (row.state.value, row.paid_minor, row.reason) == ("held", 0, "late_failure")
