"""A payment system by its own strict rules, with every fault on the line, and no line."""

from dataclasses import dataclass, field

from inspection.payouts import PayoutCode
from server.refunds.gateway import PaymentStanding, Payout, PayoutAnswer, PayoutState

FAULTS = ("lost_before", "lost_after", "error_before", "error_after", "pending", "stale", "refuse")


@dataclass
class Made:
    """One refund that the payment system made."""

    payment: str
    unit: str
    amount: int
    pending: bool = False
    failed: bool = False


@dataclass
class Shop:
    """The payment system: by its own rules nothing goes beyond what was captured."""

    captured: dict[str, int]
    currency: dict[str, str]
    made: dict[str, Made] = field(default_factory=dict)
    by_hand: dict[str, int] = field(default_factory=dict)

    def refunded(self, payment: str) -> int:
        ours = sum(each.amount for each in self.made.values() if each.payment == payment and not each.failed)
        return ours + self.by_hand.get(payment, 0)

    def paid(self, unit: str) -> int:
        return sum(each.amount for each in self.made.values() if each.unit == unit and not each.failed)

    def standing(self, payment: str) -> PaymentStanding:
        return PaymentStanding(
            captured_minor=self.captured[payment],
            refunded_minor=self.refunded(payment),
            currency=self.currency[payment],
        )

    def pay_back(self, payout: Payout, trouble: str) -> PayoutAnswer:
        assert payout.key not in self.made, "asked for again although it was made"
        assert payout.amount_minor > 0
        if trouble == "lost_before":
            return said(PayoutState.NOT_SENT, PayoutCode.NOT_REACHED)
        if trouble == "stale":
            return said(PayoutState.STALE, PayoutCode.VERSION_MOVED)
        if trouble == "error_before":
            return said(PayoutState.UNKNOWN, PayoutCode.PEER_FAILED)
        if trouble == "refuse":
            return said(PayoutState.REFUSED, PayoutCode.NOT_REFUNDABLE)
        payment = payout.payment.payment
        if self.refunded(payment) + payout.amount_minor > self.captured[payment]:
            return said(PayoutState.REFUSED, PayoutCode.OVER_REFUND)
        pending = trouble == "pending"
        self.made[payout.key] = Made(payment, payout.unit, payout.amount_minor, pending)
        if trouble in ("lost_after", "error_after"):
            return said(PayoutState.UNKNOWN, PayoutCode.NO_ANSWER)
        return self.told(payout.key)

    def look_up(self, key: str) -> PayoutAnswer | None:
        return self.told(key) if key in self.made else None

    def told(self, key: str) -> PayoutAnswer:
        made = self.made[key]
        if made.failed:
            return said(PayoutState.REFUSED, PayoutCode.REFUND_FAILED)
        if made.pending:
            return PayoutAnswer(state=PayoutState.PENDING, code=PayoutCode.UNDER_WAY, reference=f"re_{key}")
        return PayoutAnswer(
            state=PayoutState.CONFIRMED,
            code=PayoutCode.REFUNDED,
            reference=f"re_{key}",
            amount_minor=made.amount,
        )


def said(state: PayoutState, code: PayoutCode) -> PayoutAnswer:
    return PayoutAnswer(state=state, code=code)
