"""Where a stopped centre's lost entries may come back from, by what the file is."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from inspection.custody.checkpoint import Checkpoint, open_checkpoint
from inspection.custody.merkle import leaf_hash, verify_inclusion
from inspection.custody.note import VerifierKey
from inspection.custody.proof import read_proof
from inspection.errors import BadMessage, DomainError, NotTrusted
from inspection.messages.uplink import ReceiptMessage, RefillItem
from kit.archive import open_archive
from kit.bundle import read_bundle
from kit.errors import KitError
from kit.export import EXPORT_KIND, read_header
from server.errors import BadRequest
from server.ledger.mirror import Mirror, is_mirror
from server.ledger.offering import offer_of
from server.ledger.refill import Offered

LEAVES, BUNDLE = "leaves.jsonl", "bundle.json"
LONGEST_LINE = 400 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one file gives back."""

    offered: tuple[Offered, ...] = ()
    """Entries that prove themselves: by a receipt, or by a proof."""
    lines: Iterator[bytes] = field(default_factory=lambda: iter(()))
    """Leaves of a copy, in order."""
    signed: tuple[Checkpoint, ...] = ()
    """Checkpoints of this log up to which the copy can be believed."""
    notes: tuple[bytes, ...] = ()
    """Signed notes to be kept again, once the entries under them are back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLog:
    """By which keys, and under which name, something is of this log."""

    origin: str
    known: tuple[VerifierKey, ...]


def read_source(path: Path, own: OwnLog) -> Found:
    """Read a mirror, an export (.jsonl, .zip, folder), receipts (.jsonl) or an evidence pack.

    Raises BadRequest for anything else, and for what is not of this log.
    """
    try:
        if is_mirror(path):
            mirror = Mirror(path)
            notes = mirror.notes()
            return Found(lines=mirror.lines(), signed=_signed(notes[-1:], own), notes=tuple(notes))
        if path.is_dir() or path.suffix == ".zip":
            return _archive(path, own)
        if path.suffix == ".json":
            return _bundle(path.read_bytes(), own)
        return _lines_of(path, own)
    except (OSError, DomainError, KitError, ValueError) as error:
        raise BadRequest(f"{path} gives nothing back to this ledger: {error}") from error


def _archive(path: Path, own: OwnLog) -> Found:
    with open_archive(path) as archive:
        if BUNDLE in archive.names:
            return _bundle(archive.read(BUNDLE), own)
    return _export(_archived_lines(path), own)


def _archived_lines(path: Path) -> Iterator[bytes]:
    with open_archive(path) as archive, archive.open(LEAVES) as file:
        yield from file


def _lines_of(path: Path, own: OwnLog) -> Found:
    lines = _file_lines(path)
    first = next(lines, b"")
    if EXPORT_KIND.encode() in first:
        return _export(chain((first,), lines), own)
    return Found(offered=tuple(_receipt(line, own) for line in chain((first,), lines)))


def _file_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _export(lines: Iterator[bytes], own: OwnLog) -> Found:
    header = read_header(next(lines, b""))
    signed = open_checkpoint(header.checkpoint, own.known)
    return Found(lines=(line.rstrip(b"\n") for line in lines), signed=(signed,))


def _receipt(line: bytes, own: OwnLog) -> Offered:
    """A line is a receipt, or a receipt with what travelled beside its record."""
    value = json.loads(line[:LONGEST_LINE])
    item = RefillItem.read(line) if "receipt" in value else RefillItem(receipt=ReceiptMessage.read(line))
    return offer_of(item, own.known, own.origin)


def _bundle(content: bytes, own: OwnLog) -> Found:
    bundle = read_bundle(content)
    return Found(offered=tuple(_proven(each.leaf, each.proof.encode(), own) for each in bundle.entries))


def _proven(leaf: bytes, proof_text: bytes, own: OwnLog) -> Offered:
    proof = read_proof(proof_text)
    signed = open_checkpoint(proof.checkpoint, own.known)
    verify_inclusion(leaf_hash(leaf), proof.index, signed.size, proof.hashes, signed.root)
    return Offered(seq=proof.index, leaf=leaf)


def _signed(notes: list[bytes], own: OwnLog) -> tuple[Checkpoint, ...]:
    found = []
    for note in notes:
        try:
            found.append(open_checkpoint(note, own.known))
        except (NotTrusted, BadMessage):  # of another key or cut off: it proves nothing
            continue
    return tuple(found)
