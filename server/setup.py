"""Set a centre up in an empty folder: settings, secrets, database, the first key."""

from pathlib import Path

from inspection.messages.base import time_text
from server.access import Caller, Scope, new_key
from server.centre import DATABASE, EVIDENCE, REFERENCES, utc_now
from server.db.engine import writing_engine
from server.db.lock import WriterLock
from server.db.migrate import migrate
from server.errors import BadSettings
from server.evidence.store import EvidenceStore
from server.keys import make_keys
from server.ledger.trust import write_first_policy
from server.settings import FILE_NAME, ServerSettings, load_settings

TEMPLATE = """\
# The centre's settings; `docs/centre.md` lists all of them.
# The two names are part of the ledger's origin: never change them once it holds a leaf.
host_name = "{host_name}"
site = "{site}"
port = {port}
"""


def init_centre(directory: Path, host_name: str, site: str, port: int = 8400) -> str:
    """Make a new centre; returns its first console key, which is kept nowhere.

    Raises BadSettings for names that do not work, BadKeys where a centre is already.
    """
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
    EvidenceStore(directory / REFERENCES)
    return _first_key(directory, settings)


def _plain(name: str) -> bool:
    return bool(name) and all(char.isascii() and (char.isalnum() or char in ".-_") for char in name)


def _first_key(directory: Path, settings: ServerSettings) -> str:
    database = directory / DATABASE
    with WriterLock(database):
        engine = writing_engine(database)
        try:
            migrate(engine)
            with engine.begin() as connection:
                at = time_text(utc_now())
                return new_key(connection, settings.site, Caller(scope=Scope.CONSOLE), "first", at)
        finally:
            engine.dispose()
