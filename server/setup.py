"""Set a centre up in an empty folder: settings, secrets, database, the first key."""

from base64 import b64encode
from datetime import datetime
from pathlib import Path

from inspection.custody.checkpoint import Checkpoint, read_checkpoint_text
from inspection.custody.leaf import EntryType
from inspection.custody.note import read_note
from inspection.errors import BadMessage
from inspection.messages.base import time_text
from inspection.messages.entries import ApprovalEntry, ApprovalKind
from server.access import Caller, Scope, new_key
from server.centre import CLAIMS, DATABASE, EVIDENCE, REFERENCES, utc_now
from server.db.engine import writing_engine
from server.db.lock import WriterLock
from server.db.migrate import migrate
from server.errors import BadSettings
from server.evidence.store import EvidenceStore
from server.keys import make_keys
from server.ledger.entries import entry_of
from server.ledger.log import Entry, Log
from server.ledger.trust import write_first_policy
from server.settings import FILE_NAME, ServerSettings, load_settings

TEMPLATE = """\
# The centre's settings; `docs/centre.md` lists all of them.
# The two names are part of the ledger's origin: never change them once it holds a leaf.
host_name = "{host_name}"
site = "{site}"
port = {port}
"""


def init_centre(
    directory: Path, host_name: str, site: str, port: int = 8400, continues: Path | None = None
) -> str:
    """Make a new centre; returns its first console key, which is kept nowhere.

    `continues` is the last checkpoint of a ledger that is frozen: the first entry commits to it.
    Raises BadSettings for names that do not work, BadKeys where a centre is already.
    """
    before = read_last(continues) if continues else None
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings_file = directory / FILE_NAME
    if settings_file.exists():
        raise BadSettings(f"{settings_file} exists: there is a centre in this folder already")
    if not _plain(host_name) or not _plain(site):
        raise BadSettings("host name and site may hold letters, digits, dots and dashes only")
    settings_file.write_text(TEMPLATE.format(host_name=host_name, site=site, port=port), "utf-8")
    try:
        settings = load_settings(directory, {})
        keys = make_keys(directory)
    except Exception:
        settings_file.unlink()
        raise
    write_first_policy(directory, settings.origin, keys.log_public)
    EvidenceStore(directory / EVIDENCE)
    EvidenceStore(directory / CLAIMS)
    EvidenceStore(directory / REFERENCES)
    return _first_key(directory, settings, before)


def _plain(name: str) -> bool:
    return bool(name) and all(char.isascii() and (char.isalnum() or char in ".-_") for char in name)


def read_last(path: Path) -> Checkpoint:
    """The last checkpoint of another ledger; its signatures are that ledger's own business."""
    try:
        return read_checkpoint_text(read_note(path.read_bytes()).text)
    except (OSError, BadMessage) as error:
        raise BadSettings(f"{path} is no checkpoint: {error}") from error


def continuing(before: Checkpoint, at: datetime) -> Entry:
    """The first entry of a ledger that follows a frozen one: its size and root."""
    root = b64encode(before.root).decode()
    body = ApprovalEntry(
        kind=ApprovalKind.STATEMENT,
        subject=f"log:{before.origin}",
        reason=f"this ledger follows {before.origin}, frozen at {before.size} entries with root {root}",
        by=("init",),
        at=at,
    )
    return entry_of(EntryType.APPROVAL, body, f"continues:{before.origin}"[:80])


def _first_key(directory: Path, settings: ServerSettings, before: Checkpoint | None) -> str:
    database = directory / DATABASE
    with WriterLock(database):
        engine = writing_engine(database)
        try:
            migrate(engine)
            with engine.begin() as connection:
                now = utc_now()
                at = time_text(now)
                if before is not None:
                    log = Log(settings.site, settings.origin)
                    log.append(connection, continuing(before, now), at)
                return new_key(connection, settings.site, Caller(scope=Scope.CONSOLE), "first", at)
        finally:
            engine.dispose()
