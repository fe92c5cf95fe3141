"""Who this station is: its key and what the centre told it at enrolment, both files of mode 0600."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from edge.errors import NotEnrolled
from inspection.custody.signing import key_id, public_bytes
from inspection.errors import BadMessage
from inspection.messages.station import Enrolment

KEY_FILE = "station.key"
ENROLMENT_FILE = "enrolment.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A station's own key and its enrolment."""

    key: Ed25519PrivateKey = field(repr=False)
    enrolment: Enrolment = field(repr=False)

    @property
    def key_id(self) -> str:
        """Id of the station's public key."""
        return key_id(public_bytes(self.key))


def read_identity(folder: Path) -> Identity:
    """Read both files; raises NotEnrolled and says what is missing or too open."""
    key_file, enrolment_file = folder / KEY_FILE, folder / ENROLMENT_FILE
    for path in (key_file, enrolment_file):
        if not path.is_file():
            raise NotEnrolled(
                f"{path.name} is not in {folder}: run "
                f"`regrade station enrol CODE --centre URL --dir {folder}`"
            )
        if path.stat().st_mode & 0o077:
            raise NotEnrolled(f"others may read {path.name}: run `chmod 600 {path}`")
    try:
        enrolment = Enrolment.read(enrolment_file.read_bytes())
    except BadMessage as error:
        raise NotEnrolled(f"{ENROLMENT_FILE} is damaged ({error}): enrol this station again") from error
    return Identity(key=_read_key(key_file), enrolment=enrolment)


def write_identity(folder: Path, key: Ed25519PrivateKey, enrolment: Enrolment) -> None:
    """Write both files durably, the key first."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_secret(folder / KEY_FILE, pem)
    write_secret(folder / ENROLMENT_FILE, enrolment.to_json())


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, by fsync and rename."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def _read_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise NotEnrolled(f"{path.name} is damaged: enrol this station again") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise NotEnrolled(f"{path.name} is no Ed25519 key: enrol this station again")
    return key
