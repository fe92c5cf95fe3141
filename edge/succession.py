"""A new key of the log, learned from the old one: its entry comes with a receipt by the key before it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from edge.faults import Faults
from edge.identity import ENROLMENT_FILE, write_secret
from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType
from inspection.custody.receipt import check_receipt
from inspection.errors import DomainError
from inspection.messages.entries import KeyAddEntry, KeyRole
from inspection.messages.station import Enrolment
from inspection.messages.uplink import LogKeys, ReceiptMessage
from link.errors import LinkError
from link.http import HttpLink

log = structlog.get_logger()


def follow(public_key: bytes, origin: str, offered: Sequence[ReceiptMessage]) -> bytes:
    """The newest key that a chain of receipts leads to from one that is trusted; itself where none does."""
    for message in offered:
        try:
            leaf = check_receipt(message.receipt(), public_key, origin)
            entry = KeyAddEntry.read(canonical(leaf.body))
        except DomainError:
            continue
        if leaf.type is EntryType.KEY_ADD and entry.role is KeyRole.LOG:
            public_key = entry.public_key
    return public_key


class Succession:
    """Asks the centre for its keys, and writes down the newest that can be trusted."""

    def __init__(self, folder: Path, enrolment: Enrolment, link: HttpLink, faults: Faults) -> None:
        self._folder, self._enrolment, self._link, self._faults = folder, enrolment, link, faults

    async def learn(self) -> bytes:
        """The key by which answers are checked from now on; the same as before where nothing was proven."""
        known = self._enrolment.log_public_key
        try:
            answer = await self._link.get("/v1/log/keys")
            newest = follow(known, self._enrolment.origin, LogKeys.read(answer.content).keys)
        except (LinkError, DomainError) as error:
            self._faults.count(f"log_keys_{error.code}")
            return known
        if newest != known:
            self._enrolment = self._enrolment.model_copy(update={"log_public_key": newest})
            await self._write()
        return newest

    async def _write(self) -> None:
        """Where the disk does not take it, the next start learns the key anew."""
        content = self._enrolment.to_json()
        try:
            await asyncio.to_thread(write_secret, self._folder / ENROLMENT_FILE, content)
        except OSError as error:
            self._faults.count("log_key_not_written")
            log.warning("log.new_key_not_written", reason=error.strerror)
        else:
            log.info("log.new_key")
