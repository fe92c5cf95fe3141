"""The catalogue on the wire and as a table."""

from typing import Annotated, Any

from pydantic import Field

from inspection.messages.base import Count, Message, Name
from inspection.messages.catalogue import ProductMessage
from server.imports import Convert, whole, yes_or_no
from server.rows import Columns

PAGE = 500


class MerchantMessage(Message):
    """`POST /v1/merchants`."""

    id: Name
    name: Annotated[str, Field(min_length=1, max_length=120)]


class ProductList(Message):
    """`PUT /v1/catalogue/products`."""

    products: Annotated[tuple[ProductMessage, ...], Field(min_length=1, max_length=PAGE)]


class Accepted(Message):
    """How many went in."""

    accepted: Count


COLUMNS = Columns(
    required=frozenset({"sku", "gtin", "title", "category", "currency", "list_price_minor"}),
    optional=frozenset(
        {
            "recovery",
            "repair",
            "misgrade_loss_minor",
            "hygiene",
            "hazards",
            "recalled",
            "weight_g",
            "weight_tolerance_g",
        }
    ),
)


def recovery(cell: str) -> list[dict[str, Any]]:
    """`grade:channel:price[:sale_ppm[:cost]]`, several joined by `|`; raises ValueError in words."""
    return [_recovery(part) for part in cell.split("|")]


def _recovery(part: str) -> dict[str, Any]:
    fields = part.strip().split(":")
    if not 3 <= len(fields) <= 5:
        raise ValueError(f"{part[:60]!r} is not grade:channel:price_minor[:sale_ppm[:cost_minor]]")
    names = ("price_minor", "sale_ppm", "cost_minor")
    numbers = {name: whole(text) for name, text in zip(names, fields[2:], strict=False)}
    return {"grade": fields[0], "channel": fields[1], **numbers}


def repair(cell: str) -> dict[str, Any]:
    """`name:cost_minor:success_ppm:price_after_minor`; raises ValueError in words."""
    fields = cell.split(":")
    if len(fields) != 4:
        raise ValueError(f"{cell[:60]!r} is not name:cost_minor:success_ppm:price_after_minor")
    names = ("cost_minor", "success_ppm", "price_after_minor")
    return {"name": fields[0], **{name: whole(text) for name, text in zip(names, fields[1:], strict=True)}}


def hazards(cell: str) -> list[str]:
    """Hazards joined by `|`."""
    return [part.strip() for part in cell.split("|")]


CONVERT: dict[str, Convert] = {
    "list_price_minor": whole,
    "misgrade_loss_minor": whole,
    "weight_g": whole,
    "weight_tolerance_g": whole,
    "hygiene": yes_or_no,
    "recalled": yes_or_no,
    "hazards": hazards,
    "recovery": recovery,
    "repair": repair,
}
