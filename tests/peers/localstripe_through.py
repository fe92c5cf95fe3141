"""The whole way with localstripe: a payment, a return announced to a real centre, a verdict, the refund.

localstripe refunds more than was paid and forgets keys: what counts is that the centre's own cap holds.
"""

from dataclasses import dataclass
from typing import Any

from tests.peers.house import House
from tests.peers.localstripe_alone import Till
from tests.peers.telling import Told
from tests.server.conftest import unit_object


@dataclass(slots=True, kw_only=True)
class Way:
    """What each scenario needs."""

    till: Till
    house: House
    told: Told
    number: int = 0

    async def announce(self, payment: str, quantity: int = 1, paid_minor: int = 5000) -> list[str]:
        """Units of one order that this payment paid; their ids."""
        self.number += 1
        name = f"L{self.number}"
        units = [f"{name}/1/{index}" for index in range(1, quantity + 1)]
        order = {"order": f"O-{name}", "payment": payment, "currency": "EUR", "paid_minor": paid_minor}
        rows = [unit_object(unit, index=index, **order) for index, unit in enumerate(units, start=1)]
        await self.house.ask("POST", "/v1/returns", self.house.shop, {"units": rows})
        return units

    async def refunds(self, payment: str) -> list[Any]:
        """What localstripe shows of a payment, the oldest first."""
        answer = await self.till.http.get("/v1/refunds", params={"payment_intent": payment, "limit": 100})
        return [(row["amount"], row["metadata"].get("regrade_payout")) for row in answer.json()["data"]][::-1]


async def whole(way: Way) -> None:
    """The common case."""
    payment = str((await way.till.pay(5000))["id"])
    (unit,) = await way.announce(payment)
    await way.house.inspect(unit)
    seen = await way.house.until(unit, "confirmed")
    shown = await way.refunds(payment)
    held = seen["state"] == "confirmed" and [amount for amount, _ in shown] == [5000]
    way.told.row("payment, return, verdict `new`, refund by the centre", held, f"{seen['state']}; {shown}")


async def over(way: Way) -> None:
    """Two units of 50 each, where the payment was 80: localstripe would pay both."""
    payment = str((await way.till.pay(8000))["id"])
    units = await way.announce(payment, 2)
    await way.house.inspect(*units)
    seen = [await way.house.until(unit, "confirmed", "held") for unit in units]
    shown = await way.refunds(payment)
    states = [each["state"] for each in seen]
    held = sorted(states) == ["confirmed", "held"] and [amount for amount, _ in shown] == [5000]
    way.told.row("2 x 50 owed of 80 captured", held, f"{states} {[each['reason'] for each in seen]}; {shown}")


async def at_once(way: Way) -> None:
    """Ten units of one payment at the same moment."""
    payment = str((await way.till.pay(50000))["id"])
    units = await way.announce(payment, 10)
    await way.house.inspect(*units)
    seen = [(await way.house.until(unit, "confirmed", "held"))["state"] for unit in units]
    shown = await way.refunds(payment)
    held = seen == ["confirmed"] * 10 and [amount for amount, _ in shown] == [5000] * 10
    held = held and len({key for _, key in shown}) == 10
    way.told.row(
        "ten units of one payment at once", held, f"{len(shown)} refunds, {sum(a for a, _ in shown)}"
    )


async def by_hand(way: Way) -> None:
    """Somebody refunded there what the centre does not know of."""
    payment = str((await way.till.pay(5000))["id"])
    (unit,) = await way.announce(payment)
    await way.till.post("/v1/refunds", payment_intent=payment, amount="3000")
    await way.house.inspect(unit)
    seen = await way.house.until(unit, "confirmed", "held")
    shown = await way.refunds(payment)
    held = seen["state"] == "held" and [amount for amount, _ in shown] == [3000]
    way.told.row(
        "30 of 50 were refunded by hand before", held, f"{seen['state']} ({seen['reason']}); {shown}"
    )


SCENARIOS = (whole, over, at_once, by_hand)
