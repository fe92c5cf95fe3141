"""Rows of carriers, of the parcels that they are asked about, and of pick-ups."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from inspection.parcels import DONE
from server.db.carrier_tables import carrier_bookings, carrier_parcels, carriers
from server.db.tables import parcels, units
from server.errors import NoCarrier
from server.returns.repository import EXPECTED
from server.sealed import Sealer

ASKED, UNSURE, BOOKED, REFUSED, CANCELLED = "asked", "unsure", "booked", "refused", "cancelled"
OPEN = (ASKED, UNSURE, BOOKED)
"""Of one parcel, only one pick-up may be in these states."""
MOST_FOLLOWED = 20_000
"""Parcels that are on their way when a carrier is set; later ones are followed as they are announced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierRow:
    """A merchant's carrier."""

    merchant: str
    url: str
    credential: str = field(repr=False)
    set_at: str


def set_carrier(connection: Connection, site: str, merchant: str, url: str, sealed: bytes, at: str) -> None:
    """Set a merchant's carrier, and where its credential lies sealed."""
    row = {"url": url, "credential": sealed, "set_at": at}
    fresh = insert(carriers).values(site=site, merchant=merchant, **row)
    connection.execute(fresh.on_conflict_do_update(index_elements=["site", "merchant"], set_=row))


def find_carrier(connection: Connection, site: str, merchant: str, sealer: Sealer) -> CarrierRow:
    """A merchant's carrier; raises NoCarrier."""
    chosen = select(carriers).where(carriers.c.site == site, carriers.c.merchant == merchant)
    row = connection.execute(chosen).first()
    if row is None:
        raise NoCarrier(f"{merchant} has no carrier here: set it first")
    credential = sealer.open(row.credential, credential_place(site, merchant)).decode()
    return CarrierRow(merchant=merchant, url=row.url, credential=credential, set_at=row.set_at)


def credential_place(site: str, merchant: str) -> str:
    """What a credential is sealed for."""
    return f"carriers/{site}/{merchant}/credential"


def with_carrier(connection: Connection, site: str) -> set[str]:
    """Merchants that have a carrier."""
    return set(connection.execute(select(carriers.c.merchant).where(carriers.c.site == site)).scalars())


def follow_expected(connection: Connection, site: str, merchant: str, at: str, due_at: float) -> None:
    """Follow every parcel that is expected and was not signed off, from now on."""
    mine = units.c
    signed = select(parcels.c.id).where(
        parcels.c.site == site, parcels.c.merchant == merchant, parcels.c.assumed.is_not(1)
    )
    wanted = select(mine.parcel).where(
        mine.site == site,
        mine.merchant == merchant,
        mine.state == EXPECTED,
        mine.parcel.is_not(None),
        mine.parcel.not_in(signed),
    )
    for parcel in connection.execute(wanted.distinct().limit(MOST_FOLLOWED)).scalars().all():
        follow(connection, site, merchant, parcel, at, due_at)


def follow(connection: Connection, site: str, merchant: str, parcel: str, at: str, due_at: float) -> None:
    """Ask about a parcel from then on, unless it is done or asked about already."""
    mine = carrier_parcels.c
    fresh = insert(carrier_parcels).values(
        site=site, merchant=merchant, parcel=parcel, known_at=at, cursor="", due_at=due_at, failures=0
    )
    going = or_(mine.node.is_(None), mine.node.not_in([node.value for node in DONE]))
    connection.execute(
        fresh.on_conflict_do_update(
            index_elements=["site", "merchant", "parcel"],
            set_={"due_at": due_at},
            where=mine.due_at.is_(None) & going,
        )
    )


def claim_due(connection: Connection, site: str, now: float, lease_s: float, most: int) -> Sequence[Row[Any]]:
    """Parcels to ask about now; each falls due again when its lease is over, whatever becomes of us."""
    mine = carrier_parcels.c
    chosen = select(carrier_parcels).where(mine.site == site, mine.due_at <= now)
    rows = connection.execute(chosen.order_by(mine.due_at).limit(most)).all()
    for row in rows:
        _update(connection, site, row, due_at=now + lease_s)
    return rows


def first_due(connection: Connection, site: str) -> float | None:
    """When the next parcel falls due."""
    mine = carrier_parcels.c
    found: float | None = connection.execute(select(func.min(mine.due_at)).where(mine.site == site)).scalar()
    return found


def asked(connection: Connection, site: str, row: Row[Any], cursor: str, due_at: float | None) -> None:
    """It was read up to this cursor; `due_at` None ends the asking. A parcel that is done stays so."""
    mine = carrier_parcels.c
    this = (mine.site == site, mine.merchant == row.merchant, mine.parcel == row.parcel)
    still = connection.execute(select(mine.due_at).where(*this)).scalar()
    _update(connection, site, row, cursor=cursor, failures=0, due_at=None if still is None else due_at)


def failed(connection: Connection, site: str, row: Row[Any], due_at: float, others_at: float) -> None:
    """The carrier did not answer: its other parcels wait a little too, so that nobody else waits for them."""
    mine = carrier_parcels.c
    _update(connection, site, row, failures=row.failures + 1, due_at=due_at)
    others = (mine.site == site, mine.merchant == row.merchant, mine.due_at < others_at)
    connection.execute(update(carrier_parcels).where(*others).values(due_at=others_at))


def _update(connection: Connection, site: str, row: Row[Any], **values: Any) -> None:
    mine = carrier_parcels.c
    this = (mine.site == site, mine.merchant == row.merchant, mine.parcel == row.parcel)
    connection.execute(update(carrier_parcels).where(*this).values(**values))


def find_booking(connection: Connection, site: str, merchant: str, key: str) -> Row[Any] | None:
    """The row of a pick-up under its key."""
    return _one(connection, *_booking(site, merchant, key))


def open_booking(connection: Connection, site: str, merchant: str, parcel: str) -> Row[Any] | None:
    """The pick-up of a parcel that stands or may stand."""
    mine = carrier_bookings.c
    this = (mine.site == site, mine.merchant == merchant, mine.parcel == parcel)
    return _one(connection, *this, mine.state.in_(OPEN))


def last_booking(connection: Connection, site: str, merchant: str, parcel: str) -> Row[Any] | None:
    """The pick-up of a parcel that was asked for last."""
    mine = carrier_bookings.c
    this = (mine.site == site, mine.merchant == merchant, mine.parcel == parcel)
    chosen = select(carrier_bookings).where(*this).order_by(mine.asked_at.desc()).limit(1)
    found: Any = connection.execute(chosen).first()
    return found  # type: ignore[no-any-return]


def _one(connection: Connection, *where: Any) -> Row[Any] | None:
    found: Any = connection.execute(select(carrier_bookings).where(*where).limit(1)).first()
    return found  # type: ignore[no-any-return]


def put_booking(connection: Connection, row: dict[str, Any]) -> None:
    """Write down that a pick-up is asked for, before it is."""
    fresh = insert(carrier_bookings).values(**row)
    index = ["site", "merchant", "key"]
    again = {"state": row["state"], "leased_until": row["leased_until"]}
    connection.execute(fresh.on_conflict_do_update(index_elements=index, set_=again))


def set_booking(connection: Connection, site: str, merchant: str, key: str, **values: Any) -> None:
    """What became of a pick-up."""
    mine = _booking(site, merchant, key)
    connection.execute(update(carrier_bookings).where(*mine).values(leased_until=0.0, **values))


def doubtful(connection: Connection, site: str, before: float, most: int) -> Sequence[Row[Any]]:
    """Pick-ups of which nobody knows what became, and nobody is at work on."""
    mine = carrier_bookings.c
    chosen = select(carrier_bookings).where(
        mine.site == site, mine.state.in_((ASKED, UNSURE)), mine.leased_until <= before
    )
    return connection.execute(chosen.order_by(mine.leased_until).limit(most)).all()


def _booking(site: str, merchant: str, key: str) -> tuple[Any, ...]:
    mine = carrier_bookings.c
    return (mine.site == site, mine.merchant == merchant, mine.key == key)


def lease_booking(connection: Connection, site: str, merchant: str, key: str, until: float) -> None:
    """Leave a doubtful pick-up alone until then."""
    mine = _booking(site, merchant, key)
    connection.execute(update(carrier_bookings).where(*mine).values(leased_until=until))
