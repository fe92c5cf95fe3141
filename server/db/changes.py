"""The cursor of the worklist: every change of a product, unit or inspector gets the next number."""

from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from server.db.tables import counters

NAME = "changes"


def next_changes(connection: Connection, site: str, count: int) -> range:
    """Take `count` numbers; never given out twice, and in the order of the commits."""
    fresh = insert(counters).values(site=site, name=NAME, value=count)
    kept = fresh.on_conflict_do_update(
        index_elements=["site", "name"], set_={"value": counters.c.value + count}
    )
    last: int = connection.execute(kept.returning(counters.c.value)).scalar_one()
    return range(last - count + 1, last + 1)
