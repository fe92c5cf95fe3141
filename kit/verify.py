"""`regrade verify log`: is this export the log that a receipt belongs to, byte for byte?

Only files are read; nothing is asked of anybody. The receipt proves one entry, and with it every
entry before (see `kit.walk`). What comes after it rests on the log's own signed head.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from inspection.custody.leaf import GENESIS, Leaf, leaf_hash_hex
from inspection.custody.receipt import Receipt, check_receipt
from inspection.custody.signing import Domain, key_id, verify
from inspection.errors import BadMessage, BadSignature, DomainError, WrongReceipt
from inspection.messages.uplink import ReceiptMessage
from kit.content import Content, Repeats
from kit.errors import NotAReceipt
from kit.export import MAX_HEADER_BYTES, Header, Line, Rows, head_content, lines, read_header
from kit.walk import Pin, Problem, Rule, Walk

MAX_PROBLEMS = 20
MAX_RECEIPT_BYTES = 32 * 1024
MORE_LINES = 10_000
"""Lines beyond what header and receipt announce that are still read: somebody else's file may have no end."""
PROGRESS_EVERY = 1000
Progress = Callable[[int], None]
"""Told how many bytes of the file are read."""


class Doubt(StrEnum):
    """What a verification cannot exclude, whatever it finds."""

    REWRITTEN = "rewritten"
    """Whoever holds the log's key may have written the whole log anew."""
    CUT = "cut"
    """Newer entries may be missing at the end."""
    FORKED = "forked"
    """Others may have been shown another log."""
    OWN_KEY = "own_key"
    """The key came from the export itself: only its self-consistency is shown."""
    UNCHECKED = "unchecked"
    """Verdicts of devices whose key is not in the log."""
    OMITTED = "omitted"
    """A verdict that was never recorded leaves no trace here."""
    FALSE_INPUT = "false_input"
    """That the photos and the people told the truth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found."""

    origin: str
    size: int
    """Entries in the file, as far as it was read."""
    log_key: str
    """Key id of the key that was used."""
    receipt_index: int | None
    counts: dict[str, int]
    """Entries by type; `signed` and `unchecked` verdicts."""
    problems: tuple[Problem, ...]
    """Nearest to the trusted entry first, at most MAX_PROBLEMS."""
    doubts: tuple[Doubt, ...]

    @property
    def verified(self) -> bool:
        """True when nothing is wrong."""
        return not self.problems


def read_receipt(path: Path) -> Receipt:
    """Read a receipt file, unchecked; raises NotAReceipt."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_RECEIPT_BYTES + 1)
        return ReceiptMessage.read(content).receipt()
    except OSError as error:
        raise NotAReceipt(f"{path}: {error.strerror}") from error
    except BadMessage as error:
        raise NotAReceipt(f"{path}: {error}") from error


def verify_log(
    file: BinaryIO, receipt: Receipt | None = None, key: bytes | None = None, progress: Progress | None = None
) -> Report:
    """Check a whole export, opened at its beginning; raises NotAnExport only.

    `key` is the log's raw Ed25519 public key; None takes the export's own.
    """
    header = read_header(file.readline(MAX_HEADER_BYTES + 1))
    used = key or header.log_public_key
    pin, receipt_problems = _pin(receipt, used, header)
    head_problems = list(_check_head(header, used))
    rows, content = Rows(), Content(origin=header.origin)
    most = max(header.size, pin.index + 1 if pin else 0) + MORE_LINES
    found = list(islice(_stream(islice(lines(file), most), rows, content, file, progress), MAX_PROBLEMS))
    structure = list(_structure(rows, header, pin, not head_problems, most))
    if pin and pin.index >= header.size and not structure and not head_problems:
        structure.append(_old_head(rows, header))
    # What a changed line says by itself is a consequence of the change, so it is not told twice.
    inside = [] if structure else found + list(_repeats(file, content))
    problems = [*receipt_problems, *head_problems, *structure, *inside][:MAX_PROBLEMS]
    return Report(
        origin=header.origin,
        size=len(rows),
        log_key=key_id(used),
        receipt_index=pin.index if pin else None,
        counts=dict(content.counts),
        problems=tuple(problems),
        doubts=tuple(_doubts(rows, pin, key, content)),
    )


def _pin(receipt: Receipt | None, key: bytes, header: Header) -> tuple[Pin | None, list[Problem]]:
    if receipt is None:
        return None, []
    if receipt.origin != header.origin:
        detail = f"the receipt is of log {receipt.origin!r}, the export of {header.origin!r}"
        return None, [Problem(rule=Rule.OTHER_LOG, detail=detail)]
    try:
        leaf = check_receipt(receipt, key, header.origin)
    except BadSignature:
        detail = f"the receipt is not signed by the log key {key_id(key)}"
        return None, [Problem(rule=Rule.RECEIPT_SIGNATURE, index=receipt.index, detail=detail)]
    except (WrongReceipt, DomainError) as error:
        return None, [Problem(rule=Rule.RECEIPT_CONTENT, index=receipt.index, detail=str(error))]
    return _pin_of(leaf, receipt), []


def _pin_of(leaf: Leaf, receipt: Receipt) -> Pin:
    return Pin(index=receipt.index, hash=leaf_hash_hex(receipt.leaf), prev=leaf.prev)


def _check_head(header: Header, key: bytes) -> Iterator[Problem]:
    if header.log_public_key != key:
        detail = f"the export names log key {key_id(header.log_public_key)}, you gave {key_id(key)}"
        yield Problem(rule=Rule.OTHER_KEY, line=1, detail=detail)
    try:
        verify(key, Domain.HEAD, head_content(header.origin, header.size, header.head), header.signature)
    except BadSignature as error:
        yield Problem(rule=Rule.HEAD_SIGNATURE, line=1, detail=f"signed head: {error}")


def _stream(
    read: Iterable[Line], rows: Rows, content: Content, file: BinaryIO, progress: Progress | None
) -> Iterator[Problem]:
    """Take up every line that is read; a caller that stops listening still gets all rows."""
    kept: list[Problem] = []
    for at, line in enumerate(read):
        rows.add(line)
        for problem in content.check(at, line):
            if len(kept) < MAX_PROBLEMS:
                kept.append(problem)
        if progress and at % PROGRESS_EVERY == 0:
            progress(file.tell())
    yield from kept


def _structure(rows: Rows, header: Header, pin: Pin | None, head_holds: bool, most: int) -> Iterator[Problem]:
    """What the chain shows, at most MAX_PROBLEMS; of a file not read to its end, what is sure."""
    walked = islice(_walk(rows, header, pin, head_holds).problems(), MAX_PROBLEMS)
    if len(rows) < most:
        yield from walked
        return
    detail = f"the header says {header.size} entries; after {len(rows)} lines the rest was not read"
    yield Problem(rule=Rule.TOO_LONG, line=len(rows) + 1, detail=detail)
    trusted = [*([pin.hash] if pin else []), *([header.head] if head_holds and header.size else [])]
    if all(rows.find(each) is not None for each in trusted):
        yield from walked  # else a trusted entry may stand in what was not read


def _walk(rows: Rows, header: Header, pin: Pin | None, head_holds: bool) -> Walk:
    """Start at the signed head, or at the last line where the head does not hold."""
    if head_holds:
        index, demand = header.size - 1, header.head
    else:
        index, demand = max(len(rows) - 1, rows.index(len(rows) - 1) if len(rows) else -1), None
    if pin and pin.index > index:
        index, demand = pin.index, None
    return Walk(rows=rows, at=len(rows) - 1, index=index, demand=demand, pin=pin, proven=head_holds)


def _old_head(rows: Rows, header: Header) -> Problem:
    """The receipt proves every line, and more of them than the signed head: the two must still agree."""
    shown = rows.hash(header.size - 1) if header.size else GENESIS
    if shown != header.head:
        detail = f"the log signed another entry {header.size - 1} than the one that your receipt proves"
        return Problem(rule=Rule.SPLIT, index=header.size - 1, line=1, detail=detail)
    detail = f"it says {header.size} entries, the file has {len(rows)}, and your receipt proves them"
    return Problem(rule=Rule.OLD_HEAD, line=1, detail=detail)


def _repeats(file: BinaryIO, content: Content) -> Iterator[Problem]:
    suspects = content.doubled()
    if not suspects:
        return
    file.seek(0)
    file.readline(MAX_HEADER_BYTES + 1)
    second = Repeats(suspects=suspects)
    for at, line in enumerate(lines(file)):
        yield from second.check(at, line)


def _doubts(rows: Rows, pin: Pin | None, key: bytes | None, content: Content) -> Iterator[Doubt]:
    if key is None:
        yield Doubt.OWN_KEY
    if pin is None:
        yield Doubt.REWRITTEN
    if pin is None or pin.index < len(rows) - 1:
        yield Doubt.FORKED
    yield Doubt.CUT
    if content.counts["unchecked"]:
        yield Doubt.UNCHECKED
    yield from (Doubt.OMITTED, Doubt.FALSE_INPUT)
