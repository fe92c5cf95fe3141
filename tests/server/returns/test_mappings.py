"""Documents of other systems become units, or faults that name the place; never anything between."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.returns import ReturnReason
from server.returns.importing import epcis, medusa, shopify
from server.returns.importing.mapped import Mapped, split

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "returns"


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))


def told(mapped: Mapped) -> list[tuple[Any, ...]]:
    return [
        (d.unit.id, d.unit.sku, d.unit.paid_minor, d.unit.currency, d.unit.reason, d.ordered)
        for d in mapped.units
    ]


def test_a_shopify_return_becomes_units() -> None:
    mapped = shopify.units_of(golden("shopify_return"), "m1")
    assert mapped.faults == ()
    assert told(mapped) == [
        ("945000954/1/1", "MUG-1", 1291, "EUR", ReturnReason.OTHER, 3),
        ("945000954/1/2", "MUG-1", 1290, "EUR", ReturnReason.OTHER, 3),
        ("945000954/2/1", "BOWL-1", 990, "EUR", ReturnReason.WRONG_SIZE, 1),
    ]
    first, _, last = (each.unit for each in mapped.units)
    assert (first.order, first.customer, first.payment) == ("148977776", "544365967", "3")
    assert first.reason_text == "The handle came off on the first day"
    assert "reason" not in first.model_fields_set
    assert "reason" in last.model_fields_set


def test_a_shopify_webhook_is_refused_with_the_remedy() -> None:
    mapped = shopify.units_of(golden("shopify_webhook"), "m1")
    assert mapped.units == ()
    assert [fault.code for fault in mapped.faults] == ["webhook_only"]


def test_a_medusa_return_becomes_units() -> None:
    mapped = medusa.units_of(golden("medusa_return"), "m1")
    authorization = "return_01JDSV0000000000000000TEST"
    assert mapped.faults == ()
    assert told(mapped) == [
        (f"{authorization}/1/1", "MUG-1", 1337, "EUR", ReturnReason.DAMAGED_IN_TRANSIT, 3),
        (f"{authorization}/1/2", "MUG-1", 1337, "EUR", ReturnReason.DAMAGED_IN_TRANSIT, 3),
        (f"{authorization}/2/1", "BOWL-1", 990, "EUR", ReturnReason.OTHER, 1),
    ]
    assert mapped.units[0].prices == (1337, 1337, 1336)
    assert mapped.units[0].unit.payment == "pay_01JDSSRM000000000000000001"


def test_an_epcis_document_names_items_on_their_way() -> None:
    moves = epcis.moves_of(golden("epcis_returning"))
    assert [(i.authorization, i.gtin, i.serial, i.parcel) for i in moves.items] == [
        ("R1", "04012345678901", "1001", "00040123450000000016"),
        ("R1", "04012345678901", "1002", "00040123450000000016"),
        ("R2", "04012345678901", "1003", None),
    ]
    assert [(fault.path, fault.code) for fault in moves.faults] == [
        ("epcisBody.eventList[1].epcList[1]", "not_an_item"),
        ("epcisBody.eventList[2].bizStep", "not_a_return"),
        ("epcisBody.eventList[3].type", "other_event"),
    ]


def put(tree: Any, path: str, value: Any) -> Any:
    """A copy with one place changed; `path` as the faults write it."""
    whole = deepcopy(tree)
    *way, last = path.replace("[", ".").replace("]", "").split(".")
    node = whole
    for name in way:
        node = node[int(name) if name.isdigit() else name]
    node[int(last) if last.isdigit() else last] = value
    return whole


LINE = "data.return.returnLineItems.nodes[0]"
MONEY = f"{LINE}.withCodeDiscountedTotalPriceSet.presentmentMoney"


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (f"{MONEY}.currencyCode", "XXX", "unknown_currency"),
        (f"{MONEY}.amount", "25.815", "bad_amount"),
        (f"{MONEY}.amount", "-25.81", "bad_amount"),
        (f"{MONEY}.amount", None, "missing"),
        (f"{LINE}.quantity", 0, "bad_number"),
        (f"{LINE}.quantity", 1.5, "bad_number"),
        (f"{LINE}.quantity", True, "bad_number"),
        (f"{LINE}.quantity", 501, "too_many"),
        (f"{LINE}.fulfillmentLineItem.lineItem.id", "gid://shopify/LineItem/1", "unknown_line"),
        (f"{LINE}.fulfillmentLineItem.lineItem.id", "466157049", "bad_id"),
        (f"{LINE}.fulfillmentLineItem.lineItem.sku", None, "missing"),
        (f"{LINE}.fulfillmentLineItem.lineItem.sku", "A B", "bad_value"),
        ("data.return.status", "DECLINED", "not_open"),
        ("data.return.order.lineItems", None, "missing"),
    ],
)
def test_what_is_wrong_in_a_shopify_return_is_named(path: str, value: Any, code: str) -> None:
    mapped = shopify.units_of(put(golden("shopify_return"), path, value), "m1")
    assert code in [fault.code for fault in mapped.faults]


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("order.currency_code", "xxx", "unknown_currency"),
        ("order.items[1].raw_total.value", "40.1234", "bad_amount"),
        ("order.items[1].raw_total", {"value": -1}, "bad_amount"),
        ("return.items[0].quantity", 4, "over_quantity"),
        ("return.items[0].item_id", "ordli_other", "unknown_line"),
        ("return.items[1].item_id", "ordli_01JDSSRHAZ6VZGDMJ3K85SG2RH", "line_twice"),
        ("return.order_id", "order_other", "other_order"),
        ("return.status", "canceled", "not_open"),
        ("order.items[1].variant_sku", None, "missing"),
    ],
)
def test_what_is_wrong_in_a_medusa_return_is_named(path: str, value: Any, code: str) -> None:
    mapped = medusa.units_of(put(golden("medusa_return"), path, value), "m1")
    assert code in [fault.code for fault in mapped.faults]


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)


def paths(tree: Any, at: str = "") -> list[str]:
    """Every place of a tree."""
    if isinstance(tree, dict):
        inner = [(f"{at}.{name}" if at else name, value) for name, value in tree.items()]
    elif isinstance(tree, list):
        inner = [(f"{at}[{number}]", value) for number, value in enumerate(tree)]
    else:
        inner = []
    return [path for name, value in inner for path in [name, *paths(value, name)]]


def moved(tree: Any, _: str) -> Mapped:
    return Mapped(faults=epcis.moves_of(tree).faults)


MAPPINGS: dict[str, Callable[[Any, str], Mapped]] = {
    "shopify_return": shopify.units_of,
    "medusa_return": medusa.units_of,
    "epcis_returning": moved,
}


@given(st.data(), st.sampled_from(sorted(MAPPINGS)), trees)
def test_whatever_stands_anywhere_is_mapped_or_named(data: st.DataObject, name: str, value: Any) -> None:
    known = golden(name)
    path = data.draw(st.sampled_from([p for p in paths(known) if "@" not in p]))
    found = MAPPINGS[name](put(known, path, value), "m1")
    for fault in found.faults:
        assert fault.code
        assert len(fault.path) <= 100


@given(trees, st.sampled_from(sorted(MAPPINGS)))
def test_any_json_at_all_is_mapped_or_named(tree: Any, name: str) -> None:
    assert MAPPINGS[name](tree, "m1").faults


@given(st.integers(0, 10**9), st.integers(1, 999))
def test_shares_add_up_to_the_total(total: int, units: int) -> None:
    shares = split(total, units)
    assert (sum(shares), max(shares) - min(shares) <= 1) == (total, True)
