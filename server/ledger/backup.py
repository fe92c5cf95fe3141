"""A copy of a centre's folder that can be restored: database, settings, files. Its secrets are not in it.

Neither are `keys.json`, which opens everything, nor `checkpoint.newest`: that file must not go back in time
together with the database whose age it is there to show.
"""

import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from server.centre import CLAIMS, DATABASE, EVIDENCE, POLICY, REFERENCES
from server.errors import BadRequest
from server.keys import read_keys
from server.ledger.files import open_database
from server.ledger.succession import FILE_NAME as SUCCESSION
from server.ledger.trust import FILE_NAME as TRUST
from server.settings import FILE_NAME as SETTINGS
from server.subjects.keys import FILE_NAME as SUBJECTS
from server.subjects.keys import SubjectKeys

FRESH = ".fresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a backup holds."""

    size: int
    """Entries of the ledger."""
    files: int
    """Files that were not in the copy yet."""


def back_up(directory: Path, out: Path, *, subject_keys: bool = False) -> Copied:
    """Copy into a folder, which may hold an older copy; raises BadRequest for the centre's own folder.

    The database goes first: files are only ever added, so what it names is there when they are copied.
    """
    if out.resolve() == directory.resolve():
        raise BadRequest("a copy in the same folder is no backup: name another, best on another disk")
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open_database(directory) as engine:
        size = _copy_database(engine, out / DATABASE)
    for name in (SETTINGS, POLICY, TRUST, SUCCESSION):
        if (directory / name).is_file():
            shutil.copy2(directory / name, out / name)
    files = sum(_copy_new(directory / name, out / name) for name in (EVIDENCE, CLAIMS, REFERENCES))
    _drop_erased(out)
    if subject_keys:
        _copy_subject_keys(directory, out / SUBJECTS)
    return Copied(size=size, files=files)


def _copy_database(engine: Engine, target: Path) -> int:
    """By SQLite's own backup, whole or not at all; returns how many entries the copy has."""
    fresh = target.with_suffix(FRESH)
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    there = sqlite3.connect(fresh)
    here = engine.raw_connection()
    try:
        here.driver_connection.backup(there)  # type: ignore[union-attr] # sqlite3's own connection
        there.execute("PRAGMA journal_mode=DELETE")
        found = there.execute("SELECT size FROM heads").fetchone()
    finally:
        here.close()
        there.close()
    fresh.rename(target)
    return int(found[0]) if found else 0


def _copy_new(source: Path, target: Path) -> int:
    copied = 0
    for path in sorted(source.rglob("*")):
        there = target / path.relative_to(source)
        if path.is_file() and not there.exists():
            there.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = there.with_name(there.name + FRESH)
            with suppress(FileNotFoundError):  # erased meanwhile
                shutil.copy2(path, fresh)
                fresh.rename(there)  # whole, or not under its name: a later copy passes over what is there
                copied += 1
    return copied


def _drop_erased(out: Path) -> None:
    """Images of erased customers leave the copy too; whatever else is gone at the centre stays in it."""
    with closing(sqlite3.connect(out / DATABASE)) as copied:
        for (name,) in copied.execute("SELECT sha256 FROM evidence WHERE erased_at IS NOT NULL"):
            (out / EVIDENCE / name[:2] / name).unlink(missing_ok=True)


def _copy_subject_keys(directory: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    store = SubjectKeys(directory, read_keys(directory).wrap, read_only=True)
    try:
        store.copy_to(target)
    finally:
        store.close()
