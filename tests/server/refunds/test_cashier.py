"""The centre pays itself: every refund once, to the cent, whatever the payment system answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from inspection.messages.refund import OutcomeStatus
from inspection.refund_exceptions import CaseKind
from inspection.refund_state import RefundEvent, RefundState
from server.db.refund_tables import endpoints, standing_approvals
from server.errors import RefundOpen
from server.refunds import cases, paying, payouts, standing
from server.refunds.cashier import Cashier, books_of
from server.refunds.gateway import Payout, PayoutAnswer, PayoutState
from server.refunds.releasing import Release
from tests.server.refunds.strict import StrictSystem, Trouble

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

UNIT = "R1/1/1"
NEW = {"grade": "new", "condition": "A"}


@pytest.fixture
def shop() -> StrictSystem:
    return StrictSystem(captured={f"O-{number}": 5000 for number in range(1, 9)})


async def execute(site: "Site", *, up_to_minor: int | None = 10_000, merchant: str = "m1") -> None:
    """The merchant's refunds are paid by the centre; whole ones up to a limit are approved beforehand."""
    at = site.centre.now()
    endpoint = {"merchant": merchant, "url": "http://127.0.0.1:9", "set_at": at, "mode": "execute"}
    account = insert(endpoints).values(site="s1", **endpoint, gateway="stripe", credentials=b"sealed")
    await site.centre.writer.submit(lambda c: c.execute(account))
    if up_to_minor is not None:
        approval = insert(standing_approvals).values(
            site="s1", id=f"a-{merchant}", merchant=merchant, currency="CNY", up_to_minor=up_to_minor,
            by="Wei Zhang", at=at, until="2030-01-01T00:00:00.000000Z", leaf_seq=0,
        )  # fmt: skip
        await site.centre.writer.submit(lambda c: c.execute(approval))


async def inspect(site: "Site", bench: "Bench", unit: str = UNIT, **changes: Any) -> None:
    await site.announce(unit)
    said = changes or {"verdict": NEW}
    (answer,) = (await site.send(bench, bench.signed(unit, **said))).results
    assert answer.kind == "receipt", answer
    await site.centre.checkpoints.now()
    await Release(site.centre).now()


@asynccontextmanager
async def cashier(site: "Site", shop: StrictSystem) -> AsyncIterator[None]:
    task = asyncio.create_task(Cashier(site.centre, books_of(site.centre), lambda _: shop).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def row_of(site: "Site", unit: str = UNIT) -> standing.RefundRow:
    found = await site.centre.reader.run(lambda c: standing.find(c, "s1", unit))
    assert found is not None
    return found


async def until(site: "Site", *states: RefundState, unit: str = UNIT) -> standing.RefundRow:
    """Wait for a state, moving the clock: what waits for its time has it at once."""
    for _ in range(400):
        row = await row_of(site, unit)
        if row.state in states:
            return row
        await asyncio.sleep(0.005)
        site.clock.forward(20)
        site.centre.payments_due.set()
    raise AssertionError(f"still {row}")


async def open_kinds(site: "Site", unit: str = UNIT) -> set[CaseKind]:
    found = await site.centre.reader.run(lambda c: cases.open_of(c, "s1", [unit]))
    return {row.kind for row in found.get(unit, [])}


async def outcomes(site: "Site") -> list[dict[str, Any]]:
    answer = await site.http.get("/v1/refunds", headers=site.shop)
    return [row["outcome"] for row in answer.json()["instructions"]]


async def test_a_whole_refund_within_the_limit_is_paid_once_and_told_to_the_ledger(
    site: "Site", bench: "Bench", shop: StrictSystem
) -> None:
    await execute(site)
    await inspect(site, bench)
    async with cashier(site, shop):
        row = await until(site, RefundState.CONFIRMED)
    assert (row.paid_minor, row.approved_by, shop.refunds) == (
        5000,
        "Wei Zhang",
        {f"{UNIT}#1/1": ("O-1", 5000)},
    )
    assert await outcomes(site) == [{"status": "settled", "refunded_total_minor": 5000, "matches": True}]
    assert await open_kinds(site) == set()


@pytest.mark.parametrize(
    "troubles",
    [
        [Trouble.LOST_BEFORE],
        [Trouble.LOST_AFTER],
        [Trouble.ERROR_AFTER],
        [Trouble.ERROR_BEFORE],
        [Trouble.PENDING],
        [Trouble.STALE],
        [Trouble.DOWN],
        [Trouble.LOST_AFTER, Trouble.DOWN, Trouble.DOWN],
        [Trouble.ERROR_BEFORE, Trouble.LOST_AFTER],
        [Trouble.DOWN, Trouble.ERROR_BEFORE, Trouble.ERROR_BEFORE, Trouble.STALE, Trouble.ERROR_AFTER],
    ],
    ids=str,
)
async def test_whatever_goes_wrong_on_the_line_it_is_paid_once(
    site: "Site", bench: "Bench", shop: StrictSystem, troubles: list[Trouble]
) -> None:
    await execute(site)
    await inspect(site, bench)
    shop.troubles = list(troubles)
    async with cashier(site, shop):
        row = await until(site, RefundState.CONFIRMED, RefundState.RECONCILED)
    assert (row.paid_minor, shop.refunded("O-1")) == (5000, 5000)
    assert await open_kinds(site) == set()


async def test_a_payout_is_looked_up_by_when_it_was_last_asked_for(
    site: "Site", bench: "Bench", shop: StrictSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    await execute(site)
    await inspect(site, bench)
    shop.troubles = [Trouble.ERROR_BEFORE, Trouble.ERROR_BEFORE]
    asked: list[datetime] = []
    shop.on_asked = lambda: asked.append(site.clock.moment)
    looked: list[datetime | None] = []
    look_up = shop.look_up

    async def looking(payout: Payout) -> PayoutAnswer | None:
        looked.append(payout.sent_before)
        return await look_up(payout)

    monkeypatch.setattr(shop, "look_up", looking)
    async with cashier(site, shop):
        await until(site, RefundState.CONFIRMED)
    first, _, second, _ = looked  # each time when it was asked for, and before it is asked for again
    assert first is not None
    assert second is not None
    assert first <= asked[0] < second <= asked[1], (
        "else what is still under way would be taken for never made"
    )


@pytest.mark.parametrize("undo_s", [30])
async def test_nothing_moves_before_the_bench_may_no_longer_take_it_back(
    site: "Site", bench: "Bench", shop: StrictSystem
) -> None:
    await execute(site)
    await inspect(site, bench)
    site.clock.forward(29)
    async with cashier(site, shop):
        await asyncio.sleep(0.05)
        assert (shop.asked, (await row_of(site)).state) == (0, RefundState.APPROVED)
        site.clock.forward(1)
        site.centre.payments_due.set()
        await until(site, RefundState.CONFIRMED)


async def test_what_lowers_a_refund_waits_for_a_named_person_however_high_the_limit(
    site: "Site", bench: "Bench", shop: StrictSystem
) -> None:
    await execute(site)
    await inspect(site, bench, verdict={"grade": "used", "condition": "B"})
    async with cashier(site, shop):
        await asyncio.sleep(0.05)
    row = await row_of(site)
    assert (row.state, row.reason, shop.asked) == (RefundState.REQUESTED, "needs_approver", 0)
    assert await open_kinds(site) == {CaseKind.NEEDS_APPROVER}


async def test_above_the_limit_it_waits_too(site: "Site", bench: "Bench", shop: StrictSystem) -> None:
    await execute(site, up_to_minor=4999)
    await inspect(site, bench)
    assert (await row_of(site)).state is RefundState.REQUESTED


@pytest.mark.parametrize(
    ("foreign", "captured", "kind"),
    [
        (5000, 5000, CaseKind.ALREADY_REFUNDED),
        (1, 5000, CaseKind.ALREADY_REFUNDED),
        (0, 4999, CaseKind.OVER_REFUND),
    ],
)
async def test_money_that_is_gone_or_was_never_there_stops_it(
    site: "Site", bench: "Bench", shop: StrictSystem, foreign: int, captured: int, kind: CaseKind
) -> None:
    await execute(site)
    shop.captured["O-1"] = captured
    if foreign:
        shop.refunds["by hand"] = ("O-1", foreign)
    await inspect(site, bench)
    async with cashier(site, shop):
        row = await until(site, RefundState.HELD)
    assert (row.reason, shop.asked, await open_kinds(site)) == (kind.value, 0, {kind})


async def test_another_currency_is_never_paid(site: "Site", bench: "Bench", shop: StrictSystem) -> None:
    await execute(site)
    shop.currency = "EUR"
    await inspect(site, bench)
    async with cashier(site, shop):
        await until(site, RefundState.HELD)
    assert (shop.asked, await open_kinds(site)) == (0, {CaseKind.CURRENCY_MISMATCH})


async def test_the_waits_between_look_ups_begin_anew_with_each_attempt(
    site: "Site", bench: "Bench", shop: StrictSystem
) -> None:
    """Else what failed a few times for good reasons is not looked up for an hour."""
    await execute(site)
    await inspect(site, bench)
    shop.troubles = [Trouble.ERROR_BEFORE, Trouble.ERROR_BEFORE, Trouble.ERROR_AFTER]
    async with cashier(site, shop):
        await until(site, RefundState.CONFIRMED, RefundState.RECONCILED)
    row = await site.centre.reader.run(lambda c: payouts.find(c, "s1", f"{UNIT}#1/1"))
    assert row.attempts == 1


async def test_a_request_that_has_its_effect_long_after_it_was_given_up_is_found(
    site: "Site", bench: "Bench", shop: StrictSystem
) -> None:
    """Not there when it was looked up, and there when the payment is read for the second attempt."""

    class Late(StrictSystem):
        given_up: Payout | None = None

        async def pay_back(self, payout: Payout) -> PayoutAnswer:
            self.asked += 1
            self.given_up = payout
            return PayoutAnswer(state=PayoutState.UNKNOWN, code="no_answer")

        async def look_up(self, payout: Payout) -> PayoutAnswer | None:
            found = await super().look_up(payout)
            if found is None and self.given_up is not None:
                self._make(self.given_up)
            return found

    late = Late(captured=shop.captured)
    await execute(site)
    await inspect(site, bench)
    async with cashier(site, late):
        row = await until(site, RefundState.CONFIRMED, RefundState.RECONCILED, RefundState.HELD)
    assert (row.state, row.paid_minor, late.asked) == (RefundState.CONFIRMED, 5000, 1)
    assert await open_kinds(site) == set()


async def test_units_of_one_payment_are_paid_one_after_the_other_and_all_of_them(
    site: "Site", bench: "Bench", shop: StrictSystem
) -> None:
    await execute(site)
    shop.captured["O-1"] = 15_000
    units = [f"R1/{line}/1" for line in (1, 2, 3)]
    for unit in units:
        await inspect(site, bench, unit)
    shop.troubles = [Trouble.LOST_AFTER, Trouble.ERROR_BEFORE]
    async with cashier(site, shop):
        for unit in units:
            await until(site, RefundState.CONFIRMED, RefundState.RECONCILED, unit=unit)
    assert (shop.refunded("O-1"), len(shop.refunds)) == (15_000, 3)


async def test_a_later_verdict_that_owes_more_pays_the_difference(
    site: "Site", bench: "Bench", shop: StrictSystem
) -> None:
    await execute(site)
    await inspect(site, bench, verdict={"grade": "used", "condition": "B"})
    await site.centre.writer.submit(lambda c: approve(c, site.centre.now()))
    async with cashier(site, shop):
        await until(site, RefundState.CONFIRMED)
        await site.announce(UNIT, inspection=2, purpose="appeal")
        again = bench.signed(UNIT, unit={"inspection": 2, "purpose": "appeal"}, verdict=NEW)
        await site.send(bench, again)
        await site.centre.checkpoints.now()
        await Release(site.centre).now()
        row = await until(site, RefundState.CONFIRMED)
    assert sorted(shop.refunds.values()) == [("O-1", 1000), ("O-1", 4000)]
    assert (row.paid_minor, row.target_total_minor) == (5000, 5000)


async def test_a_later_verdict_that_owes_less_asks_nobody_for_money(
    site: "Site", bench: "Bench", shop: StrictSystem
) -> None:
    await execute(site)
    await inspect(site, bench)
    async with cashier(site, shop):
        await until(site, RefundState.CONFIRMED)
        await site.announce(UNIT, inspection=2, purpose="appeal")
        less = bench.signed(
            UNIT, unit={"inspection": 2, "purpose": "appeal"}, verdict={"grade": "used", "condition": "B"}
        )
        await site.send(bench, less)
        await asyncio.sleep(0.05)
    assert shop.refunded("O-1") == 5000
    assert await open_kinds(site) == {CaseKind.CORRECTED_AFTER_REFUND, CaseKind.NEEDS_APPROVER}


async def test_a_refund_that_fails_later_is_opened_again(
    site: "Site", bench: "Bench", shop: StrictSystem
) -> None:
    await execute(site)
    await inspect(site, bench)
    async with cashier(site, shop):
        await until(site, RefundState.CONFIRMED)
    books, books_now = books_of(site.centre), site.clock.moment
    for _ in range(2):  # told twice is once
        row = await site.centre.reader.run(lambda c: payouts.find(c, "s1", f"{UNIT}#1/1"))
        late = partial(paying.afterwards, books=books, row=row, status=OutcomeStatus.FAILED, now=books_now)
        await site.centre.writer.submit(late)
    refund = await row_of(site)
    assert (refund.state, refund.paid_minor, refund.reason) == (RefundState.HELD, 0, "late_failure")
    assert await open_kinds(site) == {CaseKind.LATE_FAILURE}
    assert (await outcomes(site))[0]["status"] == "failed"


@pytest.mark.parametrize("paid", [True, False], ids=["after it was paid", "before it was paid"])
async def test_a_centre_killed_while_it_asks_looks_it_up_first(
    site: "Site", bench: "Bench", shop: StrictSystem, paid: bool
) -> None:
    await execute(site)
    await inspect(site, bench)
    hung = asyncio.Event()

    class Hanging(StrictSystem):
        async def pay_back(self, payout: Any) -> Any:
            if paid:
                await shop.pay_back(payout)
            hung.set()
            await asyncio.Event().wait()

    async with cashier(site, Hanging(captured=shop.captured)):
        site.centre.payments_due.set()
        await asyncio.wait_for(hung.wait(), 5)
    assert (await row_of(site)).state is RefundState.SENT
    before = shop.asked
    async with cashier(site, shop):
        await asyncio.sleep(0.05)
        assert shop.asked == before, "its lease has not ended: nothing is asked for"
        await until(site, RefundState.CONFIRMED, RefundState.RECONCILED)
    assert (shop.refunded("O-1"), shop.asked) == (5000, 1)


async def test_an_outcome_that_nobody_can_tell_comes_before_a_person(
    site: "Site", bench: "Bench", shop: StrictSystem
) -> None:
    await execute(site)
    await inspect(site, bench)
    shop.troubles = [Trouble.LOST_AFTER, *[Trouble.DOWN] * 6]
    async with cashier(site, shop):
        await wait_for(site, lambda kinds: kinds == {CaseKind.UNKNOWN_OUTCOME})
        assert (await row_of(site)).state is RefundState.UNKNOWN
        await until(site, RefundState.RECONCILED)
    assert await open_kinds(site) == set()


async def wait_for(site: "Site", done: Callable[[set[CaseKind]], bool]) -> None:
    for _ in range(400):
        if done(await open_kinds(site)):
            return
        await asyncio.sleep(0.005)
        site.clock.forward(600)
        site.centre.payments_due.set()
    raise AssertionError(await open_kinds(site))


def approve(connection: Any, at: str) -> None:
    """What a person's approval does to the row."""
    row = standing.find(connection, "s1", UNIT)
    assert row is not None
    standing.move(connection, "s1", row, RefundEvent.APPROVE, at, approved_by="Ada King", reason=None)


async def test_two_payouts_of_one_payment_cannot_be_open_even_in_the_database(
    site: "Site", bench: "Bench"
) -> None:
    await execute(site)
    for unit in ("R1/1/1", "R1/2/1"):
        await inspect(site, bench, unit)
    first, second = await row_of(site, "R1/1/1"), await row_of(site, "R1/2/1")
    now = site.clock.moment
    await site.centre.writer.submit(lambda c: payouts.begin(c, "s1", first, now, 5.0))
    with pytest.raises(IntegrityError):
        await site.centre.writer.submit(lambda c: payouts.begin(c, "s1", second, now, 5.0))


async def test_an_instruction_that_a_person_reversed_is_neither_paid_nor_told(
    site: "Site", bench: "Bench", shop: StrictSystem
) -> None:
    await execute(site)
    for unit in (UNIT, "R1/2/1"):
        await inspect(site, bench, unit)
    row = (await site.http.get("/v1/refunds", headers=site.shop)).json()["instructions"][0]
    place = await site.centre.reader.run(
        lambda c: site.centre.log.find(c, (f"instruction:{row['instruction']['id']}",))
    )
    body = {"reverses": place[f"instruction:{UNIT}#1"].seq, "reason": "mix_up"}
    answer = await site.http.post(
        "/v1/ledger/statements", json={"type": "reversal", "token": "r-1", "body": body}, headers=site.console
    )
    assert answer.status_code == 200, answer.text
    async with cashier(site, shop):
        await until(site, RefundState.CONFIRMED, unit="R1/2/1")
    first = await row_of(site)
    assert (first.state, first.reason, len(shop.refunds)) == (RefundState.HELD, "taken_back", 1)
    states = [
        row["state"] for row in (await site.http.get("/v1/refunds", headers=site.shop)).json()["instructions"]
    ]
    assert states == ["dead", "delivered"]


async def test_a_merchant_whose_refunds_the_centre_paid_is_not_handed_to_another_payer(
    site: "Site", bench: "Bench", shop: StrictSystem
) -> None:
    await execute(site)
    handed = partial(
        standing.mode_changed, site="s1", merchant="m1", mode=standing.INFORM, at=site.centre.now()
    )
    assert await site.centre.writer.submit(lambda c: handed(c)) == 0
    await inspect(site, bench)
    async with cashier(site, shop):
        await until(site, RefundState.CONFIRMED)
    with pytest.raises(RefundOpen):
        await site.centre.writer.submit(lambda c: handed(c))
