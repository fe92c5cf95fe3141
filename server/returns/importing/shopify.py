"""Shopify's `Return` as units. Pure.

Taken is what the GraphQL Admin API answers to a query for `return(id:)`; docs/returns.md has the query. The
webhooks `returns/request` and `returns/approve` name neither SKU nor price: here they are refused, with the
remedy.
Source: GraphQL Admin API 2025-10, objects Return, ReturnLineItem, LineItem, MoneyBag, enum ReturnReason.
"""

from collections.abc import Iterator, Sequence

from inspection.returns import ReturnReason
from server.returns.importing.mapped import (
    MOST_OF_A_LINE,
    Drafted,
    Mapped,
    MappingFault,
    Place,
    Tree,
    Unmappable,
    drafted,
    map_lines,
    need_room,
    reason_of,
    split,
)

REASONS = {
    "color": ReturnReason.NOT_AS_DESCRIBED,
    "defective": ReturnReason.DEFECTIVE,
    "not_as_described": ReturnReason.NOT_AS_DESCRIBED,
    "size_too_large": ReturnReason.WRONG_SIZE,
    "size_too_small": ReturnReason.WRONG_SIZE,
    "style": ReturnReason.CHANGED_MIND,
    "unwanted": ReturnReason.CHANGED_MIND,
    "wrong_item": ReturnReason.NOT_AS_DESCRIBED,
}
"""`other`, `unknown` and what is newer than this table are read from the customer's note, if there is one."""
OPEN = frozenset({"REQUESTED", "OPEN"})
CAPTURED = frozenset({"SALE", "CAPTURE"})


def units_of(payload: Tree, merchant: str) -> Mapped:
    """Map a payload; what cannot become a unit comes back as a fault with its place."""
    try:
        found = _return(payload)
        authorization = found.at("id")
        header = _header(found, merchant, authorization)
        lines = _lines(found.at("order"))
        returned = list(_nodes(found.at("returnLineItems")))
    except Unmappable as error:
        return Mapped(faults=(MappingFault.of(error),))
    return map_lines(returned, lambda line, before: _units(line, header, lines, before))


def _return(payload: Tree) -> Place:
    place = Place(path="", value=payload)
    for name in ("data", "return"):
        if isinstance(place.value, dict) and name in place.value:
            place = place.at(name)
    if place.at("return_line_items").value is not None:
        detail = "a webhook names no SKU and no price: ask for the Return by its id, and send that"
        raise Unmappable("return_line_items", "webhook_only", detail)
    if not isinstance(place.value, dict):
        raise Unmappable(place.path or "return", "missing", "no Return is here")
    status = place.at("status")
    if status.word() not in OPEN:
        raise Unmappable(status.path, "not_open", "only a return that is requested or open is announced")
    return place


def _header(found: Place, merchant: str, authorization: Place) -> dict[str, Tree]:
    order = found.at("order")
    customer = order.at("customer").at("id")
    number = _number(order.at("id"))
    return {
        "merchant": merchant,
        "authorization": _number(authorization),
        "order": number,
        "customer": _number(customer) if customer.value is not None else f"guest-{number}",
        "payment": _payment(order),
    }


def _payment(order: Place) -> str | None:
    """The one captured payment; None where there are several, or nobody asked for them."""
    if order.at("transactions").value is None:
        return None
    captured = [
        _number(each.at("id"))
        for each in order.at("transactions").each()
        if each.at("kind").word() in CAPTURED and each.at("status").value == "SUCCESS"
    ]
    return captured[0] if len(captured) == 1 else None


def _lines(order: Place) -> dict[str, tuple[int, int]]:
    """Number and quantity of each line of the order, by its id: in the order in which they were made."""
    found = {_number(each.at("id")): each for each in _nodes(order.at("lineItems"))}
    ordered = sorted(found, key=int)
    return {
        name: (place, found[name].at("quantity").number(1, MOST_OF_A_LINE))
        for place, name in enumerate(ordered, start=1)
    }


def _units(
    line: Place, header: dict[str, Tree], lines: dict[str, tuple[int, int]], before: Sequence[Drafted]
) -> Iterator[Drafted]:
    item = line.at("fulfillmentLineItem").at("lineItem")
    number, ordered = lines.get(_number(item.at("id")), (0, 0))
    if not number:
        raise Unmappable(item.at("id").path, "unknown_line", "the order has no such line")
    if any(each.unit.line == number for each in before):
        raise Unmappable(line.path, "line_twice", "the return names this line of the order twice")
    quantity = line.at("quantity").number(1, MOST_OF_A_LINE)
    need_room(len(before), quantity, line)
    sku, (prices, currency) = item.at("sku").text(), _prices(line, quantity)
    for index, paid in enumerate(prices, start=1):
        said = {
            "id": f"{header['authorization']}/{number}/{index}",
            "line": number,
            "index": index,
            "sku": sku,
            "paid_minor": paid,
            "currency": currency,
        }
        yield drafted(header | said | _reason(line), line, ordered)


def _prices(line: Place, quantity: int) -> tuple[list[int], str]:
    """What was paid for each unit, in the currency that the customer paid in."""
    whole, many = line.at("withCodeDiscountedTotalPriceSet"), quantity
    if whole.value is None:
        fulfilled = line.at("fulfillmentLineItem")
        whole, many = fulfilled.at("discountedTotalSet"), fulfilled.at("quantity").number(1, MOST_OF_A_LINE)
    if many < quantity:
        raise Unmappable(line.at("quantity").path, "over_quantity", "more come back than were sent")
    money = whole.at("presentmentMoney")
    money = money if money.value is not None else whole.at("shopMoney")
    currency = money.at("currencyCode").text()
    return split(money.at("amount").amount(currency), many)[:quantity], currency


def _reason(line: Place) -> dict[str, Tree]:
    known = REASONS.get(line.at("returnReason").word().lower())
    return reason_of(known, line.at("customerNote").word(), line.at("returnReasonNote").word())


def _nodes(connection: Place) -> Iterator[Place]:
    """The nodes of a connection, in either of its two spellings."""
    if connection.at("edges").value is not None:
        yield from (edge.at("node") for edge in connection.at("edges").each())
    else:
        yield from connection.at("nodes").each()


def _number(place: Place) -> str:
    """The number at the end of `gid://shopify/Order/123`; raises Unmappable for another text."""
    head, _, number = place.text().rpartition("/")
    if not head.startswith("gid://shopify/") or not (number.isascii() and number.isdigit()):
        raise Unmappable(place.path, "bad_id", "an id such as gid://shopify/Return/1 is needed here")
    return number[:20]
