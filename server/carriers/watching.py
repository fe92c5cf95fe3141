"""What follows from announced and inspected units: whom to ask about their parcels, and what to assume.

A unit on the bench has arrived, whatever its carrier told: where nobody said that its parcel was signed for,
the first verdict starts the clock of the others in it, and the entry says that this was assumed.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from inspection.messages.base import read_time
from server.carriers.repository import follow, with_carrier
from server.centre import Centre
from server.db.rows import run
from server.db.tables import records, units
from server.returns import service as returns
from server.returns.repository import EXPECTED, INSPECTED, sign_off_of
from server.returns.service import Arrival

CURSOR = "carriers"
MOST_TOGETHER = 500
READ = "SELECT value FROM counters WHERE site = ? AND name = ?"
WRITE = (
    "INSERT INTO counters (site, name, value) VALUES (?, ?, ?) "
    "ON CONFLICT (site, name) DO UPDATE SET value = excluded.value"
)


async def watch(centre: Centre) -> None:
    """See to the units that changed since the last look."""
    while await centre.reader.run(lambda c: _changed(c, centre.site, 1)):
        await centre.writer.submit(lambda c: _see(c, centre))


def _changed(connection: Connection, site: str, most: int) -> Sequence[Any]:
    seen = connection.exec_driver_sql(READ, (site, CURSOR)).scalar() or 0
    mine = units.c
    chosen = select(mine.id, mine.merchant, mine.parcel, mine.state, mine.changed).where(
        mine.site == site, mine.changed > seen
    )
    return connection.execute(chosen.order_by(mine.changed).limit(most)).all()


def _see(connection: Connection, centre: Centre) -> None:
    site = centre.site
    rows = _changed(connection, site, MOST_TOGETHER)
    followed = with_carrier(connection, site)
    for row in rows:
        if row.parcel is None:
            continue
        if row.state == INSPECTED:
            _assume(connection, centre, row)
        elif row.state == EXPECTED and row.merchant in followed:
            known = sign_off_of(connection, site, row.merchant, row.parcel)
            if known is None or known.assumed:
                follow(connection, site, row.merchant, row.parcel, centre.now(), centre.clock().timestamp())
    if rows:
        run(connection, WRITE, (site, CURSOR, rows[-1].changed))


def _assume(connection: Connection, centre: Centre, row: Row[Any]) -> None:
    if sign_off_of(connection, centre.site, row.merchant, row.parcel) is not None:
        return
    mine = records.c
    chosen = select(func.min(mine.recorded_at)).where(mine.site == centre.site, mine.unit == row.id)
    first = connection.execute(chosen).scalar()
    if first is None:
        return
    arrival = Arrival(merchant=row.merchant, parcel=row.parcel, at=read_time(first), assumed=True)
    returns.sign_off(connection, centre.log, arrival, centre.settings.inspection_due_s, centre.now())
