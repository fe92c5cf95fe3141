"""What Shopify answers, in our words. Pure.

A refund keeps no reference of ours. So the order's refunds are counted when it is read (`version`), and ours
is the one of our payment and amount among those that came since; two such are a person's to tell apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from inspection.errors import BadAmount, UnknownCurrency
from inspection.money import minor_of
from inspection.payouts import PayoutCode
from server.errors import GatewayDown, GatewayRefused, UnclearAnswer
from server.refunds.adapters.shopify import refunds_before
from server.refunds.adapters.shopify_answers import (
    MOST_TRANSACTIONS,
    Bag,
    Fields,
    Order,
    Transaction,
    UserError,
    Whole,
)
from server.refunds.gateway import PaymentRef, PaymentStanding, Payout, PayoutAnswer, PayoutState

USUAL_WAIT_S, LONGEST_WAIT_S = 2.0, 3_600.0
HELD_UP = frozenset({"PENDING", "AWAITING_RESPONSE"})
FAILED = frozenset({"FAILURE", "ERROR"})

NOT_ADMITTED = frozenset({"ACCESS_DENIED", "SHOP_INACTIVE"})
MALFORMED = frozenset(
    {
        "argumentLiteralsIncompatible", "argumentNotAccepted", "missingRequiredArguments", "parameterMissing",
        "undefinedField", "undefinedType", "variableMismatch", "INVALID_VARIABLE", "MAX_COST_EXCEEDED",
    }
)  # fmt: skip
"""Found before anything is done."""
USER_ERRORS: Mapping[PayoutCode, frozenset[str]] = {
    PayoutCode.PAYMENT_UNKNOWN: frozenset({"NOT_FOUND"}),
    PayoutCode.NOT_REFUNDABLE: frozenset(
        {"INCOMPATIBLE_WITH_STANDARD_POLICY", "INVALID_STATE", "NOT_EDITABLE"}
    ),
    PayoutCode.OVER_REFUND: frozenset({"LESS_THAN", "LESS_THAN_OR_EQUAL_TO", "TOO_BIG"}),
    PayoutCode.ALREADY_REFUNDED: frozenset({"ALREADY_EXISTS", "TAKEN"}),
    PayoutCode.CREDENTIALS_REFUSED: frozenset(
        {"MISSING_PERMISSION", "FEATURE_NOT_ENABLED"}
    ),
    PayoutCode.REQUEST_REFUSED: frozenset(
        {
            "BLANK", "EQUAL_TO", "GREATER_THAN", "GREATER_THAN_OR_EQUAL_TO", "INCLUSION", "INVALID",
            "NOT_A_NUMBER", "PRESENT", "TOO_LONG", "TOO_MANY_ARGUMENTS", "TOO_SHORT", "WRONG_LENGTH",
        }
    ),
}  # fmt: skip
"""`ReturnErrorCode`. The others are ambiguous: CREATION_FAILED, INTERNAL_ERROR, NOTIFICATION_FAILED (the
money moved, the customer's mail did not), and whatever comes later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What the shop would pay back for a unit: to compare, never to obey."""

    currency: str
    amount_minor: int
    maximum_minor: int
    by_payment: tuple[tuple[str, int], ...]


def read(payout: Payout, status: int, content: bytes) -> PayoutAnswer:
    """What became of a payout, whatever the answer is."""
    try:
        whole = _whole(status, content)
        said = _certain(whole) or _of_data(payout, whole.data)
    except UnclearAnswer:
        said = _by_status(status)
    if said.state == PayoutState.REFUSED and payout.sent_before is not None:
        return replace(said, state=PayoutState.UNKNOWN)  # it may say no because it was heard before
    return said


def read_disposed(status: int, content: bytes) -> PayoutAnswer:
    """What became of `dispose_to_wire`: CONFIRMED means that it was said, no money moves."""
    try:
        whole = _whole(status, content)
    except UnclearAnswer:
        return _by_status(status)
    said = _certain(whole)
    disposed = whole.data and whole.data.reverseFulfillmentOrderDispose
    if said is not None or not disposed:
        return said or _unknown(PayoutCode.UNCLEAR_ANSWER)
    if disposed.userErrors:
        return _of_user_errors(disposed.userErrors)
    return PayoutAnswer(state=PayoutState.CONFIRMED, code=PayoutCode.UNDER_WAY)


def read_standing(payment: PaymentRef, status: int, content: bytes) -> PaymentStanding:
    """What is captured and refunded of a payment; raises GatewayDown or GatewayRefused."""
    order = _order(payment, status, content)
    ours = [each for each in order.transactions if each.id == payment.payment]
    if not any(each.kind in ("SALE", "CAPTURE") and each.status == "SUCCESS" for each in ours):
        raise GatewayRefused("the order has no such payment")
    currency = ours[0].amountSet.presentmentMoney.currencyCode
    refunds = _refunds(order)
    moved = [each for each in refunds if each.status not in FAILED and _parent(each) == payment.payment]
    return PaymentStanding(
        captured_minor=_minor(ours[0].amountSet, currency),
        refunded_minor=sum(_minor(each.amountSet, currency) for each in moved),
        currency=currency,
        version=str(len(refunds)),
    )


def read_back(payout: Payout, status: int, content: bytes) -> PayoutAnswer | None:
    """Find a payout whose answer was lost; None: it was never made. Raises GatewayDown."""
    return _ours(payout, _order(payout.payment, status, content))


def read_suggestion(payment: PaymentRef, status: int, content: bytes) -> Suggestion:
    """What the shop would pay back; raises GatewayDown or GatewayRefused."""
    said = _told(status, content).return_
    if said is None:
        raise GatewayRefused("the shop knows no such return")
    outcome = said.suggestedFinancialOutcome
    if outcome is None:
        raise UnclearAnswer("the shop suggests nothing")
    currency, transfer = payment.currency, outcome.financialTransfer
    paid = transfer.amount if transfer else None
    shares = transfer.suggestedTransactions if transfer else ()
    return Suggestion(
        currency=currency,
        amount_minor=_minor(paid, currency) if paid else 0,
        maximum_minor=_minor(outcome.maximumRefundable, currency),
        by_payment=tuple(
            (each.parentTransaction.id, _minor(each.amountSet, currency))
            for each in shares
            if each.parentTransaction
        ),
    )


def _whole(status: int, content: bytes) -> Whole:
    if status != 200:
        raise UnclearAnswer(f"the shop answered HTTP {status}")
    return Whole.of(content)


def _by_status(status: int) -> PayoutAnswer:
    """What is known without an answer that can be read."""
    if status == 429:
        return PayoutAnswer(
            state=PayoutState.NOT_SENT, code=PayoutCode.TOO_MANY_CALLS, retry_after_s=USUAL_WAIT_S
        )
    if status in (401, 403):
        return PayoutAnswer(state=PayoutState.NOT_SENT, code=PayoutCode.CREDENTIALS_REFUSED)
    return _unknown(PayoutCode.PEER_FAILED if status >= 500 else PayoutCode.UNCLEAR_ANSWER)


def _certain(whole: Whole) -> PayoutAnswer | None:
    """What errors of the request as a whole say; None where there are none.

    They are certain only where nothing was done: without data, and not from deeper than the mutation itself.
    An error deeper down, such as a field that may not be read, comes after the money moved.
    """
    if not whole.errors:
        return None
    deeper = any(len(error.path or ()) > 1 for error in whole.errors)
    if deeper or (whole.data is not None and whole.data != Fields()):
        return _unknown(PayoutCode.UNCLEAR_ANSWER)
    codes = {error.extensions.code for error in whole.errors}
    if codes == {"THROTTLED"}:
        return PayoutAnswer(
            state=PayoutState.NOT_SENT, code=PayoutCode.TOO_MANY_CALLS, retry_after_s=_wait_s(whole)
        )
    if codes <= NOT_ADMITTED:
        return PayoutAnswer(state=PayoutState.NOT_SENT, code=PayoutCode.CREDENTIALS_REFUSED)
    if codes <= MALFORMED:
        return PayoutAnswer(state=PayoutState.REFUSED, code=PayoutCode.REQUEST_REFUSED)
    return _unknown(PayoutCode.PEER_FAILED)


def _wait_s(whole: Whole) -> float:
    cost = whole.extensions.cost if whole.extensions else None
    if cost is None or cost.throttleStatus.restoreRate <= 0:
        return USUAL_WAIT_S
    missing = cost.requestedQueryCost - cost.throttleStatus.currentlyAvailable
    return min(max(missing / cost.throttleStatus.restoreRate, 1.0), LONGEST_WAIT_S)


def _of_data(payout: Payout, data: Fields | None) -> PayoutAnswer:
    """What the mutation says of itself, against the order's movements that came with it."""
    processed, refunded = (data.returnProcess, data.refundCreate) if data else (None, None)
    order = refunded.order if refunded else None
    if processed is not None and processed.return_ is not None:
        order = processed.return_.order
    found = _ours(payout, order) if order is not None else None
    errors = processed.userErrors if processed else refunded.userErrors if refunded else ()
    if errors:
        return _unknown(PayoutCode.UNCLEAR_ANSWER) if found else _of_user_errors(errors)
    return found or _unknown(PayoutCode.UNCLEAR_ANSWER)


def _of_user_errors(errors: Sequence[UserError]) -> PayoutAnswer:
    """The first of them, unless one is ambiguous."""
    codes = [next((ours for ours, theirs in USER_ERRORS.items() if e.code in theirs), None) for e in errors]
    if None in codes or codes[0] is None:
        return _unknown(PayoutCode.UNCLEAR_ANSWER)
    lacks_right = codes[0] == PayoutCode.CREDENTIALS_REFUSED
    return PayoutAnswer(state=PayoutState.NOT_SENT if lacks_right else PayoutState.REFUSED, code=codes[0])


def _ours(payout: Payout, order: Order) -> PayoutAnswer | None:
    """The one refund that came since the order was read, of our payment and amount; None: there is none."""
    if order.id != payout.payment.order:
        raise UnclearAnswer("the answer is about another order")
    refunds, before = _refunds(order), refunds_before(payout)
    if len(refunds) < before:
        raise UnclearAnswer("the order has fewer refunds than it had")
    currency, fit = payout.payment.currency, []
    for each in refunds[before:]:
        same = each.amountSet.presentmentMoney.currencyCode == currency
        if same and _parent(each) == payout.payment.payment:
            fit += [each] if _minor(each.amountSet, currency) == payout.amount_minor else []
    if len(fit) > 1:
        return _unknown(PayoutCode.SEVERAL_FIT)
    return _of_transaction(payout, fit[0]) if fit else None


def _of_transaction(payout: Payout, found: Transaction) -> PayoutAnswer:
    if found.status == "SUCCESS":
        state, code = PayoutState.CONFIRMED, PayoutCode.REFUNDED
    elif found.status in HELD_UP:
        state, code = PayoutState.PENDING, PayoutCode.UNDER_WAY
    elif found.status in FAILED:
        state, code = PayoutState.REFUSED, PayoutCode.REFUND_FAILED
    else:
        state, code = PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER
    return PayoutAnswer(state=state, code=code, reference=found.id, amount_minor=payout.amount_minor)


def _told(status: int, content: bytes) -> Fields:
    """The data of a question; raises GatewayDown or GatewayRefused."""
    if status in (401, 403):
        raise GatewayRefused("the shop does not admit us")
    whole = _whole(status, content)
    said = _certain(whole)
    if said is not None:
        refused = said.code in (PayoutCode.CREDENTIALS_REFUSED, PayoutCode.REQUEST_REFUSED)
        raise (
            GatewayRefused("the shop does not tell") if refused else GatewayDown("the shop does not tell now")
        )
    if whole.data is None:
        raise UnclearAnswer("the answer has neither data nor errors")
    return whole.data


def _order(payment: PaymentRef, status: int, content: bytes) -> Order:
    order = _told(status, content).order
    if order is None:
        raise GatewayRefused("the shop knows no such order")
    if order.id != payment.order:
        raise UnclearAnswer("the answer is about another order")
    return order


def _refunds(order: Order) -> list[Transaction]:
    """Oldest first, so that those that came since are the last."""
    if len(order.transactions) >= MOST_TRANSACTIONS:
        raise UnclearAnswer("the order has more movements than were told")
    refunds = [each for each in order.transactions if each.kind == "REFUND"]
    return sorted(refunds, key=lambda each: (each.createdAt, each.id))


def _parent(transaction: Transaction) -> str | None:
    return transaction.parentTransaction.id if transaction.parentTransaction else None


def _minor(bag: Bag, currency: str) -> int:
    if bag.presentmentMoney.currencyCode != currency:
        raise UnclearAnswer("the answer is in another currency")
    try:
        return minor_of(bag.presentmentMoney.amount, currency)
    except (BadAmount, UnknownCurrency):
        raise UnclearAnswer("an amount is none") from None


def _unknown(code: PayoutCode) -> PayoutAnswer:
    return PayoutAnswer(state=PayoutState.UNKNOWN, code=code)
