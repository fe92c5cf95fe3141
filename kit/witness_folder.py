"""A witness's folder: its key, which only its owner may read, and its book."""

import base64
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.note import Algorithm, VerifierKey, note_key
from inspection.errors import BadMessage
from kit.errors import BadWitness
from kit.witness_book import WitnessBook

KEY_FILE = "witness.json"
BOOK_FILE = "witness.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WitnessKey:
    """What a witness signs with. Its `repr` shows nothing."""

    name: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> VerifierKey:
        """What a policy file names it by."""
        return note_key(self.name, self.private, Algorithm.COSIGNATURE_ED25519)


def init_witness(directory: Path, name: str) -> WitnessKey:
    """Make a key and an empty book; raises BadWitness where a witness is already, or for a bad name."""
    key = WitnessKey(name=name, private=Ed25519PrivateKey.generate())
    try:
        note_key(name, key.private)
    except BadMessage as error:
        raise BadWitness(f"{name!r} cannot be a witness's name: no blanks, no plus") from error
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret = base64.b64encode(key.private.private_bytes_raw()).decode()
    _write_new(directory / KEY_FILE, json.dumps({"name": name, "key": secret}).encode() + b"\n")
    book_of(directory).close()
    return key


def read_key(directory: Path) -> WitnessKey:
    """The key of a folder; raises BadWitness when others may read it, or there is none."""
    path = directory / KEY_FILE
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        value = json.loads(path.read_bytes())
        private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(value["key"], validate=True))
        key = WitnessKey(name=str(value["name"]), private=private)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadWitness(f"{path} holds no witness's key; `regrade witness init` makes one") from error
    if mode & 0o077:
        raise BadWitness(f"{path} may be read by others (mode {mode:o}): chmod 600 it")
    return key


def book_of(directory: Path) -> WitnessBook:
    """The book of a folder."""
    return WitnessBook(directory / BOOK_FILE)


def _write_new(path: Path, content: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise BadWitness(f"{path} exists: its key cosigned logs and is never overwritten") from error
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
