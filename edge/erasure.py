"""What the centre has erased leaves this station too: openings, image keys, images, the unit itself.

A signed record stays, because the ledger's proofs need it; it holds commitments only. Rows go in the
transaction that hears of the erasure; then the files go, and last the journal is rewritten, so that no
free page and no log of it holds the old bytes. What a crash interrupts is found and ended at the next poll.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from edge.database import Database
from edge.faults import Faults
from edge.tables import erased, evidence, outbox, units
from edge.vault import Vault

log = structlog.get_logger()

NOTHING = "[]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What of an erasure is still to be done."""

    images: tuple[str, ...]
    """Files that are here still."""
    unscrubbed: bool
    """The journal may hold old bytes in its free pages."""


def forget(connection: Connection, gone: Sequence[str]) -> None:
    """Drop what these units' rows say of people, in the transaction that hears of it. Twice is once."""
    if not gone:
        return
    rows = [{"unit": unit, "scrubbed": False} for unit in gone]
    fresh = upsert(erased)
    connection.execute(
        fresh.on_conflict_do_update(index_elements=["unit"], set_={"scrubbed": fresh.excluded.scrubbed}), rows
    )
    connection.execute(delete(units).where(units.c.id.in_(gone)))
    theirs = outbox.c.unit.in_(gone)
    connection.execute(update(outbox).where(theirs).values(openings=NOTHING, image_keys=NOTHING))
    records = select(outbox.c.id).where(theirs)
    connection.execute(update(evidence).where(evidence.c.outbox_id.in_(records)).values(lost=True))


def is_erased(connection: Connection, unit: str) -> bool:
    """True for a unit whose customer was erased: what is found out of it now is written down without."""
    return connection.execute(select(erased.c.unit).where(erased.c.unit == unit)).first() is not None


def left(connection: Connection) -> Left:
    """What is still to be done."""
    records = select(outbox.c.id).join(erased, erased.c.unit == outbox.c.unit)
    images = select(evidence.c.sha256).where(evidence.c.outbox_id.in_(records), ~evidence.c.deleted)
    unscrubbed = select(erased.c.unit).where(~erased.c.scrubbed).limit(1)
    return Left(
        images=tuple(connection.execute(images).scalars()),
        unscrubbed=connection.execute(unscrubbed).first() is not None,
    )


def note_deleted(connection: Connection, images: Sequence[str]) -> None:
    """These files are gone."""
    connection.execute(update(evidence).where(evidence.c.sha256.in_(images)).values(deleted=True))


def note_scrubbed(connection: Connection) -> None:
    """The journal holds no old bytes."""
    connection.execute(update(erased).values(scrubbed=True))


class Erasing:
    """Ends what `forget` began: files, then the journal's own free pages."""

    def __init__(self, database: Database, vault: Vault, faults: Faults) -> None:
        self._database, self._vault, self._faults = database, vault, faults

    async def finish(self) -> None:
        """Do what is left; what the disk does not let happen is counted and tried at the next poll."""
        found = await self._database.run(left)
        if found.images:
            gone = await asyncio.to_thread(self._delete, found.images)
            await self._database.run(lambda connection: note_deleted(connection, gone))
        if found.unscrubbed:
            await self._database.scrub()
            await self._database.run(note_scrubbed)

    def _delete(self, images: tuple[str, ...]) -> list[str]:
        return [digest for digest in images if self._is_deleted(digest)]

    def _is_deleted(self, digest: str) -> bool:
        try:
            self._vault.delete(digest)
        except OSError as error:
            self._faults.count("image_not_deleted")
            log.warning("erasing.image_not_deleted", reason=error.strerror)
            return False
        return True
