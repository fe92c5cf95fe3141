"""Approvals in advance: for whole refunds, up to a limit, for a while, by name and in the ledger."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from inspection.messages.base import time_text
from inspection.refund_state import RefundState
from server.refunds import approvals, standing
from tests.server.refunds.raising import listen
from tests.server.refunds.test_cases import entries, person

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site


def wanted(site: "Site", **changes: Any) -> dict[str, Any]:
    until = time_text(site.clock.moment + timedelta(days=30))
    return {
        "merchant": "m1", "currency": "CNY", "up_to_minor": 5000, "until": until, "reason": "daily business"
    } | changes  # fmt: skip


async def approve(site: "Site", key: dict[str, str], **changes: Any) -> httpx.Response:
    return await site.http.post("/v1/refunds/approvals", json=wanted(site, **changes), headers=key)


async def send(site: "Site", bench: "Bench", unit: str, grade: str = "new") -> None:
    await site.announce(unit)
    await site.send(bench, bench.signed(unit, verdict={"grade": grade, "condition": "A"}))


async def states(site: "Site", *units: str) -> list[tuple[RefundState, str | None]]:
    rows = await site.centre.reader.run(lambda c: standing.find_many(c, "s1", units))
    return [(rows[unit].state, rows[unit].approved_by) for unit in units]


async def test_whole_refunds_within_the_limit_go_and_others_wait(site: "Site", bench: "Bench") -> None:
    await listen(site, "execute")
    await send(site, bench, "R1/1/1")
    await send(site, bench, "R2/1/1", "used")
    made = (await approve(site, await person(site))).json()
    assert (made["let_go"], made["more"], made["approval"]["by"]) == (1, False, "Li Wei")
    await send(site, bench, "R3/1/1")
    waits = (RefundState.REQUESTED, None)
    gone = (RefundState.APPROVED, "Li Wei")
    assert await states(site, "R1/1/1", "R2/1/1", "R3/1/1") == [gone, waits, gone]
    (leaf,) = await entries(site, "approval:approval/")
    assert (leaf["body"]["by"], leaf["body"]["kind"]) == (["Li Wei"], "refund")
    assert leaf["body"]["subject"].startswith("refunds/m1/CNY/up-to/5000/until/")
    (case,) = (await site.http.get("/v1/refunds/cases?state=resolved", headers=site.console)).json()["cases"]
    assert (case["unit"], case["person"], case["leaf_seq"]) == ("R1/1/1", "Li Wei", leaf["seq"])


async def test_what_is_above_the_limit_or_of_another_currency_waits(site: "Site", bench: "Bench") -> None:
    await listen(site, "execute")
    await send(site, bench, "R1/1/1")
    key = await person(site)
    for changes in ({"up_to_minor": 4999}, {"currency": "EUR"}):
        assert (await approve(site, key, **changes)).json()["let_go"] == 0
    assert await states(site, "R1/1/1") == [(RefundState.REQUESTED, None)]


async def test_a_withdrawn_approval_lets_nothing_more_go(site: "Site", bench: "Bench") -> None:
    await listen(site, "execute")
    key = await person(site)
    id = (await approve(site, key)).json()["approval"]["id"]
    url, body = f"/v1/refunds/approvals/{id}/withdraw", {"reason": "too many complaints"}
    gone = await site.http.post(url, json=body, headers=await person(site, "Wang Fang"))
    assert gone.json()["withdrawn_at"]
    assert (await site.http.post(url, json=body, headers=key)).json() == gone.json()
    await send(site, bench, "R1/1/1")
    assert await states(site, "R1/1/1") == [(RefundState.REQUESTED, None)]
    shown = (await site.http.get("/v1/refunds/approvals?merchant=m1", headers=site.console)).json()
    assert [row["id"] for row in shown["approvals"]] == [id]
    by = [leaf["body"]["by"] for leaf in await entries(site, f"approval:approval/{id}")]
    assert by == [["Li Wei"], ["Wang Fang"]]


async def test_the_same_request_is_one_approval_and_lets_the_rest_go(
    site: "Site", bench: "Bench", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approvals, "MOST_LET_GO", 2)
    await listen(site, "execute")
    for number in range(3):
        await send(site, bench, f"R{number}/1/1")
    key = await person(site)
    first, second = (await approve(site, key)).json(), (await approve(site, key)).json()
    assert first["approval"] == second["approval"]
    assert [(each["let_go"], each["more"]) for each in (first, second)] == [(2, True), (1, False)]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"merchant": "nobody"}, 404, "not_found"),
        ({"currency": "XXX"}, 422, "unknown_currency"),
        ({"up_to_minor": 0}, 422, "bad_message"),
        ({"reason": ""}, 422, "bad_message"),
        ({"until": "2026-05-04T12:00:00.000000Z"}, 422, "bad_message"),
        ({"until": "2026-08-03T12:00:00.000000Z"}, 422, "bad_message"),
    ],
)
async def test_an_approval_that_cannot_be_is_refused(
    site: "Site", changes: dict[str, Any], status: int, code: str
) -> None:
    answer = await approve(site, await person(site), **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await entries(site, "approval:") == []


async def test_nobody_but_a_person_at_the_centre_approves(site: "Site") -> None:
    for key, code in ((site.shop, "wrong_scope"), (await person(site, " "), "wrong_scope")):
        assert (await approve(site, key)).json()["code"] == code
    url = "/v1/refunds/approvals/0123456789abcdef/withdraw"
    answer = await site.http.post(url, json={"reason": "x"}, headers=await person(site))
    assert answer.json()["code"] == "not_found"
