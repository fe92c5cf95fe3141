"""What each leaf says by itself: its log, its id, its body, and the signature of the device that made it."""

import base64
import binascii
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from inspection.custody.canonical import canonical_again
from inspection.custody.counters import CounterWalk
from inspection.custody.leaf import EntryType, Leaf
from inspection.custody.signing import Domain, check_public_key, key_id, verify
from inspection.errors import BadMessage, BadSignature, DomainError
from inspection.messages.entries import check_body, check_id
from inspection.record import InspectionRecord, read_record
from kit.export import Line
from kit.plain import Run
from kit.remarks import Remarks
from kit.walk import FIRST_LINE, Problem, Rule

PART_SHIFT = 62
PARTS = range(-2, 2)
"""Digests have 64 bits; their upper two, sign included, say in which part they are sorted."""


@dataclass(slots=True, kw_only=True)
class Content:
    """Checks leaves one by one, in their order; keeps the device keys and 16 bytes per entry."""

    origin: str
    thorough: bool = True
    """False leaves out bodies and signatures: a million of them take minutes."""
    counts: Counter[str] = field(default_factory=Counter)
    """Entries by type; `signed` verdicts, and `unchecked` ones, whose key is not in the log."""
    remarks: Remarks = field(default_factory=Remarks)
    times: "array[float]" = field(default_factory=lambda: array("d"))
    """When each entry says it was recorded, in seconds after the epoch; NaN where it says nothing."""
    records: dict[str, InspectionRecord] | None = None
    """Where the records are wanted afterwards: record id -> record."""
    _keys: dict[str, bytes] = field(default_factory=dict)
    _revoked: set[str] = field(default_factory=set)
    _ids: "array[int]" = field(default_factory=lambda: array("q"))
    _counters: CounterWalk = field(default_factory=CounterWalk)

    def check(self, at: int, line: Line) -> Iterator[Problem]:
        """Yield what is wrong with one leaf; lines that are none are the walk's business."""
        leaf = line.leaf
        self._ids.append(_digest(leaf.id) if leaf else at)
        self.times.append(self.remarks.time(leaf) if leaf else float("nan"))
        if leaf is None:
            return
        self.counts[leaf.type] += 1
        if leaf.log != self.origin:
            yield _problem(Rule.OTHER_LOG, at, leaf, f"it is of log {leaf.log!r}")
        if self.times[-1] != self.times[-1]:
            yield _problem(Rule.BAD_BODY, at, leaf, f"recorded_at is no time: {leaf.recorded_at[:40]!r}")
        if not self.thorough:
            return
        match leaf.type:
            case EntryType.VERDICT:
                yield from self._verdict(at, leaf)
            case EntryType.KEY_ADD:
                yield from self._key(at, leaf)
            case _:
                yield from self._body(at, leaf)

    def take(self, run: Run) -> None:
        """Take leaves with nothing to be said about them."""
        self._ids.extend(map(_digest, run.ids))
        self.times.extend(run.times)
        self.counts.update(run.kinds)
        self.remarks.run(run.indexes[0], run.times, run.last)

    def doubled(self) -> set[int]:
        """Digests of ids that may stand twice; `repeats` tells for sure."""
        return {one for part in PARTS for one in self._doubled_in(part)}

    def _doubled_in(self, part: int) -> Iterator[int]:
        """Sorts a part at a time: all of a million digests as numbers would take 40 MB."""
        ordered = sorted([digest for digest in self._ids if digest >> PART_SHIFT == part])
        return (one for one, next_ in pairwise(ordered) if one == next_)

    def counted(self) -> dict[str, int]:
        """`counts` with plain words as keys."""
        return {str(what): count for what, count in self.counts.items()}

    def finish(self) -> None:
        """Note what only the end of the log shows: the counters that never came."""
        self.remarks.gaps(self._counters.gaps())

    def _body(self, at: int, leaf: Leaf) -> Iterator[Problem]:
        try:
            body = check_body(leaf.type, canonical_again(leaf.body))
        except BadMessage as error:
            yield _problem(Rule.BAD_BODY, at, leaf, str(error))
            return
        try:
            check_id(leaf.type, leaf.id, body)
        except BadMessage as error:
            yield _problem(Rule.WRONG_ID, at, leaf, str(error))
        if leaf.type == EntryType.KEY_REVOKE:
            self._revoked.add(leaf.id.removeprefix("revoke:"))

    def _key(self, at: int, leaf: Leaf) -> Iterator[Problem]:
        try:
            public = check_public_key(base64.b64decode(str(leaf.body.get("public_key")), validate=True))
        except (binascii.Error, ValueError, BadSignature) as error:
            yield _problem(Rule.DEVICE_KEY, at, leaf, f"no usable device key: {error}")
            return
        if leaf.id != f"key:{key_id(public)}":
            yield _problem(Rule.WRONG_ID, at, leaf, f"its id is not of the key {key_id(public)}")
        yield from (each for each in self._body(at, leaf) if each.rule != Rule.WRONG_ID)
        if leaf.body.get("role", "station") == "station":
            self._keys[key_id(public)] = public

    def _verdict(self, at: int, leaf: Leaf) -> Iterator[Problem]:
        signed = canonical_again(leaf.body)
        try:
            record = read_record(signed)
        except DomainError as error:
            yield _problem(Rule.BAD_RECORD, at, leaf, str(error))
            return
        if self.records is not None:
            self.records[record.id] = record
        if leaf.id != f"verdict:{record.id}":
            yield _problem(Rule.WRONG_ID, at, leaf, f"it holds record {record.id}")
        if record.origin != leaf.log:
            yield _problem(Rule.OTHER_LOG, at, leaf, f"its record is for log {record.origin!r}")
        if record.device.key in self._revoked:
            yield _problem(Rule.REVOKED_KEY, at, leaf, "its station's key was revoked before")
        device = record.device
        for odd in self._counters.feed(device.key, device.boot, device.counter, leaf.seq):
            self.remarks.counter(odd)
        yield from self._signature(at, leaf, record, signed)

    def _signature(self, at: int, leaf: Leaf, record: InspectionRecord, signed: bytes) -> Iterator[Problem]:
        device = leaf.device or {}
        public = self._keys.get(record.device.key)
        if device.get("key") != record.device.key:
            yield _problem(
                Rule.DEVICE_SIGNATURE, at, leaf, "the leaf and its record name different device keys"
            )
        elif public is None:
            self.counts["unchecked"] += 1
        else:
            try:
                signature = base64.b64decode(str(device.get("signature")), validate=True)
                verify(public, Domain.RECORD, signed, signature)
                self.counts["signed"] += 1
            except (binascii.Error, ValueError, BadSignature) as error:
                yield _problem(Rule.DEVICE_SIGNATURE, at, leaf, f"device signature: {error}")


@dataclass(slots=True, kw_only=True)
class Repeats:
    """Second look at the ids that `Content.doubled` suspects."""

    suspects: set[int]
    _seen: dict[str, int] = field(default_factory=dict)

    def check(self, at: int, line: Line) -> Iterator[Problem]:
        """Yield a problem for the second entry of an id."""
        leaf = line.leaf
        if leaf is None or _digest(leaf.id) not in self.suspects:
            return
        first = self._seen.setdefault(leaf.id, leaf.seq)
        if first != leaf.seq:
            yield _problem(Rule.DUPLICATE_ID, at, leaf, f"entry {first} has the same id {leaf.id}")


def _digest(id: str) -> int:
    """64 bits, signed, keyed anew in each process: nobody can choose ids that collide."""
    return hash(id)


def _problem(rule: Rule, at: int, leaf: Leaf, detail: str) -> Problem:
    return Problem(rule=rule, index=leaf.seq, line=at + FIRST_LINE, detail=detail)
