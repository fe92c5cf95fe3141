"""Erasing a person, in steps that each may be done twice: what a crash interrupts is ended at the start.

1. One transaction: no hold and no money under way, the entry is appended, the units are marked. From here
   on whatever arrives for them is kept without what is personal.
2. The key is destroyed and, in the same turn of the writer, the rows are emptied.
3. The encrypted images are deleted, the key store is rewritten and the database's log emptied; last, the
   certificate is signed and kept.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import anyio.to_thread
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType, leaf_hash_hex
from inspection.custody.sealing import commit
from inspection.custody.signing import Domain, key_id, public_bytes, sign
from inspection.messages.base import time_text
from inspection.messages.entries import ErasureEntry
from server.db.writer import Writer
from server.errors import NotFound, OnHold, RefundOpen
from server.evidence.store import EvidenceStore
from server.ledger.entries import entry_of
from server.ledger.log import Log
from server.returns.photos import repository as photos
from server.subjects import repository
from server.subjects.backup import none_holds_from
from server.subjects.bound import keys_of
from server.subjects.certificate import in_words
from server.subjects.holds import hold_on
from server.subjects.keys import SubjectKeys
from server.subjects.repository import Erasure
from server.subjects.schemas import Certificate, ErasureAnswer, ErasureRequest

TOKEN_BYTES = 16
Hook = Callable[[str], None]
"""Called with the name of each step that is done; a test stops there."""


def no_hook(step: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eraser:
    """All that an erasure reaches."""

    writer: Writer
    subjects: SubjectKeys
    store: EvidenceStore
    claims: EvidenceStore
    """Photos of claims."""
    log: Log
    key: Ed25519PrivateKey
    """The log's: certificates are signed with it."""
    backup_days: int
    clock: Callable[[], datetime]
    done: Hook = no_hook

    async def erase(self, wanted: ErasureRequest, by: str) -> ErasureAnswer:
        """Erase a customer; asking again returns the same certificate.

        Raises NotFound for somebody nobody knows, OnHold and RefundOpen, naming what is in the way.
        """
        now = self.clock()
        erasure = await self.writer.submit(lambda c: begin(c, self.log, wanted, by, now))
        self.done("recorded")
        return await self.finish(erasure)

    async def certificate(self, erasure: str) -> ErasureAnswer:
        """The certificate of an erasure that is done; raises NotFound."""
        found = await self.writer.submit(lambda c: repository.find_erasure(c, self.log.site, erasure))
        if found is None or found.certificate is None:
            raise NotFound(f"no erasure {erasure[:32]!r} is done")
        return self._answer(found)

    async def resume(self) -> None:
        """End what was interrupted; done before anybody is served."""
        for erasure in await self.writer.submit(lambda c: repository.unfinished(c, self.log.site)):
            await self.finish(erasure)
        await self.remove_images()

    async def finish(self, erasure: Erasure) -> ErasureAnswer:
        """Do what of an erasure is still to be done; returns its certificate."""
        if erasure.certificate is None:
            if erasure.state == repository.RECORDED:
                await self.writer.submit(lambda c: self._empty(c, erasure))
                self.done("rows_dropped")
            await self.remove_images()
            self.done("images_deleted")
            await anyio.to_thread.run_sync(self.subjects.compact)
            await self.writer.scrub()
            self.done("scrubbed")
            erasure = await self.writer.submit(lambda c: self._certify(c, erasure, self.clock()))
            self.done("certified")
        return self._answer(erasure)

    async def remove_images(self) -> None:
        """Delete the files of erased images that are here still."""
        found = await self.writer.submit(lambda c: repository.erased_images(c, self.log.site))
        await anyio.to_thread.run_sync(self.store.remove_all, found)
        counted = [sha256 for sha256, length in found.items() if length]
        if counted:
            await self.writer.submit(lambda c: repository.note_removed(c, self.log.site, counted))
        claimed = await self.writer.submit(lambda c: photos.erased_files(c, self.log.site))
        await anyio.to_thread.run_sync(self.claims.remove_all, claimed)
        if claimed:
            await self.writer.submit(lambda c: photos.forget(c, self.log.site, claimed))

    def _empty(self, connection: Connection, erasure: Erasure) -> None:
        """Key first: a crash after it leaves rows that open nothing, never a key without its entry."""
        for name in (erasure.subject, self.subjects.secrets.transit()):
            self.subjects.destroy(name)
        self.done("key_destroyed")
        repository.empty_rows(connection, self.log.site, erasure, time_text(self.clock()))
        repository.set_state(connection, self.log.site, erasure.id, repository.ROWS_DROPPED)

    def _certify(self, connection: Connection, erasure: Erasure, now: datetime) -> Erasure:
        leaf = self.log.at(connection, erasure.leaf_seq)
        if leaf is None:
            raise NotFound(f"the entry {erasure.leaf_seq} of erasure {erasure.id} is gone")
        entry = repository.entry_of(leaf)
        certificate = Certificate(
            origin=self.log.origin,
            erasure=erasure.id,
            merchant=erasure.merchant,
            subject_commitment=entry.subject_commitment,
            counts=entry.counts,
            reason=entry.reason,
            by=entry.by,
            requested_at=entry.requested_at,
            erased_at=now,
            entry_index=erasure.leaf_seq,
            entry_hash=leaf_hash_hex(leaf),
            key_backup_days=self.backup_days,
            no_key_after=none_holds_from(now, self.backup_days),
        )
        content = canonical(certificate.model_dump(mode="json"))
        return repository.keep_certificate(connection, self.log.site, erasure.id, content)

    def _answer(self, erasure: Erasure) -> ErasureAnswer:
        content = erasure.certificate or b""
        return ErasureAnswer(
            certificate=content,
            log_key=key_id(public_bytes(self.key)),
            signature=sign(self.key, Domain.ERASURE, content),
            salt=self.subjects.secrets.salt(erasure.id),
            text=in_words(Certificate.read(content)),
        )


def begin(connection: Connection, log: Log, wanted: ErasureRequest, by: str, now: datetime) -> Erasure:
    """Decide, append the entry and mark the units; an erasure that stands already is returned as it is."""
    site, keys = log.site, keys_of(connection)
    subject = repository.subject_of(connection, site, wanted)
    units = repository.units_of(connection, site, subject)
    before = repository.newest_erasure(connection, site, subject)
    inspected = repository.inspected_units(connection, site, subject)
    if before is not None and (before.certificate is None or not (units or inspected)):
        return before
    if not units and not inspected:
        raise NotFound(f"merchant {wanted.merchant} has no such customer here")
    _may_be_erased(connection, site, wanted.merchant, subject, {*units, *inspected})
    erasure = secrets.token_hex(TOKEN_BYTES)
    customer = wanted.customer or repository.customer_of(connection, site, subject)
    if customer is None:
        raise NotFound(f"whose unit {wanted.unit} was can no longer be read here: name the customer")
    body = ErasureEntry(
        kind="customer",
        subject_commitment=commit(keys.secrets.salt(erasure), [wanted.merchant, customer]),
        reason=wanted.reason,
        counts=repository.counts(connection, site, subject),
        by=by,
        requested_at=now,
    )
    place = log.append(connection, entry_of(EntryType.ERASURE, body, erasure), time_text(now))
    repository.mark_units(connection, site, units, time_text(now))
    return repository.add_erasure(
        connection,
        site,
        Erasure(
            id=erasure,
            merchant=wanted.merchant,
            subject=subject,
            state=repository.RECORDED,
            leaf_seq=place.seq,
            certificate=None,
        ),
        body,
        time_text(now),
    )


def _may_be_erased(connection: Connection, site: str, merchant: str, subject: str, units: set[str]) -> None:
    hold = hold_on(connection, site, merchant, subject, units)
    if hold is not None:
        raise OnHold(f"hold {hold.id} ({hold.reason}, by {hold.by}) keeps it: release the hold first")
    unit = repository.unit_with_open_refund(connection, site, subject)
    if unit is not None:
        raise RefundOpen(f"the refund of unit {unit} is on its way: erase its customer once it has arrived")
