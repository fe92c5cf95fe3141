"""Records coming in over HTTP: what is recorded, what is refused, and that both stay so."""

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType
from inspection.custody.receipt import check_receipt_for, check_refusal, submission_sha256
from inspection.custody.signing import Domain, sign
from inspection.errors import WrongReceipt
from inspection.messages.base import time_text
from inspection.messages.uplink import (
    BatchAnswer,
    ReceiptMessage,
    RefusalMessage,
    RefusalReason,
    SignedRecord,
)
from server.db.tables import refusals
from server.ingest.schemas import record_sha256

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

IMAGE = b"sealed image one"
OTHER = b"sealed image two"


def receipt_of(site: "Site", signed: SignedRecord, answer: object) -> ReceiptMessage:
    assert isinstance(answer, ReceiptMessage), answer
    keys = site.centre.keys
    leaf = check_receipt_for(answer.receipt(), keys.log_public, site.centre.log.origin, signed.record)
    assert leaf.type is EntryType.VERDICT
    return answer


def refusal_of(site: "Site", bench: "Bench", signed: SignedRecord, answer: object) -> RefusalMessage:
    assert isinstance(answer, RefusalMessage), answer
    sent = signed.submission_sha256(bench.enrolment.station)
    check_refusal(answer.refusal(), site.centre.keys.log_public, site.centre.log.origin, sent)
    assert answer.record_sha256 == record_sha256(signed.record)
    return answer


async def refused(site: "Site", bench: "Bench", signed: SignedRecord) -> RefusalReason:
    (answer,) = (await site.send(bench, signed)).results
    return refusal_of(site, bench, signed, answer).reason


async def test_a_good_record_gets_a_receipt_that_proves_it(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    signed = bench.signed("R1/1/1")
    (answer,) = (await site.send(bench, signed)).results
    assert receipt_of(site, signed, answer).evidence_pending == ()
    assert site.counted("regrade_recorded_total") == 1


async def test_a_batch_is_answered_in_its_order(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1", "R1/1/2")
    batch = [bench.signed("R1/1/1"), bench.signed("nobody/1/1"), bench.signed("R1/1/2")]
    answers = (await site.send(bench, *batch)).results
    receipt_of(site, batch[0], answers[0])
    assert refusal_of(site, bench, batch[1], answers[1]).reason is RefusalReason.UNKNOWN_UNIT
    receipt_of(site, batch[2], answers[2])


async def test_the_same_record_again_gets_the_same_receipt(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    signed = bench.signed("R1/1/1")
    first, again, twice = (
        await site.send(bench, signed),
        await site.send(bench, signed),
        await site.send(bench, signed, signed),
    )
    assert first == again
    assert twice.results == first.results * 2
    assert site.counted("regrade_recorded_total") == 1


async def test_a_record_sent_twice_in_one_batch_is_recorded_once(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    signed = bench.signed("R1/1/1")
    answers = (await site.send(bench, signed, signed)).results
    assert answers[0] == answers[1]
    receipt_of(site, signed, answers[0])


async def test_a_refusal_stays_even_when_its_cause_is_gone(site: "Site", bench: "Bench") -> None:
    signed = bench.signed("R1/1/1")
    first = await site.send(bench, signed)
    await site.announce("R1/1/1")
    site.clock.forward(60)
    assert await site.send(bench, signed, signed) == BatchAnswer(results=first.results * 2)
    assert site.counted("regrade_refused_total", reason="unknown_unit") == 1


async def test_a_forged_copy_never_stands_in_the_way_of_the_true_record(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    signed = bench.signed("R1/1/1")
    forged = signed.model_copy(update={"signature": bytes(64)})
    assert await refused(site, bench, forged) is RefusalReason.BAD_SIGNATURE
    receipt_of(site, signed, (await site.send(bench, signed)).results[0])


async def test_a_refusal_drawn_by_somebody_else_settles_nothing_for_the_true_sender(
    site: "Site", bench: "Bench"
) -> None:
    await site.announce("R1/1/1")
    other, signed = await site.enrol("st2"), bench.signed("R1/1/1", (IMAGE,))
    zeroed = signed.model_copy(update={"signature": bytes(64)})
    bare = signed.model_copy(update={"image_keys": ()})
    for sender, sent in ((other, zeroed), (other, signed), (bench, bare)):
        (answer,) = (await site.send(sender, sent)).results
        refusal_of(site, sender, sent, answer)
        with pytest.raises(WrongReceipt):
            refusal_of(site, bench, signed, answer)
    receipt_of(site, signed, (await site.send(bench, signed)).results[0])


async def test_what_the_centre_cannot_read_is_refused_under_the_name_its_sender_gives_it(
    site: "Site", bench: "Bench"
) -> None:
    sent = json.loads(bench.signed("R1/1/1").to_json()) | {"of_a_newer_program": 1}
    body = json.dumps({"records": [sent]})
    answer = await site.http.post("/v1/records", content=body, headers=bench.auth)
    (refusal,) = BatchAnswer.read(answer.content).results
    assert isinstance(refusal, RefusalMessage)
    assert refusal.submission_sha256 == submission_sha256("st1", canonical(sent))


async def test_an_unknown_key_is_refused(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    signed = bench.signed("R1/1/1").model_copy(update={"device_key": "9" * 32})
    assert await refused(site, bench, signed) is RefusalReason.UNKNOWN_KEY


async def test_a_key_that_another_station_signed_with_is_refused(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    other = replace(bench, key=Ed25519PrivateKey.generate())
    signed = bench.signed("R1/1/1")
    wrong = signed.model_copy(update={"signature": sign(other.key, Domain.RECORD, signed.record)})
    assert await refused(site, bench, wrong) is RefusalReason.BAD_SIGNATURE


async def test_a_station_speaks_for_itself_only(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    other = await site.enrol("st2")
    signed = bench.signed("R1/1/1")
    assert await refused(site, other, signed) is RefusalReason.OTHER_STATION
    receipt_of(site, signed, (await site.send(bench, signed)).results[0])


def resigned(bench: "Bench", value: dict[str, Any]) -> SignedRecord:
    content = canonical(value)
    good = bench.signed("R1/1/1")
    return good.model_copy(
        update={"record": content, "signature": sign(bench.key, Domain.RECORD, content), "openings": ()}
    )


async def test_a_version_from_the_future_asks_for_an_upgrade(site: "Site", bench: "Bench") -> None:
    value = json.loads(bench.record("R1/1/1").to_bytes()) | {"v": 9}
    assert await refused(site, bench, resigned(bench, value)) is RefusalReason.UPGRADE


@pytest.mark.parametrize(
    "changes", [{"merchant": 7}, {"extra": 1}, {"final_ppm": [1, 2, 3]}, {"unit": {"id": "R1"}}]
)
async def test_a_record_that_is_none_is_refused(
    site: "Site", bench: "Bench", changes: dict[str, Any]
) -> None:
    value = json.loads(bench.record("R1/1/1").to_bytes()) | changes
    assert await refused(site, bench, resigned(bench, value)) is RefusalReason.BAD_MESSAGE


async def test_json_that_is_not_canonical_is_refused(site: "Site", bench: "Bench") -> None:
    content = json.dumps(json.loads(bench.record("R1/1/1").to_bytes())).encode()
    signed = bench.signed("R1/1/1").model_copy(
        update={"record": content, "signature": sign(bench.key, Domain.RECORD, content)}
    )
    assert await refused(site, bench, signed) is RefusalReason.BAD_MESSAGE


async def test_an_opening_that_does_not_fit_is_refused(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    signed = bench.signed("R1/1/1")
    wrong = signed.openings[0].model_copy(update={"value": "O-2"})
    assert await refused(site, bench, signed.model_copy(update={"openings": (wrong,)})) is (
        RefusalReason.BAD_MESSAGE
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"origin": "elsewhere/site/s1"}, RefusalReason.OTHER_LOG),
        ({"station": "st9"}, RefusalReason.OTHER_STATION),
        ({"site": "s9"}, RefusalReason.OTHER_STATION),
        ({"merchant": "m9"}, RefusalReason.UNKNOWN_UNIT),
        ({"unit": {"sku": "CUP-1"}}, RefusalReason.OTHER_SKU),
        ({"unit": {"inspection": 7}}, RefusalReason.OTHER_INSPECTION),
    ],
)
async def test_a_record_that_does_not_belong_is_refused(
    site: "Site", bench: "Bench", changes: dict[str, Any], reason: RefusalReason
) -> None:
    await site.announce("R1/1/1")
    assert await refused(site, bench, bench.signed("R1/1/1", **changes)) is reason


async def test_a_clock_five_minutes_ahead_is_taken(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    signed = bench.signed("R1/1/1", clock={"device_time": "2026-05-04T12:05:00.000000Z"})
    receipt_of(site, signed, (await site.send(bench, signed)).results[0])


async def test_a_counter_stands_for_one_record(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1", "R1/1/2")
    await site.send(bench, bench.signed("R1/1/1"))
    bench.counter = 0
    assert await refused(site, bench, bench.signed("R1/1/2")) is RefusalReason.COUNTER_REUSED


async def test_a_counter_that_goes_backwards_is_a_clone(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1", "R1/1/2")
    bench.counter = 6
    await site.send(bench, bench.signed("R1/1/1"))
    bench.counter = 2
    assert await refused(site, bench, bench.signed("R1/1/2")) is RefusalReason.COUNTER_BACKWARDS


async def test_an_older_start_than_the_newest_is_a_clone(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1", "R1/1/2", "R1/1/3")
    await site.send(bench, bench.signed("R1/1/1"))
    bench.boot = "2" * 32
    await site.send(bench, bench.signed("R1/1/2"))
    bench.boot = "1" * 32
    assert await refused(site, bench, bench.signed("R1/1/3")) is RefusalReason.COUNTER_BACKWARDS


async def test_an_inspection_is_recorded_once(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    other = await site.enrol("st2")
    await site.send(bench, bench.signed("R1/1/1"))
    assert await refused(site, other, other.signed("R1/1/1")) is RefusalReason.DUPLICATE_INSPECTION


async def test_an_inspection_is_the_one_that_was_asked_for(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    await site.send(bench, bench.signed("R1/1/1"))
    second = {"inspection": 2, "purpose": "appeal"}
    early = bench.signed("R1/1/1", unit=second)
    assert await refused(site, bench, early) is RefusalReason.OTHER_INSPECTION
    await site.announce("R1/1/1", **second)
    assert await refused(site, bench, bench.signed("R1/1/1")) is RefusalReason.DUPLICATE_INSPECTION
    asked_for = bench.signed("R1/1/1", unit=second)
    receipt_of(site, asked_for, (await site.send(bench, asked_for)).results[0])


async def test_two_inspections_of_one_number_in_a_batch_are_told_apart(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    first, second = bench.signed("R1/1/1"), bench.signed("R1/1/1")
    answers = (await site.send(bench, first, second)).results
    receipt_of(site, first, answers[0])
    assert refusal_of(site, bench, second, answers[1]).reason is RefusalReason.DUPLICATE_INSPECTION


async def test_an_image_without_its_key_is_refused(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    signed = bench.signed("R1/1/1", (IMAGE, OTHER))
    short = signed.model_copy(update={"image_keys": signed.image_keys[:1]})
    assert await refused(site, bench, short) is RefusalReason.IMAGE_KEYS_MISSING


async def test_images_that_have_not_come_are_pending(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    await site.upload(bench, IMAGE)
    signed = bench.signed("R1/1/1", (IMAGE, OTHER))
    missing = signed.image_keys[0].ciphertext_sha256, signed.image_keys[1].ciphertext_sha256
    (answer,) = (await site.send(bench, signed)).results
    assert len(receipt_of(site, signed, answer).evidence_pending) == 1
    await site.upload(bench, OTHER)
    (again,) = (await site.send(bench, signed)).results
    assert receipt_of(site, signed, again).evidence_pending == ()
    assert set(missing) >= set(answer.evidence_pending if isinstance(answer, ReceiptMessage) else ())


async def test_a_revoked_key_is_refused_but_what_it_recorded_stays(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1", "R1/1/2")
    signed = bench.signed("R1/1/1")
    first = await site.send(bench, signed)
    answer = await site.http.post("/v1/stations/st1/revoke", headers=site.console)
    assert answer.json()["revoked"] == [bench.key_id]
    renewed = replace(await site.enrol("st1"), key=bench.key, counter=1)
    assert await site.send(renewed, signed) == first
    assert await refused(site, renewed, renewed.signed("R1/1/2")) is RefusalReason.REVOKED_KEY


async def test_what_an_enrolled_again_station_had_queued_still_goes_in(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1", "R1/1/2", "R1/1/3")
    await site.send(bench, bench.signed("R1/1/1"))
    renewed = await site.enrol("st1")
    queued = bench.signed("R1/1/2")
    receipt_of(site, queued, (await site.send(renewed, queued)).results[0])
    fresh = renewed.signed("R1/1/3")
    receipt_of(site, fresh, (await site.send(renewed, fresh)).results[0])


@pytest.mark.parametrize("sent_before", [True, False])
async def test_the_key_of_before_begins_no_new_start(site: "Site", bench: "Bench", sent_before: bool) -> None:
    await site.announce("R1/1/1", "R1/1/2")
    if sent_before:
        await site.send(bench, bench.signed("R1/1/1"))
    renewed = await site.enrol("st1")
    bench.boot = "2" * 32
    copied = bench.signed("R1/1/2")
    (answer,) = (await site.send(renewed, copied)).results
    assert refusal_of(site, renewed, copied, answer).reason is RefusalReason.COUNTER_BACKWARDS


async def test_one_unreadable_submission_does_not_hold_up_the_others(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    good = bench.signed("R1/1/1")
    bad = json.loads(good.to_json()) | {"signature": "AAAA", "record": base64.b64encode(b"xx").decode()}
    body = json.dumps({"records": [bad, json.loads(good.to_json())]})
    answer = await site.http.post("/v1/records", content=body, headers=bench.auth)
    first, second = BatchAnswer.read(answer.content).results
    assert isinstance(first, RefusalMessage)
    assert first.reason is RefusalReason.BAD_MESSAGE
    receipt_of(site, good, second)


async def test_a_submission_nested_without_end_is_refused_in_words(site: "Site", bench: "Bench") -> None:
    record = base64.b64encode(b"xx").decode()
    body = f'{{"records":[{{"record":"{record}","x":{"[" * 400}{"]" * 400}}}]}}'
    answer = await site.http.post("/v1/records", content=body, headers=bench.auth)
    (refusal,) = BatchAnswer.read(answer.content).results
    assert isinstance(refusal, RefusalMessage)
    assert (refusal.reason, "nested too deeply" in refusal.detail) == (RefusalReason.BAD_MESSAGE, True)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"records":[]}',
        b'{"records":[1]}',
        b'{"records":[{"record":"%%"}]}',
        json.dumps({"records": [{}] * 65}).encode(),
        b'{"records":[{}],"more":1}',
        b"\xff\xfe",
    ],
)
async def test_a_batch_that_is_none_is_a_problem(site: "Site", bench: "Bench", body: bytes) -> None:
    answer = await site.http.post("/v1/records", content=body, headers=bench.auth)
    assert answer.status_code == 422
    assert answer.json()["code"] == "bad_message"


async def test_more_refusals_than_are_kept_hold_up_no_good_record(site: "Site", bench: "Bench") -> None:
    limited = site.centre.settings.model_copy(update={"refusals_per_station": 2})
    object.__setattr__(site.centre, "settings", limited)
    await site.announce("R1/1/1")
    await site.send(bench, bench.signed("nobody/1"))
    batch = [bench.signed(unit) for unit in ("nobody/2", "R1/1/1", "nobody/3", "nobody/4")]
    first = (await site.send(bench, *batch)).results
    receipt_of(site, batch[1], first[1])
    for at in (0, 2, 3):
        assert refusal_of(site, bench, batch[at], first[at]).reason is RefusalReason.UNKNOWN_UNIT
    assert site.counted("regrade_refusals_not_kept_total") == 2
    site.clock.forward(60)
    again = (await site.send(bench, *batch)).results
    assert again[:2] == first[:2]
    for at in (2, 3):
        said = refusal_of(site, bench, batch[at], again[at])
        assert (said.reason, said.refused_at) == (RefusalReason.UNKNOWN_UNIT, "2026-05-04T12:01:00.000000Z")
    assert await refusals_kept(site) == 2


async def refusals_kept(site: "Site") -> int:
    counting = select(func.count()).select_from(refusals)
    return await site.centre.reader.run(lambda c: c.execute(counting).scalar_one())


async def test_an_inspected_unit_leaves_the_worklist(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    await site.send(bench, bench.signed("R1/1/1"))
    page = (await site.http.get("/v1/worklist", headers=bench.auth)).json()
    assert (page["units"], page["closed"]) == ([], ["R1/1/1"])
    standing = (await site.http.get("/v1/returns/R1/1/1", headers=site.shop)).json()
    assert standing["state"] == "inspected"
    assert standing["verdicts"][0]["grade"] == "used"


async def test_the_standing_tells_a_station_its_last_counter(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    bench.counter = 4
    await site.send(bench, bench.signed("R1/1/1"))
    standing = (await site.http.get("/v1/stations/me", headers=bench.auth)).json()
    assert (standing["key"], standing["boot"], standing["counter"]) == (bench.key_id, bench.boot, 5)
    assert standing["centre_time"] == time_text(site.clock.moment)
