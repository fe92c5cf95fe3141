"""Signed notes: a text and signature lines by named keys (C2SP signed-note).

    <text, ending in a newline>
    <an empty line>
    - <key name> base64(4-byte key ID || signature)      with an em dash for the hyphen

A reader ignores lines by keys that it does not know; that is how a key is changed (sign with the old and
the new one) and how witnesses add their lines. Which keys count is the reader's policy, in `policy.py`.
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.signing import check_public_key, public_bytes, sign_bytes, verify_bytes
from inspection.errors import BadMessage, BadSignature

MAX_SIGNATURES = 64
"""A reader must take 16 at least (signed-note); 32 witnesses and a log with two keys fit."""
MAX_NOTE_BYTES = 256 * 1024
"""64 signatures of 2,420 bytes (ML-DSA-44) in base64, and the text."""
KEY_ID_BYTES = 4
LINE_START = "\u2014 "
CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")


class Algorithm(IntEnum):
    """Signature types of signed-note that keys here may have."""

    ED25519 = 0x01
    COSIGNATURE_ED25519 = 0x04
    COSIGNATURE_ML_DSA_44 = 0x06
    """Keys can be read and named; no signature by one is verified yet."""


PUBLIC_KEY_BYTES = {
    Algorithm.ED25519: 32,
    Algorithm.COSIGNATURE_ED25519: 32,
    Algorithm.COSIGNATURE_ML_DSA_44: 1312,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key with the name that its signature lines bear."""

    name: str
    algorithm: Algorithm
    public_key: bytes
    """Raw: 32 bytes for Ed25519, 1,312 for ML-DSA-44."""

    @property
    def id(self) -> bytes:
        """SHA-256(name || newline || algorithm || public key), the first four bytes."""
        return sha256(f"{self.name}\n".encode() + self._typed()).digest()[:KEY_ID_BYTES]

    def to_text(self) -> str:
        """The `vkey`: `<name>+<key ID in hex>+<base64 of algorithm and public key>`."""
        return f"{self.name}+{self.id.hex()}+{write_base64(self._typed())}"

    def signed(self, signature: "NoteSignature") -> bool:
        """True when the line claims to be by this key; says nothing about whether it verifies."""
        return signature.name == self.name and signature.key_id == self.id

    def _typed(self) -> bytes:
        return bytes([self.algorithm]) + self.public_key


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line of a note."""

    name: str
    key_id: bytes
    """4 bytes."""
    signature: bytes
    """What follows the key ID; its form is the algorithm's."""

    def to_text(self) -> str:
        """The line with its newline."""
        return f"{LINE_START}{self.name} {write_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text and the signature lines under it."""

    text: str
    """Ends in a newline."""
    signatures: tuple[NoteSignature, ...]

    def to_bytes(self) -> bytes:
        """The note as sent; raises BadMessage for a text or a number of lines that no reader would take."""
        content = (self.text + "\n").encode() + write_signatures(*self.signatures)
        if read_note(content) != self:
            raise BadMessage("the text cannot stand in a note")
        return content


def note_key(name: str, key: Ed25519PrivateKey, algorithm: Algorithm = Algorithm.ED25519) -> VerifierKey:
    """The public side of a private key under a name."""
    return VerifierKey(name=_checked_name(name), algorithm=algorithm, public_key=public_bytes(key))


def read_vkey(text: str) -> VerifierKey:
    """Read a `vkey`; raises BadMessage, or BadSignature for an Ed25519 key that may not be enrolled."""
    parts = text.split("+", 2)  # base64 may have a plus of its own
    if len(parts) != 3:
        raise BadMessage(f"no verifier key: {text[:80]!r}")
    typed = read_base64(parts[2])
    key = VerifierKey(name=_checked_name(parts[0]), algorithm=_algorithm(typed[:1]), public_key=typed[1:])
    if len(key.public_key) != PUBLIC_KEY_BYTES[key.algorithm]:
        raise BadMessage(f"the key of {key.name} has {len(key.public_key)} bytes")
    if key.to_text() != text:
        raise BadMessage(f"the key ID of {key.name} does not fit the key")
    if key.algorithm is not Algorithm.COSIGNATURE_ML_DSA_44:
        check_public_key(key.public_key)
    return key


def _algorithm(typed: bytes) -> Algorithm:
    try:
        return Algorithm(typed[0])
    except (IndexError, ValueError) as error:
        raise BadMessage(f"a key of type 0x{typed.hex() or '00'} is not known here") from error


def sign_text(text: str, name: str, private_key: Ed25519PrivateKey) -> NoteSignature:
    """Sign a note's text with Ed25519, type 0x01."""
    key = note_key(name, private_key)
    return NoteSignature(name=name, key_id=key.id, signature=sign_bytes(private_key, text.encode()))


def verify_text(key: VerifierKey, text: str, signature: NoteSignature) -> None:
    """Raise BadSignature unless `signature` is by this key, type 0x01, over this text."""
    if key.algorithm is not Algorithm.ED25519 or not key.signed(signature):
        raise BadSignature(f"the signature line is not by {key.name}")
    verify_bytes(key.public_key, text.encode(), signature.signature)


def read_note(content: bytes) -> Note:
    """Read a note without judging its signatures; raises BadMessage."""
    if len(content) > MAX_NOTE_BYTES:
        raise BadMessage(f"a note may have {MAX_NOTE_BYTES} bytes, this one has {len(content)}")
    text, separator, lines = _utf8(content).rpartition("\n\n")
    if not separator or not text:
        raise BadMessage("a note has a text, an empty line and signatures")
    return Note(text=text + "\n", signatures=_read_lines(lines))


def write_signatures(*signatures: NoteSignature) -> bytes:
    """Signature lines alone, as a witness answers them."""
    return "".join(signature.to_text() for signature in signatures).encode()


def read_signatures(content: bytes) -> tuple[NoteSignature, ...]:
    """Read signature lines alone, one at least; raises BadMessage."""
    if len(content) > MAX_NOTE_BYTES:
        raise BadMessage(f"signature lines may have {MAX_NOTE_BYTES} bytes, these have {len(content)}")
    return _read_lines(_utf8(content))


def write_base64(content: bytes) -> str:
    """Standard base64 with padding (RFC 4648, section 4)."""
    return b64encode(content).decode()


def read_base64(text: str) -> bytes:
    """Read standard base64 in its one spelling (padded, no stray bits); raises BadMessage."""
    try:
        content = b64decode(text, validate=True)
    except ValueError as error:
        raise BadMessage(f"no base64: {text[:80]!r}") from error
    if write_base64(content) != text:
        raise BadMessage(f"base64 in another spelling: {text[:80]!r}")
    return content


def _utf8(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise BadMessage(f"a note is UTF-8: {error}") from error
    if found := CONTROL.search(text):
        raise BadMessage(f"a note has no control character, this one has one at {found.start()}")
    return text


def _read_lines(text: str) -> tuple[NoteSignature, ...]:
    lines = text.split("\n")
    if lines.pop() or not lines:
        raise BadMessage("signature lines end in a newline, and there is one at least")
    if len(lines) > MAX_SIGNATURES:
        raise BadMessage(f"a note may have {MAX_SIGNATURES} signatures, this one has {len(lines)}")
    return tuple(_read_line(line) for line in lines)


def _read_line(line: str) -> NoteSignature:
    name, separator, encoded = line.removeprefix(LINE_START).partition(" ")
    if not line.startswith(LINE_START) or not separator:
        raise BadMessage(f"no signature line: {line[:80]!r}")
    content = read_base64(encoded)
    if len(content) <= KEY_ID_BYTES:
        raise BadMessage(f"a signature line without a signature: {line[:80]!r}")
    key_id, signature = content[:KEY_ID_BYTES], content[KEY_ID_BYTES:]
    return NoteSignature(name=_checked_name(name), key_id=key_id, signature=signature)


def _checked_name(name: str) -> str:
    wrong = not name or "+" in name or any(sign.isspace() for sign in name) or not _is_text(name)
    if wrong or CONTROL.search(name):
        raise BadMessage(f"a key name has no space, plus or control character: {name[:80]!r}")
    return name


def _is_text(name: str) -> bool:
    """False for lone surrogates, which stand for bytes that are no UTF-8."""
    return not any("\ud800" <= sign <= "\udfff" for sign in name)
