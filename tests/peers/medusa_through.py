"""The whole way: an order in Medusa, a return announced to a real centre, a verdict, and the refund.

The centre runs as a process of its own in `execute` mode, with a key of the Medusa that it pays through. What
counts at the end of each scenario is what Medusa shows of the payment.
"""

import asyncio
import time
from dataclasses import dataclass

from inspection.policy import DEFAULT_POLICY
from tests.peers.house import House
from tests.peers.medusa_alone import Rig
from tests.peers.medusa_shop import MedusaShop, Sale
from tests.peers.programs import Program
from tests.peers.telling import Told
from tests.server.conftest import unit_object

BEFORE_DUE_S = DEFAULT_POLICY.undo_s - 3.0
"""A refund is asked for when the bench may no longer take its verdict back."""


@dataclass(slots=True, kw_only=True)
class Way:
    """What each scenario needs."""

    program: Program
    shop: MedusaShop
    house: House
    rig: Rig
    told: Told

    async def announce(self, sale: Sale, quantity: int = 1, *, damaged: int = 0) -> list[str]:
        """Return in Medusa, and tell the centre by Medusa's own documents; the units' ids."""
        back = await self.shop.requested(sale, quantity + damaged)
        found = (await self.shop.say("GET", f"/admin/returns/{back}?fields=*items"))["return"]
        order = await self.shop.order(sale.order, ORDER_FIELDS)
        said = await self.house.ask(
            "POST", "/v1/imports/medusa", self.house.shop, {"return": found, "order": order}
        )
        assert said["rejected"] == [], said
        return [f"{back}/1/{index}" for index in range(1, quantity + damaged + 1)]

    async def refunded(self, sale: Sale) -> list[tuple[float, str]]:
        """What Medusa shows: amounts and notes."""
        return [(row["amount"], row["note"]) for row in await self.shop.refunds(sale)]


ORDER_FIELDS = (
    "currency_code,customer_id,*items,items.variant_sku,"
    "payment_collections.payments.id,payment_collections.payments.captured_at,"
    "payment_collections.payments.canceled_at"
)


async def whole(way: Way) -> None:
    """The common case."""
    sale = await way.shop.sell()
    (unit,) = await way.announce(sale)
    await way.house.inspect(unit)
    seen = await way.house.until(unit, "confirmed")
    shown = await way.refunded(sale)
    held = seen["state"] == "confirmed" and [amount for amount, _ in shown] == [50]
    way.told.row(
        "order, return, verdict `new`, refund by the centre", held, f"{seen['state']}; Medusa shows {shown}"
    )


async def with_effect(way: Way) -> None:
    """Medusa answers HTTP 400 and has paid: staff still edit the return that the shop has announced."""
    sale = await way.shop.sell()
    back = await way.shop.open_return(sale)
    unit = f"{back}/1/1"
    rows = [unit_object(unit, order=sale.order, payment=sale.payment, currency="EUR")]
    await way.house.ask("POST", "/v1/returns", way.house.shop, {"units": rows})
    await way.house.inspect(unit)
    first = await way.house.until(unit, "unknown", "confirmed")
    begun = time.monotonic()
    seen = await way.house.until(unit, "confirmed", "reconciled", "held")
    shown = await way.refunded(sale)
    held = first["state"] == "unknown" and seen["state"] == "reconciled" and len(shown) == 1
    said = f"{first['state']}, after {time.monotonic() - begun:.0f} s {seen['state']}; Medusa shows {shown}"
    way.told.row("the same while the return is being edited (HTTP 400 with effect)", held, said)


async def returned_twice(way: Way) -> None:
    """Two of three returned, then two more, which Medusa accepts: three are paid, and the fourth waits."""
    sale = await way.shop.sell(quantity=3)
    units = await way.announce(sale, 2)
    await way.shop.receive(units[0].partition("/")[0], sale, good=2)
    units += await way.announce(sale, 2)
    await way.house.inspect(*units)
    seen = [(await way.house.until(unit, "confirmed", "held"))["state"] for unit in units]
    shown = await way.refunded(sale)
    held = sorted(seen) == ["confirmed"] * 3 + ["held"] and sum(amount for amount, _ in shown) == 150
    way.told.row("4 of 3 returned by two returns", held, f"{seen}; Medusa shows {[a for a, _ in shown]}")


async def by_hand(way: Way) -> None:
    """Somebody refunded in Medusa what the centre does not know of."""
    sale = await way.shop.sell()
    (unit,) = await way.announce(sale)
    await way.shop.post(f"/admin/payments/{sale.payment}/refund", amount=30, note="by hand")
    await way.house.inspect(unit)
    seen = await way.house.until(unit, "held", "confirmed")
    shown = await way.refunded(sale)
    held = seen["state"] == "held" and [amount for amount, _ in shown] == [30]
    way.told.row(
        "30 of 50 were refunded by hand before",
        held,
        f"{seen['state']} ({seen['reason']}); Medusa shows {shown}",
    )


async def at_once(way: Way) -> None:
    """Five units of one payment, inspected at the same moment."""
    sale = await way.shop.sell(quantity=5)
    units = await way.announce(sale, 5)
    await way.house.inspect(*units)
    begun = time.monotonic()
    seen = [(await way.house.until(unit, "confirmed", "held"))["state"] for unit in units]
    shown = await way.refunded(sale)
    held = seen == ["confirmed"] * 5 and [amount for amount, _ in shown] == [50] * 5
    said = f"{seen}; Medusa shows {[a for a, _ in shown]}, {time.monotonic() - begun:.0f} s"
    way.told.row("five units of one payment at once", held, said)


async def killed_before(way: Way) -> None:
    """Medusa is killed while it has our request, and has written nothing down yet."""
    await _killed(way, "payment", "Medusa killed with our request in it, nothing written down")


async def killed_between(way: Way) -> None:
    """Medusa is killed when it has written the refund down, and not yet booked it into the order."""
    await _killed(way, "order_transaction", "Medusa killed between the refund and its booking")


async def _killed(way: Way, table: str, tried: str) -> None:
    sale = await way.shop.sell()
    (unit,) = await way.announce(sale)
    await way.house.inspect(unit)
    await asyncio.sleep(BEFORE_DUE_S)
    async with way.rig.held(table, 16):
        first = await way.house.until(unit, "sent")
        await asyncio.sleep(1)
        await way.program.child.kill()
    await way.program.start()
    begun = time.monotonic()
    seen = await way.house.until(unit, "confirmed", "reconciled", "held")
    shown = await way.refunded(sale)
    held = first["state"] == "sent" and seen["state"] in ("confirmed", "reconciled")
    held = held and [amount for amount, _ in shown] == [50]
    said = f"{seen['state']} {time.monotonic() - begun:.0f} s after it was up; Medusa shows {shown}"
    way.told.row(tried, held, said)


SCENARIOS = (whole, with_effect, returned_twice, by_hand, at_once, killed_before, killed_between)
