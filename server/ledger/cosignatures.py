"""The lines that witnesses added to checkpoints."""

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert

from inspection.custody.note import NoteSignature
from server.db.ledger_tables import cosignatures


def last_cosigned(connection: Connection, site: str, witness: str) -> int:
    """Size of the newest checkpoint that a witness cosigned; 0 before its first."""
    mine = (cosignatures.c.site == site, cosignatures.c.name == witness)
    found = connection.execute(select(func.max(cosignatures.c.size)).where(*mine)).scalar()
    return int(found or 0)


def newest_cosigned(connection: Connection, site: str, limit: int) -> list[int]:
    """Sizes of the newest checkpoints that any witness has cosigned, newest first."""
    sizes = select(cosignatures.c.size).where(cosignatures.c.site == site).distinct()
    return list(connection.execute(sizes.order_by(cosignatures.c.size.desc()).limit(limit)).scalars())


def keep_cosignature(
    connection: Connection, site: str, size: int, witness: str, line: NoteSignature, at_s: int
) -> None:
    """Keep a witness's line, which was verified; a later one by the same witness replaces it."""
    fresh = insert(cosignatures).values(site=site, size=size, name=witness, line=line.to_text(), at_s=at_s)
    put = fresh.on_conflict_do_update(
        index_elements=["site", "size", "name"],
        set_={name: fresh.excluded[name] for name in ("line", "at_s")},
    )
    connection.execute(put)
