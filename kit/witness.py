"""A witness: remembers the newest checkpoint of each log that it knows, and cosigns only what continues it.

Whoever operates a log could show one history to the auditor and another to the shop. A witness that
somebody else operates sees to it that there is one: it cosigns a checkpoint only with a proof that it
continues the last one that it cosigned. The natural witness is whoever pays.

What it has seen is durable before its answer leaves, and checked and written in one transaction: a
witness that forgot could be led back. Source: c2sp.org/tlog-witness, add-checkpoint.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inspection.custody.checkpoint import add_signatures, cosign
from inspection.custody.note import VerifierKey, read_note, write_signatures
from inspection.custody.witnessing import TEXT, Accept, AddCheckpoint, Refuse, decide, read_add_checkpoint
from inspection.errors import BadMessage
from kit.witness_book import Kept, WitnessBook
from kit.witness_folder import WitnessKey, book_of, read_key

BAD_REQUEST, NOT_FOUND, UNAVAILABLE = 400, 404, 503
WORTH_KEEPING = frozenset({"fork", "bad_proof"})
"""Refusals of what the log did sign. A fork is proof by itself; a bad proof may be the sender's fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back over HTTP."""

    status: int
    body: bytes
    content_type: str = TEXT


class Witness:
    """One witness over its folder; it is asked one request at a time."""

    def __init__(self, key: WitnessKey, book: WitnessBook, *, clock: Callable[[], float] = time.time) -> None:
        self.key = key
        self._book = book
        self._clock = clock

    def add_checkpoint(self, content: bytes) -> Reply:
        """Answer one request; what was cosigned is on the disk when this returns.

        200 with the cosignature's line; 400 unreadable; 403 not signed by the log; 404 unknown log; 409 not
        the size last cosigned, or another root for it; 422 no proof that it continues; 503 where the disk
        does not take what would have to be remembered.
        """
        try:
            request = read_add_checkpoint(content)
        except BadMessage as error:
            return Reply(status=BAD_REQUEST, body=f"{error}\n".encode())
        try:
            return self._decide(request)
        except sqlite3.Error as error:
            return _unavailable("remembered", error)

    def _decide(self, request: AddCheckpoint) -> Reply:
        """The cosignature leaves this block only after the commit."""
        origin = request.origin
        with self._book.transaction() as book:
            kept = book.newest(origin)
            decision = decide(request, kept.seen if kept else None, book.keys(origin))
            if isinstance(decision, Accept):
                reply = self._accept(book, request, decision, kept)
            else:
                reply = self._refuse(book, request, decision)
        return reply

    def newest(self, origin: str) -> Reply:
        """The newest checkpoint of a log with this witness's cosignature, for whoever compares."""
        try:
            kept = self._book.newest(origin)  # one statement sees one state; a reader waits for no writer
        except sqlite3.Error as error:
            return _unavailable("looked up", error)
        if kept is None:
            return Reply(status=NOT_FOUND, body=b"nothing of that log was cosigned\n")
        return Reply(status=200, body=kept.note)

    def _accept(
        self, book: WitnessBook, request: AddCheckpoint, decision: Accept, before: Kept | None
    ) -> Reply:
        # never earlier than the last time: a clock that was set back must not date a log's future
        at_s = max(int(self._clock()), before.at_s if before else 0)
        line = cosign(self.key.private, self.key.name, request.text, at_s)
        note = add_signatures(request.checkpoint, line)
        book.keep(request.origin, Kept(seen=decision.seen, note=note, at_s=at_s))
        return Reply(status=200, body=write_signatures(line))

    def _refuse(self, book: WitnessBook, request: AddCheckpoint, decision: Refuse) -> Reply:
        if decision.reason in WORTH_KEEPING:
            note = _signed_by(request.checkpoint, book.keys(request.origin))
            book.keep_conflict(request.origin, decision.reason, note, int(self._clock()))
        return Reply(status=decision.status, body=decision.body.encode(), content_type=decision.content_type)


def _unavailable(what: str, error: sqlite3.Error) -> Reply:
    return Reply(status=UNAVAILABLE, body=f"nothing can be {what} now: {error}\n".encode())


def _signed_by(note: bytes, keys: Sequence[VerifierKey]) -> bytes:
    """A note without the lines of anybody else, which its sender may have made up."""
    read = read_note(note)
    own = (line for line in read.signatures if any(key.signed(line) for key in keys))
    return replace(read, signatures=tuple(own)).to_bytes()


def open_witness(directory: Path) -> Witness:
    """The witness of a folder; raises BadWitness."""
    return Witness(read_key(directory), book_of(directory))
