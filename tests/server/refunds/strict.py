"""A payment system that keeps the rules and misbehaves on the line: it never lies about what it holds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from server.errors import GatewayDown
from server.refunds.gateway import PaymentRef, PaymentStanding, Payout, PayoutAnswer, PayoutState


class Trouble(StrEnum):
    """What goes wrong with one request."""

    LOST_BEFORE = "lost_before"
    """Nothing arrives, and that is certain."""
    LOST_AFTER = "lost_after"
    """It is done, and the answer never comes."""
    ERROR_AFTER = "error_after"
    """It is done, and the answer says that it was not: Medusa does."""
    ERROR_BEFORE = "error_before"
    """Nothing is done, and the answer leaves it open."""
    PENDING = "pending"
    STALE = "stale"
    DOWN = "down"
    """It cannot even be asked."""


@dataclass
class StrictSystem:
    """Payments and refunds; no refund beyond what was captured, one per key."""

    captured: dict[str, int]
    currency: str = "CNY"
    troubles: list[Trouble | None] = field(default_factory=list)
    """Taken one by one; then all is well."""
    refunds: dict[str, tuple[str, int]] = field(default_factory=dict)
    """By key: the payment and the amount."""
    asked: int = 0
    on_asked: Callable[[], None] | None = None

    def refunded(self, payment: str) -> int:
        return sum(amount for name, amount in self.refunds.values() if name == payment)

    async def standing(self, payment: PaymentRef) -> PaymentStanding:
        if self.troubles and self.troubles[0] is Trouble.DOWN:
            self.troubles.pop(0)
            raise GatewayDown("down")
        return PaymentStanding(
            captured_minor=self.captured[payment.payment],
            refunded_minor=self.refunded(payment.payment),
            currency=self.currency,
        )

    async def pay_back(self, payout: Payout) -> PayoutAnswer:
        self.asked += 1
        if self.on_asked is not None:
            self.on_asked()
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble is Trouble.LOST_BEFORE:
            return PayoutAnswer(state=PayoutState.NOT_SENT, code="not_reached")
        if trouble is Trouble.STALE:
            return PayoutAnswer(state=PayoutState.STALE, code="version_moved")
        if trouble is Trouble.ERROR_BEFORE:
            return PayoutAnswer(state=PayoutState.UNKNOWN, code="peer_failed")
        made = self._make(payout)
        if trouble in (Trouble.LOST_AFTER, Trouble.ERROR_AFTER):
            return PayoutAnswer(state=PayoutState.UNKNOWN, code="no_answer")
        if trouble is Trouble.PENDING and made.state is PayoutState.CONFIRMED:
            return PayoutAnswer(state=PayoutState.PENDING, code="under_way", reference=made.reference)
        return made

    async def look_up(self, payout: Payout) -> PayoutAnswer | None:
        if self.troubles and self.troubles[0] is Trouble.DOWN:
            self.troubles.pop(0)
            raise GatewayDown("down")
        return self._found(payout.key) if payout.key in self.refunds else None

    def _make(self, payout: Payout) -> PayoutAnswer:
        if payout.key in self.refunds:
            return self._found(payout.key)
        payment = payout.payment.payment
        if self.refunded(payment) + payout.amount_minor > self.captured[payment]:
            return PayoutAnswer(state=PayoutState.REFUSED, code="over_refund")
        self.refunds[payout.key] = (payment, payout.amount_minor)
        return self._found(payout.key)

    def _found(self, key: str) -> PayoutAnswer:
        return PayoutAnswer(
            state=PayoutState.CONFIRMED,
            code="refunded",
            reference=f"re_{key}",
            amount_minor=self.refunds[key][1],
        )
