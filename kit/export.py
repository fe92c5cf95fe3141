"""The export of a log as a file: one header line, then each leaf's raw bytes, one per line.

What is kept in memory is 80 bytes per entry (hash, demanded hash, index, digest of the id), so a
million entries need 80 MB; the leaves themselves stream by.
"""

import base64
import hashlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.canonical import canonical, parse_canonical
from inspection.custody.leaf import MAX_LEAF_BYTES, Leaf, read_leaf
from inspection.custody.signing import Domain, public_bytes, sign
from inspection.errors import DomainError
from kit.errors import NotAnExport

EXPORT_VERSION = 1
EXPORT_KIND = "regrade-export"
HEADER_FIELDS = {"v", "kind", "origin", "size", "head", "log_public_key", "signature"}
MAX_HEADER_BYTES = 1024
CUT = b"\n<end of file>"
NO_HASH = b"\xff" * 32
UNREADABLE = -1
"""Stands in place of an index inside a line that is no leaf."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """First line of an export: what the log says its state is."""

    origin: str
    size: int
    head: str
    """Leaf hash of the last entry in hex; GENESIS when there is none."""
    log_public_key: bytes
    signature: bytes
    """Over `head_content`, domain `regrade/head/v1`."""

    def to_bytes(self) -> bytes:
        """The canonical line, without its newline."""
        return canonical(
            {
                "v": EXPORT_VERSION,
                "kind": EXPORT_KIND,
                "origin": self.origin,
                "size": self.size,
                "head": self.head,
                "log_public_key": base64.b64encode(self.log_public_key).decode(),
                "signature": base64.b64encode(self.signature).decode(),
            }
        )


def head_content(origin: str, size: int, head: str) -> bytes:
    """What the header's signature covers."""
    return f"{origin}\n{size}\n{head}\n".encode()


def sign_header(key: Ed25519PrivateKey, origin: str, size: int, head: str) -> Header:
    """Sign the state of a log with its key."""
    return Header(
        origin=origin,
        size=size,
        head=head,
        log_public_key=public_bytes(key),
        signature=sign(key, Domain.HEAD, head_content(origin, size, head)),
    )


def read_header(line: bytes) -> Header:
    """Read the first line, newline included; raises NotAnExport and says what is missing."""
    if not line.endswith(b"\n"):
        raise NotAnExport("line 1 is no header of an export: it is too long or cut off")
    try:
        value = parse_canonical(line[:-1])
    except DomainError as error:
        raise NotAnExport(f"line 1 is no header of an export: {error}") from error
    if value.get("kind") != EXPORT_KIND:
        raise NotAnExport(f"line 1 does not say {EXPORT_KIND!r}: this is another kind of file")
    if value.get("v") != EXPORT_VERSION:
        raise NotAnExport(f"export version {value.get('v')!r}; this program reads {EXPORT_VERSION}")
    if set(value) != HEADER_FIELDS:
        raise NotAnExport(f"header fields differ: {sorted(set(value) ^ HEADER_FIELDS)}")
    return _header(value)


def _header(value: dict[str, Any]) -> Header:
    texts = ("origin", "head", "log_public_key", "signature")
    if not all(isinstance(value[name], str) for name in texts) or type(value["size"]) is not int:
        raise NotAnExport("a header field has the wrong type")
    if value["size"] < 0 or _raw_hash(value["head"]) == NO_HASH:
        raise NotAnExport("the header's size or head is impossible")
    try:
        return Header(
            origin=value["origin"],
            size=value["size"],
            head=value["head"],
            log_public_key=base64.b64decode(value["log_public_key"], validate=True),
            signature=base64.b64decode(value["signature"], validate=True),
        )
    except ValueError as error:  # binascii.Error, or a letter that is not ASCII
        raise NotAnExport(f"a header field is no base64: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line after the header."""

    content: bytes
    """Without its newline; of an overlong line only the beginning."""
    leaf: Leaf | None
    """None when it is no leaf."""
    fault: str
    """Why it is none; empty otherwise."""


def lines(file: BinaryIO) -> Iterator[Line]:
    """Read on after the header, one bounded line at a time."""
    while raw := file.readline(MAX_LEAF_BYTES + 1):
        if raw.endswith(b"\n"):
            yield _line(raw[:-1])
        elif len(raw) <= MAX_LEAF_BYTES:
            # marked, so that a leaf which lost only its newline is not taken for whole
            yield Line(content=raw + CUT, leaf=None, fault="the file ends in the middle of this line")
        else:
            yield Line(content=raw, leaf=None, fault=f"the line is longer than {MAX_LEAF_BYTES} bytes")
            _skip_to_newline(file)


def _skip_to_newline(file: BinaryIO) -> None:
    while (raw := file.readline(MAX_LEAF_BYTES)) and not raw.endswith(b"\n"):
        pass


def _line(content: bytes) -> Line:
    try:
        return Line(content=content, leaf=read_leaf(content), fault="")
    except DomainError as error:
        return Line(content=content, leaf=None, fault=str(error))


@dataclass(slots=True)
class Rows:
    """What the walk needs of each line, packed; grows while the file streams by."""

    _hashes: bytearray = field(default_factory=bytearray)
    _demands: bytearray = field(default_factory=bytearray)
    _indexes: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, line: Line) -> None:
        """Take up one line."""
        leaf = line.leaf
        self._hashes += hashlib.sha256(b"\x00" + line.content).digest()
        self._demands += _raw_hash(leaf.prev) if leaf else bytes(32)
        self._indexes.append(leaf.seq if leaf else UNREADABLE)

    def __len__(self) -> int:
        return len(self._indexes)

    def hash(self, at: int) -> str:
        """Leaf hash of the line at a place (0 is the first after the header), in hex."""
        return self._hashes[32 * at : 32 * at + 32].hex()

    def demand(self, at: int) -> str:
        """The `prev` that the line states, in hex; zeros when it is no leaf."""
        return self._demands[32 * at : 32 * at + 32].hex()

    def index(self, at: int) -> int:
        """The index that the line states, or UNREADABLE."""
        return self._indexes[at]

    def find(self, hash_hex: str, start: int = 0) -> int | None:
        """The first place from `start` on whose line has this leaf hash."""
        wanted = _raw_hash(hash_hex)
        at = self._hashes.find(wanted, 32 * start)
        while at % 32 and at >= 0:
            at = self._hashes.find(wanted, at + 1)
        return None if at < 0 else at // 32

    def has_twin(self, at: int) -> bool:
        """True when another line has the same bytes."""
        first = self.find(self.hash(at))
        return first != at or self.find(self.hash(at), at + 1) is not None


def _raw_hash(text: str) -> bytes:
    """32 bytes of a hex hash; what is no hash becomes one that nothing has."""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    return raw if len(raw) == 32 and raw.hex() == text else NO_HASH
