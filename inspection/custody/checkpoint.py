"""Checkpoints: how many entries a log has and under which root, signed (C2SP tlog-checkpoint).

A log signs the note's text itself (Ed25519, type 0x01). A witness cosigns it with the time at which it
was the newest it knew (C2SP tlog-cosignature, type 0x04); that time is what bounds a backdated entry.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.merkle import HASH_BYTES, MAX_SIZE
from inspection.custody.note import (
    Algorithm,
    Note,
    NoteSignature,
    VerifierKey,
    note_key,
    read_base64,
    read_note,
    sign_text,
    verify_text,
    write_base64,
)
from inspection.custody.signing import sign_bytes, verify_bytes
from inspection.errors import BadMessage, BadSignature, WrongLog

DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
MAX_TIME_S = 2**63 - 1
TIMESTAMP = Struct(">Q")
COSIGNED = TIMESTAMP.size + 64
"""Bytes of an Ed25519 cosignature: time, then signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log commits to."""

    origin: str
    """Name of the log, such as `centre.example/site/s1`."""
    size: int
    """Number of entries, 0..2^63 - 1."""
    root: bytes
    """RFC 6962 root, 32 bytes."""
    extensions: tuple[str, ...] = ()
    """Further lines; discouraged by the spec, because no monitor can check them."""

    def to_text(self) -> str:
        """The note's text; raises BadMessage for what no reader would take."""
        encoded = write_base64(self.root)
        text = "".join(f"{line}\n" for line in (self.origin, self.size, encoded, *self.extensions))
        if read_checkpoint_text(text) != self:
            raise BadMessage("the checkpoint cannot be written")
        return text


def read_checkpoint_text(text: str) -> Checkpoint:
    """Read a note's text as a checkpoint; raises BadMessage."""
    lines = text.split("\n")
    if lines.pop() or len(lines) < 3 or not all(lines):
        raise BadMessage("a checkpoint has three lines or more, none empty, each with a newline")
    origin, size, root, *extensions = lines
    found = Checkpoint(
        origin=origin, size=read_decimal(size), root=read_base64(root), extensions=tuple(extensions)
    )
    if len(found.root) != HASH_BYTES:
        raise BadMessage(f"a root has {HASH_BYTES} bytes, this one has {len(found.root)}")
    return found


def read_decimal(text: str) -> int:
    """Read 0..2^63 - 1 without leading zeros; raises BadMessage."""
    if not DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise BadMessage(f"no number from 0 to 2^63 - 1: {text[:40]!r}")
    return int(text)


def issue_checkpoint(
    private_key: Ed25519PrivateKey, checkpoint: Checkpoint, name: str | None = None
) -> bytes:
    """The note, signed by the log; its key bears the origin as name unless `name` is another."""
    text = checkpoint.to_text()
    signature = sign_text(text, checkpoint.origin if name is None else name, private_key)
    return Note(text=text, signatures=(signature,)).to_bytes()


def add_signatures(note: bytes, *signatures: NoteSignature) -> bytes:
    """The note with more signature lines; a line that it has already is not added again."""
    found = read_note(note)
    lines = dict.fromkeys((*found.signatures, *signatures))
    return Note(text=found.text, signatures=tuple(lines)).to_bytes()


def open_checkpoint(note: bytes, keys: Sequence[VerifierKey]) -> Checkpoint:
    """Return the checkpoint that one of `keys` signed under its own origin.

    Raises BadMessage; WrongLog when no key bears the origin as name; BadSignature when no such key signed
    it, or when a line by one of them does not verify, even beside a good one.
    """
    return open_signed(read_note(note), keys)[0]


def open_signed(note: Note, keys: Sequence[VerifierKey]) -> tuple[Checkpoint, VerifierKey]:
    """As open_checkpoint, and the first of `keys` that signed."""
    checkpoint = read_checkpoint_text(note.text)
    own = [key for key in keys if key.name == checkpoint.origin and key.algorithm is Algorithm.ED25519]
    if not own:
        raise WrongLog(f"the checkpoint is of log {checkpoint.origin!r}, which is not trusted here")
    signed = [key for key in own if _has_signed(key, note)]
    if not signed:
        raise BadSignature(f"no known key of {checkpoint.origin} signed the checkpoint")
    return checkpoint, signed[0]


def _has_signed(key: VerifierKey, note: Note) -> bool:
    lines = [line for line in note.signatures if key.signed(line)]
    for line in lines:
        verify_text(key, note.text, line)
    return bool(lines)


def cosign(private_key: Ed25519PrivateKey, name: str, note_text: str, at_s: int) -> NoteSignature:
    """Cosign a checkpoint's text as the witness `name`, `at_s` seconds after the epoch."""
    key = note_key(name, private_key, Algorithm.COSIGNATURE_ED25519)
    signature = sign_bytes(private_key, _cosigned_bytes(note_text, at_s))
    return NoteSignature(name=name, key_id=key.id, signature=TIMESTAMP.pack(at_s) + signature)


def verify_cosignature(key: VerifierKey, text: str, signature: NoteSignature) -> int:
    """Return when the witness cosigned, in seconds after the epoch; raises BadSignature."""
    if key.algorithm is not Algorithm.COSIGNATURE_ED25519 or not key.signed(signature):
        raise BadSignature(f"the signature line is not a cosignature by {key.name}")
    if len(signature.signature) != COSIGNED:
        raise BadSignature(f"a cosignature has {COSIGNED} bytes, this one has {len(signature.signature)}")
    at_s: int = TIMESTAMP.unpack_from(signature.signature)[0]
    if at_s > MAX_TIME_S:
        raise BadSignature("the cosignature's time is beyond 2^63 - 1")
    verify_bytes(key.public_key, _cosigned_bytes(text, at_s), signature.signature[TIMESTAMP.size :])
    return at_s


def _cosigned_bytes(text: str, at_s: int) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()
