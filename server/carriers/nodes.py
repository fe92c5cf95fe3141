"""Take a carrier's event: an entry of the ledger, its row, and the clock where the parcel was signed for."""

from sqlalchemy import Connection

from inspection.custody.leaf import EntryType
from inspection.messages.entries import LogisticsEntry
from inspection.parcels import Node
from server.carriers.rows import Told, add_node, count_nodes, is_known
from server.errors import TooManyEvents, UnknownParcel
from server.ledger.entries import entry_of
from server.ledger.log import Log
from server.returns import service as returns
from server.returns.repository import names_parcel, sign_off_of
from server.returns.service import Arrival

MOST_EVENTS = 200
"""Of one parcel, far more than it has nodes: each is a leaf, so no carrier may add them without end."""


def take_event(connection: Connection, log: Log, told: Told, due_s: float, recorded_at: str) -> bool:
    """Keep an event and its entry, and move the parcel; False where it was known already.

    Raises UnknownParcel where no unit names the parcel, and TooManyEvents.
    """
    site, merchant, event = log.site, told.merchant, told.event
    if is_known(connection, site, told):
        return False
    if not names_parcel(connection, site, merchant, event.parcel):
        raise UnknownParcel(f"no unit of {merchant} was announced in parcel {event.parcel}")
    if count_nodes(connection, site, merchant, event.parcel) >= MOST_EVENTS:
        raise TooManyEvents(f"parcel {event.parcel} has {MOST_EVENTS} events already")
    seq = _append(connection, log, told, due_s, recorded_at)
    add_node(connection, site, told, seq, recorded_at)
    return True


def _append(connection: Connection, log: Log, told: Told, due_s: float, recorded_at: str) -> int:
    """The entry of an event: the first sign-off is the parcel's own, which starts the clock."""
    event = told.event
    if event.event is Node.SIGNED_OFF:
        known = sign_off_of(connection, log.site, told.merchant, event.parcel)
        if known is None or known.assumed or known.at == event.at:
            arrival = Arrival(merchant=told.merchant, parcel=event.parcel, at=event.at)
            return returns.sign_off(connection, log, arrival, due_s, recorded_at).seq
    body = LogisticsEntry(
        merchant=told.merchant, parcel=event.parcel, event=event.event, at=event.at, event_id=event.id
    )
    return log.append(connection, entry_of(EntryType.LOGISTICS, body), recorded_at).seq
