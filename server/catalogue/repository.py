"""Rows of merchants and products."""

from collections.abc import Iterable

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from inspection.messages.catalogue import ProductMessage
from server.db.changes import next_changes
from server.db.tables import merchants, products


def add_merchant(connection: Connection, site: str, merchant: str, name: str, at: str) -> None:
    """Add a merchant, or give it another name."""
    fresh = insert(merchants).values(site=site, id=merchant, name=name, created_at=at)
    connection.execute(
        fresh.on_conflict_do_update(index_elements=["site", "id"], set_={"name": fresh.excluded.name})
    )


def has_merchant(connection: Connection, site: str, merchant: str) -> bool:
    """True when the site serves this merchant."""
    chosen = select(merchants.c.id).where(merchants.c.site == site, merchants.c.id == merchant)
    return connection.execute(chosen).first() is not None


def put_products(connection: Connection, site: str, messages: tuple[ProductMessage, ...]) -> None:
    """Add or replace products; each gets a new place in the worklist's order."""
    numbers = next_changes(connection, site, len(messages))
    rows = [
        {"site": site, "merchant": m.merchant, "sku": m.sku, "body": m.to_json(), "changed": number}
        for m, number in zip(messages, numbers, strict=True)
    ]
    fresh = insert(products)
    set_ = {"body": fresh.excluded.body, "changed": fresh.excluded.changed}
    connection.execute(
        fresh.on_conflict_do_update(index_elements=["site", "merchant", "sku"], set_=set_), rows
    )


def known_skus(connection: Connection, site: str, merchant: str, skus: Iterable[str]) -> set[str]:
    """Which of these SKUs the merchant's catalogue has."""
    chosen = select(products.c.sku).where(
        products.c.site == site, products.c.merchant == merchant, products.c.sku.in_(set(skus))
    )
    return set(connection.execute(chosen).scalars())
