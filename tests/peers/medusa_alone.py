"""Our Medusa adapter before a real Medusa: what Medusa does, and what the adapter makes of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from demo.processes import run_once
from inspection.payouts import PayoutCode
from server.errors import GatewayDown, GatewayRefused
from server.refunds.adapters.medusa import MedusaRefunds
from server.refunds.gateway import PaymentRef, Payout, PayoutAnswer, PayoutState
from tests.peers.medusa_shop import MedusaShop, Sale
from tests.peers.programs import Program
from tests.peers.telling import Recorder, Told

SETTLE_S = 3.0
"""In life 80: nothing here takes longer."""
KILLS_AFTER_S = (0.03, 0.15)


@dataclass(slots=True, kw_only=True)
class Rig:
    """What each scenario needs."""

    program: Program
    shop: MedusaShop
    recorder: Recorder
    adapter: MedusaRefunds
    impatient: MedusaRefunds
    """The same with a second's patience."""
    database: str
    told: Told
    number: int = 0

    @asynccontextmanager
    async def held(self, table: str, seconds: float) -> AsyncIterator[None]:
        """Hold one of Medusa's tables for a while: whoever wants to write there waits."""
        words = f'BEGIN; LOCK TABLE "{table}" IN EXCLUSIVE MODE; SELECT pg_sleep({seconds}); COMMIT'
        holding = asyncio.create_task(run_once(("psql", self.database, "-qc", words)))
        await asyncio.sleep(0.5)
        yield
        code, _, said = await holding
        assert code == 0, said

    def payout(self, sale: Sale, amount_minor: int) -> Payout:
        """A new one."""
        self.number += 1
        return Payout(
            key=f"R{self.number}/1/1#1/1",
            payment=PaymentRef(merchant="m1", payment=sale.payment, order=sale.order, currency="EUR"),
            amount_minor=amount_minor,
            unit=f"R{self.number}/1/1",
            reason="refund.share",
        )

    async def look(self, payout: Payout) -> str:
        """What a look-up says, in one line."""
        try:
            return short(await self.adapter.look_up(payout))
        except GatewayDown as error:
            return f"cannot be told: {error}"


def short(answer: PayoutAnswer | None) -> str:
    """In one line, without ids."""
    if answer is None:
        return "never made"
    amount = "" if answer.amount_minor is None else f" {answer.amount_minor}"
    return f"{answer.state} {answer.code}{amount}"


async def one_refund(rig: Rig) -> None:
    """The common case: standing, refund, look-up, standing."""
    sale = await rig.shop.sell(quantity=3, price=50)
    payout = rig.payout(sale, 1234)
    rig.recorder.keep = "standing"
    before = await rig.adapter.standing(payout.payment)
    rig.recorder.keep = "refunded"
    answer = await rig.adapter.pay_back(payout)
    found = await rig.adapter.look_up(payout)
    rig.recorder.keep = ""
    after = await rig.adapter.standing(payout.payment)
    shown = await rig.shop.refunds(sale)
    held = (before.captured_minor, before.refunded_minor, after.refunded_minor) == (15000, 0, 1234)
    held = held and answer.state == PayoutState.CONFIRMED and answer == found
    held = held and [row["amount"] for row in shown] == [12.34]
    seen = f"{short(answer)}; Medusa shows {[(row['amount'], row['note']) for row in shown]}"
    rig.told.row("a refund of 12.34 of 150.00 EUR, and its look-up", held, seen)


async def refused(rig: Rig) -> None:
    """What Medusa refuses before it does anything."""
    sale = await rig.shop.sell()
    rig.recorder.keep = "over_refund"
    over = await rig.adapter.pay_back(rig.payout(sale, 5002))
    rig.recorder.keep = "unknown_payment"
    nowhere = replace(sale, payment="pay_01M8HZR58XQNA9PCFRFCHF975C")
    unknown = await rig.adapter.pay_back(rig.payout(nowhere, 100))
    try:
        standing = str(await rig.adapter.standing(rig.payout(nowhere, 100).payment))
    except GatewayRefused as error:
        standing = f"refused: {error}"
    rig.recorder.keep = "bad_key"
    stranger = MedusaRefunds(rig.recorder, rig.program.url, "sk_wrong", settle_s=SETTLE_S)
    bad_key = await stranger.pay_back(rig.payout(sale, 100))
    rig.recorder.keep = ""
    rig.told.row("50.02 of 50.00 EUR", over.code == PayoutCode.OVER_REFUND, short(over))
    held = unknown.code == PayoutCode.PAYMENT_UNKNOWN and standing.startswith("refused")
    rig.told.row("a payment that Medusa does not know", held, f"{short(unknown)}; standing {standing}")
    rig.told.row("a wrong key", bad_key.code == PayoutCode.CREDENTIALS_REFUSED, short(bad_key))
    shown = await rig.shop.refunds(sale)
    rig.told.row("after all three", shown == [], f"Medusa shows {shown}")


async def one_cent_more(rig: Rig) -> None:
    """Medusa's own cap lets one minor unit too much through: ours must not rely on it."""
    sale = await rig.shop.sell()
    answer = await rig.adapter.pay_back(rig.payout(sale, 5001))
    standing = await rig.adapter.standing(rig.payout(sale, 1).payment)
    held = (answer.code, standing.refunded_minor) == (PayoutCode.REFUNDED, 5001)
    seen = f"{short(answer)}; captured {standing.captured_minor}, refunded {standing.refunded_minor}"
    rig.told.row("50.01 of 50.00 EUR: Medusa refunds a cent too much", held, seen)


async def with_effect(rig: Rig) -> None:
    """HTTP 400 although the refund is recorded: a return is being edited meanwhile."""
    sale = await rig.shop.sell(quantity=2)
    await rig.shop.open_return(sale)
    payout = rig.payout(sale, 2500)
    rig.recorder.keep = "with_effect"
    answer = await rig.adapter.pay_back(payout)
    first = await rig.look(replace(payout, sent_before=datetime.now(UTC)))
    rig.recorder.keep = ""
    shown = await rig.shop.refunds(sale)
    held = answer.state == PayoutState.UNKNOWN and len(shown) == 1
    seen = f"{short(answer)}; Medusa shows {len(shown)} refund"
    rig.told.row("a refund while a return is being edited (HTTP 400)", held, seen)
    await asyncio.sleep(SETTLE_S + 1)
    later = await rig.look(payout)
    held = first.startswith("pending") and later == "confirmed recorded_only 2500"
    rig.told.row("looked up at once, and when it has settled", held, f"{first}; then {later}")
    await rig.adapter.pay_back(payout)
    twice = await rig.look(payout)
    held = twice == "confirmed paid_twice 5000"
    rig.told.row("had it been sent again without a look-up: Medusa pays twice", held, twice)


async def at_once(rig: Rig) -> None:
    """Six full refunds of one payment at the same moment."""
    sale = await rig.shop.sell()
    payouts = [rig.payout(sale, 5000) for _ in range(6)]
    answers = await asyncio.gather(*(rig.adapter.pay_back(each) for each in payouts))
    shown = await rig.shop.refunds(sale)
    counted = {one: [short(each) for each in answers].count(one) for one in map(short, answers)}
    held = len(shown) == 1 and counted.get("confirmed refunded 5000") == 1
    rig.told.row("six full refunds at once, under six keys", held, f"{counted}; Medusa shows {len(shown)}")


async def returned_twice(rig: Rig) -> None:
    """Medusa takes back more than was sold: a second return of the same items."""
    sale = await rig.shop.sell(quantity=3)
    await rig.shop.returned(sale, good=1, damaged=1)
    await rig.shop.returned(sale, good=2)
    shown = await rig.shop.order(sale.order, "*items,summary")
    detail = shown["items"][0]["detail"]
    back = float(detail["return_received_quantity"]) + float(detail["return_dismissed_quantity"])
    seen = f"{back:g} of 3 are back; pending_difference {shown['summary']['pending_difference']}"
    rig.told.row("2 of 3 returned, then 2 more: Medusa accepts the fourth", back == 4, seen)


async def slow(rig: Rig) -> None:
    """No answer in time, and the refund is made all the same a little later."""
    sale = await rig.shop.sell()
    payout = rig.payout(sale, 5000)
    async with rig.held("payment", 2.5):
        answer = await rig.impatient.pay_back(payout)
    sent = replace(payout, sent_before=datetime.now(UTC))
    early = await rig.look(sent)
    await asyncio.sleep(SETTLE_S + 1)
    late = await rig.look(sent)
    held = answer.code == PayoutCode.NO_ANSWER and not early.startswith("never")
    held = held and late == "confirmed refunded 5000"
    rig.told.row("no answer within 1 s; it is made later", held, f"{short(answer)}; {early}; then {late}")


async def killed(rig: Rig) -> None:
    """Kill -9 while a refund is under way; what is found afterwards must be what Medusa shows."""
    for after_s in KILLS_AFTER_S:
        sale = await rig.shop.sell()
        await _kill(rig, sale, f"killed {after_s * 1000:.0f} ms into a refund", after_s)
    sale = await rig.shop.sell()
    async with rig.held("order_transaction", 4):
        await _kill(rig, sale, "killed between the refund and its booking in the order", 1.5)


async def _kill(rig: Rig, sale: Sale, tried: str, after_s: float) -> None:
    payout, sent = rig.payout(sale, 5000), datetime.now(UTC)
    asking = asyncio.create_task(rig.adapter.pay_back(payout))
    await asyncio.sleep(after_s)
    await rig.program.child.kill()
    answer = await asking
    await rig.program.start()
    early = await rig.look(replace(payout, sent_before=datetime.now(UTC)))
    await asyncio.sleep(SETTLE_S + 1)
    late = await rig.look(replace(payout, sent_before=sent))
    shown = await rig.shop.refunds(sale)
    held = (late == "never made") == (shown == []) and not late.startswith("cannot")
    if not shown and answer.state == PayoutState.UNKNOWN:
        held = held and early.startswith("cannot be told")
    seen = f"{short(answer)}; up again in {rig.program.boot_s:.1f} s: {early}; then {late}"
    seen += f"; Medusa shows {len(shown)}"
    rig.told.row(tried, held, seen)


SCENARIOS = (one_refund, refused, one_cent_more, with_effect, at_once, returned_twice, slow, killed)
