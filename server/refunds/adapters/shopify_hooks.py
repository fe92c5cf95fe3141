"""What a webhook of Shopify says, and whose money it is. Pure.

The topic stands in a header that nobody signs, so the body decides what it is: a Refund names the order that
it pays back and its transactions, a Return its own id.
Source: REST Admin API 2025-10, resource Refund; webhook topics refunds/create and returns/*.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from inspection.errors import BadMessage
from inspection.money import LARGEST_MINOR
from server.returns.importing.mapped import MOST_OF_A_LINE, Place, Unmappable, split

LARGEST_ID = 2**63 - 1
REFUND, RETURN = "gid://shopify/Refund/", "gid://shopify/Return/"
OPEN = frozenset({"requested", "open"})
MOVED, STILL = "success", frozenset({"failure", "error"})
SHIPPING = "shipping_refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundedLine:
    """So many of one line of the order, and what Shopify counts for them."""

    sku: str
    """Empty where the line has none, or is no product."""
    quantity: int
    subtotal_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopifyRefund:
    """A refund as it was made at the shop."""

    id: str
    order: str
    at: datetime
    pending: bool
    """Some of its money may still come to nothing."""
    currency: str
    moved_minor: int
    """What its transactions paid back: the only word about money that counts."""
    shipping_minor: int
    lines: tuple[RefundedLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopifyReturn:
    """A return, by its id alone: the webhook names no SKU and no price."""

    id: str
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A unit of the order that money may be for."""

    unit: str
    sku: str
    line: int
    index: int
    owed_minor: int | None
    """What it was told to be paid, and is not known to have been; None where nothing was told."""
    withdrawn: bool = False

    def rank(self, share_minor: int) -> tuple[int, int, str]:
        """How well a share fits it, the best first: owed to the cent, owed, not inspected yet, all else."""
        if self.withdrawn:
            fit = 4
        elif self.owed_minor is None:
            fit = 2
        else:
            fit = 0 if self.owed_minor == share_minor else 1 if self.owed_minor > 0 else 3
        return fit, self.index, self.unit


def read_hook(body: bytes) -> ShopifyRefund | ShopifyReturn:
    """The refund or return of a body; raises BadMessage for anything else."""
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadMessage(f"the webhook is no JSON: {error}") from error
    place = Place(path="", value=tree)
    try:
        if place.at("refund_line_items").value is not None:
            return _refund(place)
        if place.at("admin_graphql_api_id").word().startswith(RETURN):
            return _return(place)
    except Unmappable as error:
        raise BadMessage(f"{error.path}: {error}") from error
    raise BadMessage("neither a refund nor a return: subscribe to refunds/create and returns/* alone")


def attribute(refund: ShopifyRefund, units: Sequence[Candidate]) -> dict[str, int]:
    """How much of the money is for which unit; what cannot be told apart is for none.

    Where the lines add up to what was paid, each unit has its share. Where another amount was paid, as after
    a deduction, it is what was told of these units if that is the sum, or one unit's if there is only one.
    """
    goods = refund.moved_minor - refund.shipping_minor
    if goods <= 0:
        return {}
    lines = refund.lines
    if not lines:  # an amount alone, as a shop pays a part: one unit's, if just one is owed it to the cent
        fitting = [each.unit for each in units if each.owed_minor == goods]
        return {fitting[0]: goods} if len(fitting) == 1 else {}
    whole = [line.subtotal_minor + line.tax_minor for line in lines]
    untaxed = [line.subtotal_minor for line in lines]  # of shops whose prices hold the tax
    for worth in (whole, untaxed):
        if sum(worth) == goods:
            return _by_line(lines, worth, units)
    chosen, count = _by_line(lines, whole, units), sum(line.quantity for line in lines)
    owed = {each.unit: each.owed_minor or 0 for each in units if each.unit in chosen}
    if len(owed) == count and sum(owed.values()) == goods and all(owed.values()):
        return owed
    if sum(whole) < goods:
        return chosen
    return dict.fromkeys(chosen, goods) if count == 1 else {}


def _by_line(
    lines: Sequence[RefundedLine], worth: Sequence[int], units: Sequence[Candidate]
) -> dict[str, int]:
    """Each line's worth among units of its SKU; none where two lines of the order have that SKU."""
    free, found = list(units), dict[str, int]()
    for line, total in zip(lines, worth, strict=True):
        fitting = [each for each in free if each.sku == line.sku]
        if total == 0 or len({each.line for each in fitting}) != 1:
            continue
        for share in split(total, line.quantity)[: len(fitting)]:
            best = min(fitting, key=lambda each: each.rank(share))
            fitting.remove(best)
            free.remove(best)
            found[best.unit] = share
    return found


def _return(place: Place) -> ShopifyReturn:
    named = place.at("admin_graphql_api_id")
    number = named.word().removeprefix(RETURN)
    if not (number.isascii() and number.isdigit()) or len(number) > 20:
        raise Unmappable(named.path, "bad_id", "an id such as gid://shopify/Return/1 is needed here")
    return ShopifyReturn(id=number, open=place.at("status").word().lower() in OPEN)


def _refund(place: Place) -> ShopifyRefund:
    id, named = str(place.at("id").number(1, LARGEST_ID)), place.at("admin_graphql_api_id")
    if named.value not in (None, REFUND + id):
        raise Unmappable(named.path, "bad_id", "this is another id than the refund's own")
    made = [each for each in place.at("transactions").each() if each.at("kind").value == "refund"]
    states = [each.at("status").word() for each in made]
    moved = [each for each, state in zip(made, states, strict=True) if state == MOVED]
    currency, amount = _moved(moved)
    return ShopifyRefund(
        id=id,
        order=str(place.at("order_id").number(1, LARGEST_ID)),
        at=_when(place),
        pending=any(state != MOVED and state not in STILL for state in states),
        currency=currency,
        moved_minor=amount,
        shipping_minor=_shipping(place, currency) if moved else 0,
        lines=tuple(_line(each, currency) for each in place.at("refund_line_items").each()) if moved else (),
    )


def _moved(transactions: Sequence[Place]) -> tuple[str, int]:
    """Currency and sum of what was paid back; empty and 0 where nothing was."""
    currencies = {each.at("currency").text() for each in transactions}
    if len(currencies) > 1:
        raise Unmappable("transactions", "currencies", "one refund has one currency")
    currency = next(iter(currencies), "")
    total = sum(each.at("amount").amount(currency) for each in transactions)
    if total > LARGEST_MINOR:
        raise Unmappable("transactions", "bad_amount", f"at most {LARGEST_MINOR} minor units are paid back")
    return currency, total


def _line(place: Place, currency: str) -> RefundedLine:
    return RefundedLine(
        sku=place.at("line_item").at("sku").word(),
        quantity=place.at("quantity").number(1, MOST_OF_A_LINE),
        subtotal_minor=_money(place, "subtotal", currency).amount(currency),
        tax_minor=_money(place, "total_tax", currency).amount(currency),
    )


def _shipping(place: Place, currency: str) -> int:
    """What was paid back for shipping; Shopify writes it below 0."""
    adjustments = place.at("order_adjustments")
    if adjustments.value is None:
        return 0
    shipping = [each for each in adjustments.each() if each.at("kind").value == SHIPPING]
    amounts = [_money(each, name, currency) for each in shipping for name in ("amount", "tax_amount")]
    return sum(_unsigned(each).amount(currency) for each in amounts)


def _money(place: Place, name: str, currency: str) -> Place:
    """Where an amount stands in this currency; raises Unmappable where it stands in others only."""
    both = place.at(f"{name}_set")
    for which in ("presentment_money", "shop_money"):
        if both.at(which).at("currency_code").value == currency:
            return both.at(which).at("amount")
    if both.value is not None:
        raise Unmappable(both.path, "currencies", f"the money came back in {currency[:3]}, and this does not")
    return place.at(name)


def _unsigned(place: Place) -> Place:
    value = place.value
    if isinstance(value, str):
        return Place(path=place.path, value=value.removeprefix("-"))
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return Place(path=place.path, value=abs(value)) if known else place


def _when(place: Place) -> datetime:
    """When it was made; raises Unmappable for what is no time with its zone."""
    named = place.at("processed_at")
    named = named if named.value is not None else place.at("created_at")
    try:
        at = datetime.fromisoformat(named.text())
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Unmappable(named.path, "bad_time", "a time with its zone is needed here")
