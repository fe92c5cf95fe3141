"""The centre's secrets, in one file outside the database that only its owner may read.

A copy of the database alone forges nothing and opens nothing.
"""

import base64
import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from inspection.custody.signing import public_bytes
from inspection.messages.webhook_keys import SigningKey
from server.disk import replace_file
from server.errors import BadKeys, BadRequest

FILE_NAME = "keys.json"
SECRET_BYTES = 32
NAMES = ("log", "sealing", "webhook", "wrap", "badge_salt")
PREVIOUS = ("log_previous", "webhook_previous")
"""Keys before a rotation: they still sign beside the new ones, until they are dropped."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ServerKeys:
    """What the centre signs, opens and wraps with. Its `repr` shows nothing."""

    log: Ed25519PrivateKey
    sealing: X25519PrivateKey
    webhook: Ed25519PrivateKey
    wrap: bytes
    """AES-256 key over the openings of commitments."""
    badge_salt: bytes
    log_previous: Ed25519PrivateKey | None = None
    webhook_previous: Ed25519PrivateKey | None = None

    @property
    def log_signers(self) -> tuple[Ed25519PrivateKey, ...]:
        """Who signs a checkpoint: the log's key, and the one before it while that is not dropped."""
        return (self.log,) if self.log_previous is None else (self.log, self.log_previous)

    @property
    def log_public(self) -> bytes:
        """Raw public half of the log's key."""
        return public_bytes(self.log)

    @property
    def webhook_signers(self) -> tuple[SigningKey, ...]:
        """Who signs webhooks: the newest key first, and the one before it while that is not dropped."""
        keys = (self.webhook,) if self.webhook_previous is None else (self.webhook, self.webhook_previous)
        return tuple(SigningKey(key) for key in keys)

    @property
    def webhook_public(self) -> bytes:
        """Raw public half of the key that signs webhooks."""
        return public_bytes(self.webhook)

    @property
    def sealing_public(self) -> bytes:
        """Raw X25519 key for which stations wrap image keys."""
        return self.sealing.public_key().public_bytes_raw()


def make_keys(directory: Path) -> ServerKeys:
    """Write fresh secrets; raises BadKeys when the file is there already."""
    path = directory / FILE_NAME
    values = {name: secrets.token_bytes(SECRET_BYTES) for name in NAMES}
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise BadKeys(f"{path} exists: its keys signed the ledger and are never overwritten") from error
    with os.fdopen(handle, "w") as file:
        file.write(_text(values))
        file.flush()
        os.fsync(file.fileno())
    return _keys(values)


def read_keys(directory: Path) -> ServerKeys:
    """Read the secrets; raises BadKeys when others may read the file, or it holds none."""
    path = directory / FILE_NAME
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        content = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadKeys(f"{path} cannot be read; `regrade server init` makes it") from error
    if mode & 0o077:
        raise BadKeys(f"{path} may be read by others (mode {mode:o}): chmod 600 it")
    return _keys(_values(path, content))


def replace_log_key(directory: Path, log: Ed25519PrivateKey, previous: Ed25519PrivateKey | None) -> None:
    """Write the key file anew with these keys of the log, in one step; nothing else in it changes."""
    _replace(directory, "log", log, previous)


def rotate_webhook_key(directory: Path) -> ServerKeys:
    """Give the centre a new key for webhooks; the old one signs beside it until it is dropped.

    Nothing but the file changes: a centre that runs goes on with what it has, until it is started again.
    Raises BadRequest while the key before the last one is not dropped.
    """
    keys = read_keys(directory)
    if keys.webhook_previous is not None:
        raise BadRequest("the old key still signs beside this one: drop it first (--drop-old)")
    _replace(directory, "webhook", Ed25519PrivateKey.generate(), keys.webhook)
    return read_keys(directory)


def drop_webhook_key(directory: Path) -> ServerKeys:
    """Let only the newest key sign webhooks; raises BadRequest where there is no old one."""
    keys = read_keys(directory)
    if keys.webhook_previous is None:
        raise BadRequest("webhooks are signed with one key only")
    _replace(directory, "webhook", keys.webhook, None)
    return read_keys(directory)


def _replace(directory: Path, name: str, key: Ed25519PrivateKey, previous: Ed25519PrivateKey | None) -> None:
    path = directory / FILE_NAME
    values = _values(path, path.read_text("utf-8")) | {name: key.private_bytes_raw()}
    values.pop(f"{name}_previous", None)
    if previous is not None:
        values[f"{name}_previous"] = previous.private_bytes_raw()
    replace_file(path, _text(values).encode())


def _text(values: dict[str, bytes]) -> str:
    encoded = {name: base64.b64encode(value).decode() for name, value in values.items()}
    return json.dumps(encoded, indent=1) + "\n"


def _values(path: Path, content: str) -> dict[str, bytes]:
    try:
        table = json.loads(content)
        names = (*NAMES, *(name for name in PREVIOUS if name in table))
        values = {name: base64.b64decode(table[name], validate=True) for name in names}
    except (ValueError, KeyError, TypeError) as error:
        raise BadKeys(f"{path} does not hold the five secrets {', '.join(NAMES)}") from error
    for name, value in values.items():
        if len(value) != SECRET_BYTES or len(set(value)) < 8:
            raise BadKeys(f"{path}: {name} is a placeholder, not {SECRET_BYTES} random bytes")
    return values


def _keys(values: dict[str, bytes]) -> ServerKeys:
    return ServerKeys(
        log=Ed25519PrivateKey.from_private_bytes(values["log"]),
        sealing=X25519PrivateKey.from_private_bytes(values["sealing"]),
        webhook=Ed25519PrivateKey.from_private_bytes(values["webhook"]),
        wrap=values["wrap"],
        badge_salt=values["badge_salt"],
        log_previous=_previous(values, "log_previous"),
        webhook_previous=_previous(values, "webhook_previous"),
    )


def _previous(values: dict[str, bytes], name: str) -> Ed25519PrivateKey | None:
    return Ed25519PrivateKey.from_private_bytes(values[name]) if name in values else None
