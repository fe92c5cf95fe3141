"""Who confirmed a verdict at the bench does not let its money go as well, as far as that can be told.

A bench's record names its inspector in an opening that the centre holds under that person's key. Where there
is none, where it was erased, or where a person's key bears another name than the badge, nothing can be told.
"""

from sqlalchemy import Connection, select

from server.db.tables import inspectors, openings, records
from server.errors import SecondPersonNeeded
from server.subjects.bound import keys_of
from server.subjects.personal import open_opening, whole_inspector

INSPECTOR = "inspector"


def check(connection: Connection, site: str, unit: str, name: str) -> None:
    """Raise SecondPersonNeeded where `name` confirmed the newest verdict of a unit."""
    if _plain(name) in _names(connection, site, unit):
        raise SecondPersonNeeded(
            f"{name} confirmed the verdict of {unit} at the bench: another person must do this"
        )


def _names(connection: Connection, site: str, unit: str) -> set[str]:
    mine = (records.c.site == site, records.c.unit == unit)
    newest = select(records.c.id).where(*mine).order_by(records.c.inspection.desc()).limit(1)
    record = connection.execute(newest).scalar()
    opening = (openings.c.site == site, openings.c.record == record, openings.c.field == INSPECTOR)
    sealed = connection.execute(select(openings.c.sealed).where(*opening)).scalar() if record else None
    opened = open_opening(keys_of(connection), record, INSPECTOR, sealed) if record and sealed else None
    if opened is None:
        return set()
    known = (inspectors.c.site == site, inspectors.c.id == opened.value)
    row = connection.execute(select(inspectors.c.body, inspectors.c.personal).where(*known)).first()
    display = whole_inspector(keys_of(connection), row.body, row.personal).display_name if row else ""
    return {_plain(opened.value), _plain(display)} - {""}


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
