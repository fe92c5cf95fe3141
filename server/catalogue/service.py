"""Rules of the catalogue: a shop sets its own products only, with codes that can be scanned."""

from collections.abc import Iterable

from inspection.identity.check_digit import has_right_check_digit
from inspection.messages.catalogue import ProductMessage
from server.catalogue.schemas import COLUMNS, CONVERT
from server.errors import NotTaken, WrongScope
from server.imports import message_of
from server.rows import RowFault, read_rows

WRONG_GTIN = "the last digit of the GTIN does not fit the others"


def check_products(merchant: str, products: Iterable[ProductMessage]) -> None:
    """Raise WrongScope for another merchant's product, NotTaken for a GTIN that no scanner reads."""
    for product in products:
        if product.merchant != merchant:
            raise WrongScope(f"product {product.sku} is of another merchant; this key is for {merchant}")
        if not has_right_check_digit(product.gtin):
            raise NotTaken(f"product {product.sku}: {WRONG_GTIN}")


def read_products(
    content: bytes, merchant: str, most_rows: int
) -> tuple[list[ProductMessage], list[RowFault]]:
    """Read a CSV file of the merchant's products: the good ones, and what is wrong with the others."""
    rows, faults = read_rows(content, COLUMNS, most_rows)
    good: list[ProductMessage] = []
    for row in rows:
        product = message_of(row, ProductMessage, CONVERT, {"merchant": merchant})
        if isinstance(product, RowFault):
            faults.append(product)
        elif not has_right_check_digit(product.gtin):
            faults.append(RowFault(row=row.number, column="gtin", code="check_digit", detail=WRONG_GTIN))
        else:
            good.append(product)
    return good, faults
