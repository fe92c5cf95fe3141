"""What each way off the bench is expected to bring, in exact whole numbers.

    worth(channel) = sum over grades of P(grade) * (price * P(sale)) - cost
                     - P(not new) * loss of selling it as new          (restock only)
    worth(refurbish by the product's repair route) = P(success) * price after - cost

A grade that a channel has no price for brings nothing there, but costs the channel's
greatest cost. Worths are kept as numerators over 10^12 (ppm * ppm) and compared exactly, so
that scaling every price scales every worth and changes no choice; only what is shown is
rounded.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from inspection.catalogue import Product, RepairRoute
from inspection.grades import Channel, Disposition, Grade, GradeShares

PPM = 1_000_000
SCALE = PPM * PPM

DISPOSITION_OF: dict[Channel, Disposition] = {
    Channel.RESTOCK: Disposition.RESALE,
    Channel.OPEN_BOX: Disposition.RESALE,
    Channel.LIQUIDATE: Disposition.RESALE,
    Channel.VENDOR_RETURN: Disposition.RESALE,
    Channel.REFURBISH: Disposition.REPAIR,
    Channel.DONATE: Disposition.SCRAP,
    Channel.PARTS: Disposition.SCRAP,
    Channel.RECYCLE: Disposition.SCRAP,
    Channel.HOLD_AREA: Disposition.HOLD,
}
"""Liquidating and returning to the vendor sell the unit as it is; donating gives it away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way off the bench and its worth."""

    channel: Channel
    worth: int
    """Minor units * 10^12."""

    @property
    def disposition(self) -> Disposition:
        """What the channel means for the unit."""
        return DISPOSITION_OF[self.channel]

    @property
    def expected_minor(self) -> int:
        """The worth in minor units, half up: for showing, never for choosing."""
        return (self.worth + SCALE // 2) // SCALE


def options(
    product: Product, grade: Grade, shares: GradeShares, channels: Iterable[Channel]
) -> tuple[Option, ...]:
    """Return the priced ways of a grade, best first; of equal ones the earlier channel.

    A channel is priced when the catalogue has a recovery for this grade and channel, or, for
    refurbish, when the product has a repair route.
    """
    worths = ((channel, _worth(product, grade, shares, channel)) for channel in channels)
    priced = [Option(channel=c, worth=w) for c, w in worths if w is not None]
    return tuple(sorted(priced, key=lambda option: -option.worth))


def _worth(product: Product, grade: Grade, shares: GradeShares, channel: Channel) -> int | None:
    if channel == Channel.REFURBISH and product.repair is not None:
        return _repair_worth(product.repair)
    rows = {row.grade: row for row in product.recovery if row.channel == channel}
    if grade not in rows:
        return None
    income = sum(shares.of(g) * row.price_minor * row.sale_ppm for g, row in rows.items())
    dearest = max(row.cost_minor for row in rows.values())
    cost = PPM * sum(
        shares.of(g) * (rows[g].cost_minor if g in rows else dearest)
        for g in (Grade.NEW, Grade.USED, Grade.DAMAGED)
    )
    misgrade = (PPM - shares.new) * product.misgrade_loss_minor * PPM if channel == Channel.RESTOCK else 0
    return income - cost - misgrade


def _repair_worth(route: RepairRoute) -> int:
    return (route.success_ppm * route.price_after_minor - route.cost_minor * PPM) * PPM
