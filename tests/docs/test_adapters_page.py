"""The tables of the adapters' page are what the mappings do."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from inspection.grades import Channel, Disposition, Grade, ReturnException
from server.outward.calling import Reply
from server.refunds.adapters import epcis, medusa, shopify, shopify_reading, stripe, stripe_words, taobao
from server.refunds.gateway import PaymentRef, Payout, PayoutState

PAGE = "docs/adapters.md"
Table = Callable[[str, str], list[dict[str, str]]]
PAYOUT = Payout(
    key="R1/1/1#1/1",
    payment=PaymentRef(merchant="m1", payment="1", order="2", currency="CNY"),
    amount_minor=1,
    unit="R1/1/1",
    reason="refund.used",
    version="0",
)
LINE = shopify.ReturnLine(
    return_id="", line="", reverse_line="", location=None,
    disposition=Disposition.HOLD, channel=Channel.HOLD_AREA, exception=None,
)  # fmt: skip
UNIT = epcis.Unit(
    gtin="09506000134352", serial="1", authorization="R1", station="b1", gln="9506000134338",
    grade=Grade.USED, disposition=Disposition.HOLD, channel=Channel.HOLD_AREA, exception=None,
    parts_complete=None, at=datetime(2026, 1, 31, tzinfo=UTC), offset_min=0,
)  # fmt: skip


def listed(cell: str) -> list[str]:
    """The codes of a cell that holds several."""
    return [code.strip("` ") for code in cell.split(",")]


def test_every_state_is_explained(table: Table) -> None:
    assert {row["state"] for row in table(PAGE, "states")} == set(PayoutState)


def test_shopifys_dispositions_are_the_mappings(table: Table) -> None:
    rows = table(PAGE, "shopify dispositions")
    assert {row["ours"] for row in rows} == set(Disposition)
    for row in rows:
        named = [row["channel"]] if row["channel"] in set(Channel) else set(Channel) - {Channel.RESTOCK}
        for channel in named:
            line = replace(LINE, disposition=Disposition(row["ours"]), channel=Channel(channel))
            assert shopify.disposition_of(line) == row["Shopify's"]


def test_shopifys_errors_are_the_mappings(table: Table) -> None:
    for row in table(PAGE, "shopify errors"):
        for code in listed(row["userErrors` code"]):
            said = {"data": {"returnProcess": {"return": None, "userErrors": [{"code": code}]}}}
            answer = shopify_reading.read(PAYOUT, 200, json.dumps(said).encode())
            assert (answer.state, answer.code) == (row["state"], row["code"]), code


def test_taobaos_calls_are_the_mappings(table: Table) -> None:
    for row in table(PAGE, "taobao calls"):
        own = row["the refund's own row"]
        message = "版本" if "version" in own else ""
        found = [] if own == "none" else [{"refund_id": 1, "succ": own == "yes", "message": message}]
        said = {"msg_code": row["msg_code"], "results": {"refund_mapping_result": found}}
        whole = json.dumps({"rp_refunds_agree_response": said}).encode()
        answer = taobao.read([PAYOUT], 200, whole)[PAYOUT.key]
        assert (answer.state, answer.code) == (row["state"], row["code"]), row


def codes(cell: str) -> list[tuple[int, str]]:
    """Numbers and sub-codes of a cell such as `4 to 8, accesscontrol.*` or `10, 15 with isp.*, any other`."""
    found: list[tuple[int, str]] = []
    for part in cell.replace("`", "").split(", "):
        number, _, sub = part.partition(" with ")
        if " to " in part:
            first, last = map(int, part.split(" to "))
            found += [(code, "") for code in range(first, last + 1)]
        elif number.isdigit():
            found += [(int(number), sub.replace("*", "x"))]
        else:
            found += [(15, part.replace("*", "x")) if "." in part else (999, "")]
    return found


def test_taobaos_errors_are_the_mappings(table: Table) -> None:
    for row in table(PAGE, "taobao errors"):
        for code, sub in codes(row["error_response"]):
            whole = json.dumps({"error_response": {"code": code, "sub_code": sub}}).encode()
            answer = taobao.read([PAYOUT], 200, whole)[PAYOUT.key]
            assert (answer.state, answer.code) == (row["state"], row["code"]), (code, sub)


def test_the_words_of_verdicts_are_the_mappings(table: Table) -> None:
    told = set()
    for row in table(PAGE, "epcis verdicts"):
        for ours in listed(row["ours"].replace("` by `", " by ")):
            name, _, channel = ours.partition(" by ")
            told.add(name)
            if name in set(Disposition):
                unit = replace(UNIT, disposition=Disposition(name), channel=Channel(channel or "restock"))
            else:
                unit = replace(UNIT, exception=ReturnException(name))
            assert epcis.to_event(unit)["disposition"] == row["disposition"], ours
    assert told == {*Disposition, *ReturnException}


def test_the_words_of_deeds_are_the_mappings(table: Table) -> None:
    rows = table(PAGE, "epcis deeds")
    assert {
        (row["ours"], row["channel"]): (row["business step"], row["disposition"]) for row in rows
    } == epcis.CARRIED_OUT


async def test_medusas_answers_are_the_adapters(table: Table) -> None:
    ours = replace(PAYOUT, payment=replace(PAYOUT.payment, payment="pay_1"))
    refund = {"id": "ref_1", "raw_amount": {"value": "0.01"}, "note": medusa.note_of(ours)}
    refund["created_at"] = "2026-01-31T08:00:00Z"
    done = {"payment": {"currency_code": "cny", "refunds": [refund]}}
    for row in table(PAGE, "medusa answers"):
        for status in map(int, listed(row["status"])):
            said = done if status == 200 else {"message": row["its message begins"].strip("`")}
            gateway = medusa.MedusaRefunds(Says(status, said), "http://m", "k")
            answer = await gateway.pay_back(ours)
            assert (answer.state, answer.code) == (row["state"], row["code"]), row
    named = {row["its message begins"].strip("`") for row in table(PAGE, "medusa answers")}
    assert {begins for _, begins, _ in medusa.NO_EFFECT} <= named


def test_stripes_statuses_are_the_adapters(table: Table) -> None:
    rows = table(PAGE, "stripe statuses")
    told = {row["refund's `status"]: (row["state"], row["code"]) for row in rows}
    assert told == {name: tuple(map(str, said)) for name, said in stripe_words.STATUSES.items()}


def test_stripes_errors_are_the_adapters(table: Table) -> None:
    rows = table(PAGE, "stripe errors")
    for row in rows:
        for status in map(int, listed(row["status"])):
            for code in listed(row["error `code"]):
                said = {"error": {"type": "invalid_request_error", "code": code}}
                reply = Reply(status=status, headers={}, content=json.dumps(said).encode())
                answer = stripe.read_refund(reply)
                assert (answer.state, answer.code) == (row["state"], row["code"]), row
    assert set(stripe_words.ERRORS) <= {code for row in rows for code in listed(row["error `code"])}


@dataclass(frozen=True, slots=True)
class Says:
    """A platform that answers always the same."""

    status: int
    said: object

    async def call(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        return Reply(status=self.status, headers={}, content=json.dumps(self.said).encode())
