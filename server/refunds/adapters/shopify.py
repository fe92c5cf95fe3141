"""Shopify: a unit's disposition and its money in one `returnProcess`. Pure.

A line of a return can be processed once: a second payout for the same unit is a `refundCreate`. That one is
documented as idempotent by a key, `returnProcess` is not. `allowOverRefunding` is never said.
What comes back is read in `shopify_reading`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import orjson

from inspection.grades import Channel, Disposition, ReturnException
from inspection.money import text_of
from server.errors import NotSayable
from server.refunds.adapters import shopify_answers as asked
from server.refunds.adapters.wire import Request
from server.refunds.gateway import PaymentRef, Payout

KEYS = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""RFC 9562, namespace URL: keys are made from `regrade:{payout}`."""

DISPOSITIONS: Mapping[Disposition, str] = {
    Disposition.RESALE: "NOT_RESTOCKED",
    Disposition.REPAIR: "PROCESSING_REQUIRED",
    Disposition.SCRAP: "NOT_RESTOCKED",
    Disposition.HOLD: "PROCESSING_REQUIRED",
}
"""RESTOCKED is said of the channel `restock` alone: a used unit in a product's own stock is sold as new."""
NO_LINE = frozenset({ReturnException.DUPLICATE, ReturnException.OVER_QUANTITY})
"""No line of the return is left for such a unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnLine:
    """Where a unit stands in the shop's return, and what was decided of it."""

    return_id: str
    line: str
    reverse_line: str
    """The line of the reverse fulfilment order: that one is disposed of."""
    location: str | None
    """Where it is put back; needed for RESTOCKED only."""
    disposition: Disposition
    channel: Channel
    exception: ReturnException | None
    processed: bool = False
    """True once a payout of this unit went through: the line is closed then."""
    gateway: str | None = None
    """The payment's own name of its gateway; needed once the line is processed."""


def disposition_of(line: ReturnLine) -> str:
    """Our disposition in Shopify's word; raises NotSayable where the return has no line for it."""
    if line.exception in NO_LINE:
        raise NotSayable(f"no line of the return is left for a unit that is {line.exception}")
    if line.exception == ReturnException.EMPTY_BOX:
        return "MISSING"
    if line.exception is not None:
        return "PROCESSING_REQUIRED"
    if (line.disposition, line.channel) == (Disposition.RESALE, Channel.RESTOCK):
        return "RESTOCKED"
    return DISPOSITIONS[line.disposition]


def to_wire(payout: Payout, line: ReturnLine) -> Request:
    """Ask for one payout; raises NotSayable for what Shopify cannot be told."""
    refunds_before(payout)
    if payout.amount_minor <= 0:
        raise NotSayable("a refund is more than nothing")
    amount = text_of(payout.amount_minor, payout.payment.currency)
    parent = _gid("OrderTransaction", payout.payment.payment)
    if line.processed:
        return _refund(payout, line, amount, parent)
    money = {"amount": amount, "currencyCode": payout.payment.currency}
    process = {
        "returnId": _gid("Return", line.return_id),
        "returnLineItems": [
            {"id": _gid("ReturnLineItem", line.line), "quantity": 1, "dispositions": [_dispose(line)]}
        ],
        "financialTransfer": {
            "issueRefund": {"orderTransactions": [{"parentId": parent, "transactionAmount": money}]}
        },
        "note": payout.key,
        "notifyCustomer": False,
    }
    return _request(asked.PROCESS, {"input": process})


def dispose_to_wire(line: ReturnLine) -> Request:
    """Say only what became of the goods, where no money moves."""
    return _request(asked.DISPOSE, {"inputs": [_dispose(line)]})


def standing_to_wire(payment: PaymentRef) -> Request:
    """Ask for an order's movements: for a standing, and to find a payout whose answer was lost."""
    return _request(asked.ORDER, {"id": _gid("Order", payment.order)})


def suggestion_to_wire(line: ReturnLine) -> Request:
    """Ask what the shop itself would pay back."""
    lines = [{"id": _gid("ReturnLineItem", line.line), "quantity": 1}]
    return _request(asked.SUGGEST, {"id": _gid("Return", line.return_id), "lines": lines})


def _refund(payout: Payout, line: ReturnLine, amount: str, parent: str) -> Request:
    """More money for a unit whose line is closed. The key is kept for 24 hours there, ours for ever."""
    if not line.gateway:
        raise NotSayable("a second refund of a unit names the payment's gateway")
    order = _gid("Order", payout.payment.order)
    movement = {"orderId": order, "parentId": parent, "kind": "REFUND", "gateway": line.gateway}
    refund = {
        "orderId": order,
        "currency": payout.payment.currency,
        "note": payout.key,
        "notify": False,
        "transactions": [{**movement, "amount": amount}],
    }
    return _request(asked.REFUND, {"input": refund, "key": str(uuid5(KEYS, f"regrade:{payout.key}"))})


def _dispose(line: ReturnLine) -> dict[str, Any]:
    word = disposition_of(line)
    said: dict[str, Any] = {
        "reverseFulfillmentOrderLineItemId": _gid("ReverseFulfillmentOrderLineItem", line.reverse_line),
        "quantity": 1,
        "dispositionType": word,
    }
    if word == "RESTOCKED":
        if line.location is None:
            raise NotSayable("what is put back into stock is put back at a location")
        said["locationId"] = _gid("Location", line.location)
    return said


def _gid(kind: str, value: str) -> str:
    number = value.removeprefix(f"gid://shopify/{kind}/")
    if number == value or not (number.isascii() and number.isdigit()) or len(number) > 20:
        raise NotSayable(f"this is no id of a {kind}")
    return value


def refunds_before(payout: Payout) -> int:
    """How many refunds the order had when it was read."""
    version = payout.version or ""
    if not (version.isascii() and version.isdigit()) or len(version) > 4:
        raise NotSayable("the order was not read before")
    return int(version)


def _request(query: str, variables: Mapping[str, Any]) -> Request:
    body = orjson.dumps({"query": query, "variables": variables})
    return Request(method="POST", path=asked.PATH, headers={"content-type": "application/json"}, body=body)
