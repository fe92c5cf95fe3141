"""Medusa's return with its order as units. Pure.

Taken is `{"return": ..., "order": ...}`, as `GET /admin/returns/{id}` and `GET /admin/orders/{id}` answer:
the return alone names neither SKU nor price. Amounts are decimals in major units there.
Source: Medusa 2.x, HttpTypes.AdminReturn and AdminOrder.
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

OPEN = frozenset({"open", "requested", "received", "partially_received"})
REASONS = {each.value: each for each in ReturnReason} | {
    "wrong_item": ReturnReason.NOT_AS_DESCRIBED,
    "damaged": ReturnReason.DAMAGED_IN_TRANSIT,
    "size": ReturnReason.WRONG_SIZE,
    "too_small": ReturnReason.WRONG_SIZE,
    "too_big": ReturnReason.WRONG_SIZE,
    "too_large": ReturnReason.WRONG_SIZE,
}
"""A shop names its reasons itself: ours and the usual ones are known, others are read from the note."""


def units_of(payload: Tree, merchant: str) -> Mapped:
    """Map a payload; what cannot become a unit comes back as a fault with its place."""
    whole = Place(path="", value=payload)
    try:
        header = _header(whole, merchant)
        lines = _lines(whole.at("order"))
        returned = list(whole.at("return").at("items").each())
    except Unmappable as error:
        return Mapped(faults=(MappingFault.of(error),))
    return map_lines(returned, lambda item, before: _units(item, header, lines, before))


def _header(whole: Place, merchant: str) -> dict[str, Tree]:
    found, order = whole.at("return"), whole.at("order")
    if found.at("order_id").text() != order.at("id").text():
        raise Unmappable(found.at("order_id").path, "other_order", "the return is of another order")
    status = found.at("status")
    if status.word() not in OPEN:
        raise Unmappable(status.path, "not_open", "only a return that is requested or received is announced")
    customer = order.at("customer_id")
    return {
        "merchant": merchant,
        "authorization": found.at("id").text(),
        "order": order.at("id").text(),
        "customer": customer.text() if customer.value is not None else f"guest-{order.at('id').text()}",
        "currency": order.at("currency_code").text().upper(),
        "payment": _payment(order),
    }


def _payment(order: Place) -> str | None:
    """The one captured payment; None where there are several, or none is told."""
    collections = order.at("payment_collections")
    if collections.value is None:
        return None
    captured = [
        payment.at("id").text()
        for collection in collections.each()
        if collection.at("payments").value is not None
        for payment in collection.at("payments").each()
        if payment.at("captured_at").value and not payment.at("canceled_at").value
    ]
    return captured[0] if len(captured) == 1 else None


def _lines(order: Place) -> dict[str, tuple[int, Place]]:
    """Number and item of each line of the order, by its id: ids sort as they were made."""
    found = {each.at("id").text(): each for each in order.at("items").each()}
    return {name: (place, found[name]) for place, name in enumerate(sorted(found), start=1)}


def _units(
    item: Place, header: dict[str, Tree], lines: dict[str, tuple[int, Place]], before: Sequence[Drafted]
) -> Iterator[Drafted]:
    named = item.at("item_id")
    number, line = lines.get(named.text(), (0, item))
    if not number:
        raise Unmappable(named.path, "unknown_line", "the order has no such item")
    if any(each.unit.line == number for each in before):
        raise Unmappable(item.path, "line_twice", "the return names this item of the order twice")
    quantity = item.at("quantity").number(1, MOST_OF_A_LINE)
    need_room(len(before), quantity, item)
    ordered = line.at("quantity").number(1, MOST_OF_A_LINE)
    if quantity > ordered:
        raise Unmappable(item.at("quantity").path, "over_quantity", f"the order has {ordered} of it")
    sku = line.at("variant_sku").text()
    prices = _prices(line, ordered, header["currency"])
    for index, paid in enumerate(prices[:quantity], start=1):
        said = {
            "id": f"{header['authorization']}/{number}/{index}",
            "line": number,
            "index": index,
            "sku": sku,
            "paid_minor": paid,
        }
        yield drafted(header | said | _reason(item), item, ordered, prices)


def _prices(line: Place, ordered: int, currency: str) -> list[int]:
    """What was paid for each unit: the line's total with discounts and tax, else its price."""
    if line.at("total").value is not None or line.at("raw_total").value is not None:
        return split(_exact(line, "total").amount(currency), ordered)
    return [_exact(line, "unit_price").amount(currency)] * ordered


def _exact(line: Place, name: str) -> Place:
    """The decimal text beside a number where there is one: a float may say more digits than were meant."""
    raw = line.at(f"raw_{name}").at("value")
    return raw if raw.value is not None else line.at(name)


def _reason(item: Place) -> dict[str, Tree]:
    known = REASONS.get(item.at("reason").at("value").word().lower())
    return reason_of(known, item.at("note").word())
