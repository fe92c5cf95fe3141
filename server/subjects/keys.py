"""One AES-256 key per person, in a database of its own: destroying it erases what it sealed, everywhere.

Everything personal in the centre's database is sealed under such a key, so an old backup of that database
opens nothing once the key is gone. The key store has a backup of its own, kept for days and not for years.

A sealed value names its key: `0x01 || key id (16) || nonce (12) || AES-256-GCM`. A value whose key is
gone reads as None. Rollback journal and not WAL: after a commit no second file holds old pages.
"""

import secrets
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from inspection.errors import BadSeal
from server.disk import sync_folder
from server.errors import BadKeys
from server.subjects.identity import SubjectSecrets

FILE_NAME = "subjects.sqlite"
VERSION = 1
KEY_BYTES = 32
ID_BYTES = 16
NONCE_BYTES = 12
FORMAT = b"\x01"
HEADER = len(FORMAT) + ID_BYTES
MOST_KEPT = 8192
"""Keys held in memory; when it is full it begins anew."""

TABLES = (
    "CREATE TABLE IF NOT EXISTS keys (id BLOB NOT NULL PRIMARY KEY, subject TEXT NOT NULL UNIQUE, "
    "wrapped BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS destroyed (id BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID",
)
"""A destroyed key leaves its random id: so what it sealed is known as erased, and not as lost with a disk."""
PRAGMAS = (
    "journal_mode=DELETE",
    "synchronous=FULL",
    "secure_delete=ON",
    "temp_store=MEMORY",
    "busy_timeout=5000",
)


class SubjectKeys:
    """The key store of one centre; safe to use from several threads."""

    def __init__(self, folder: Path, wrap: bytes, *, read_only: bool = False) -> None:
        """Open or make it; `wrap` is the secret of `keys.json`. Raises BadKeys for a newer or broken file."""
        self.secrets = SubjectSecrets.of(wrap)
        self._path = folder / FILE_NAME
        self._wrapping = AESGCM(self.secrets.wrapping)
        self._lock = threading.Lock()
        self._by_id: dict[bytes, AESGCM] = {}
        self._id_of: dict[str, bytes] = {}
        try:
            self._file = _opened(self._path, read_only)
        except sqlite3.Error as error:
            raise BadKeys(f"{self._path} cannot be read: restore it from its own backup ({error})") from error

    def close(self) -> None:
        """Close the file and forget every key."""
        with self._lock:
            self._forget()
            self._file.close()

    def ensure(self, subjects: Iterable[str]) -> None:
        """Make the keys that are missing, durably: nothing is ever sealed under a key that may be lost."""
        with self._lock:
            missing = [each for each in dict.fromkeys(subjects) if self._find(each) is None]
            if missing:
                self._make(missing)

    def seal(self, subject: str, content: bytes, place: str) -> bytes:
        """Seal bytes under a subject's key, bound to `place`; makes the key where there is none."""
        with self._lock:
            key_id = self._find(subject)
            if key_id is None:
                self._make([subject])
                key_id = self._find(subject)
            if key_id is None:
                raise BadSeal("the key store did not keep a new key")
            cipher = self._by_id[key_id]
        return _sealed(cipher, key_id, content, place)

    def seal_beside(self, sealed: bytes, content: bytes, place: str) -> bytes | None:
        """Seal bytes under the key of another sealed value; None when that was destroyed."""
        key_id = sealed[len(FORMAT) : HEADER]
        with self._lock:
            cipher = self._cipher(key_id)
        return _sealed(cipher, key_id, content, place) if cipher is not None else None

    def open(self, sealed: bytes, place: str) -> bytes | None:
        """What was sealed for `place`; None when its key was destroyed. Raises BadSeal for other bytes."""
        if not sealed.startswith(FORMAT) or len(sealed) < HEADER + NONCE_BYTES:
            raise BadSeal("this is no value sealed under a subject's key")
        with self._lock:
            cipher = self._cipher(sealed[len(FORMAT) : HEADER])
        if cipher is None:
            return None
        nonce, content = sealed[HEADER : HEADER + NONCE_BYTES], sealed[HEADER + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, content, place.encode())
        except InvalidTag as error:
            raise BadSeal(f"the sealed value was not made for {place}") from error

    def opens(self, sealed: bytes) -> bool:
        """True while the key of a sealed value is there."""
        with self._lock:
            return bool(sealed) and self._cipher(sealed[len(FORMAT) : HEADER]) is not None

    def is_erased(self, sealed: bytes) -> bool:
        """True for what was emptied, and for what a destroyed key had sealed; False where a key is lost."""
        if not sealed or self.opens(sealed):
            return not sealed
        with self._lock:
            chosen = "SELECT 1 FROM destroyed WHERE id = ?"
            return self._file.execute(chosen, (sealed[len(FORMAT) : HEADER],)).fetchone() is not None

    def holds(self, subject: str) -> bool:
        """True while the subject has a key."""
        with self._lock:
            return self._find(subject) is not None

    def destroy(self, subject: str) -> bool:
        """Destroy the subject's key, durably; False when there was none. SQLite zeroes its bytes."""
        with self._lock:
            self._by_id.pop(self._id_of.pop(subject, b""), None)
            with self._file:
                self._file.execute("BEGIN IMMEDIATE")
                remembered = "INSERT OR IGNORE INTO destroyed SELECT id FROM keys WHERE subject = ?"
                self._file.execute(remembered, (subject,))
                return self._file.execute("DELETE FROM keys WHERE subject = ?", (subject,)).rowcount == 1

    def compact(self) -> None:
        """Rewrite the file without its free pages: whatever moving rows about left in them goes too."""
        with self._lock:
            self._file.execute("VACUUM")
        sync_folder(self._path.parent)

    def copy_to(self, target: Path) -> None:
        """Write a consistent copy to a new file: the key store's own backup."""
        with self._lock:
            self._file.execute("VACUUM INTO ?", (str(target),))
        target.chmod(0o600)

    def _find(self, subject: str) -> bytes | None:
        known = self._id_of.get(subject)
        if known is None:
            chosen = "SELECT id, wrapped FROM keys WHERE subject = ?"
            row = self._file.execute(chosen, (subject,)).fetchone()
            if row is not None:
                known = self._keep(subject, *row)
        return known

    def _cipher(self, key_id: bytes) -> AESGCM | None:
        if key_id not in self._by_id:
            row = self._file.execute("SELECT subject, wrapped FROM keys WHERE id = ?", (key_id,)).fetchone()
            if row is None:
                return None
            self._keep(row[0], key_id, row[1])
        return self._by_id[key_id]

    def _keep(self, subject: str, key_id: bytes, wrapped: bytes) -> bytes:
        if len(self._by_id) >= MOST_KEPT:
            self._forget()
        self._by_id[key_id] = AESGCM(self._unwrapped(key_id, wrapped))
        self._id_of[subject] = key_id
        return key_id

    def _unwrapped(self, key_id: bytes, wrapped: bytes) -> bytes:
        try:
            return self._wrapping.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], key_id)
        except InvalidTag as error:
            raise BadSeal(
                "the key store was written under another `wrap` secret than keys.json has"
            ) from error

    def _make(self, subjects: list[str]) -> None:
        rows = []
        for subject in subjects:
            key_id, nonce = secrets.token_bytes(ID_BYTES), secrets.token_bytes(NONCE_BYTES)
            wrapped = nonce + self._wrapping.encrypt(nonce, secrets.token_bytes(KEY_BYTES), key_id)
            rows.append((key_id, subject, wrapped))
        with self._file:
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany("INSERT INTO keys (id, subject, wrapped) VALUES (?, ?, ?)", rows)
        for key_id, subject, wrapped in rows:
            self._keep(subject, key_id, wrapped)

    def _forget(self) -> None:
        self._by_id.clear()
        self._id_of.clear()


def _sealed(cipher: AESGCM, key_id: bytes, content: bytes, place: str) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return FORMAT + key_id + nonce + cipher.encrypt(nonce, content, place.encode())


def _opened(path: Path, read_only: bool) -> sqlite3.Connection:
    if not read_only:
        path.touch(mode=0o600)
    mode = "ro" if read_only else "rw"
    file = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    found = file.execute("PRAGMA user_version").fetchone()[0]
    if found > VERSION:
        raise BadKeys(f"{path} has version {found}; this program knows {VERSION}")
    if not read_only:
        for pragma in PRAGMAS:
            file.execute(f"PRAGMA {pragma}")
        for table in TABLES:
            file.execute(table)
        file.execute(f"PRAGMA user_version={VERSION}")
    return file
