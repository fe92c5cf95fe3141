"""Looks at a ledger beside its centre, which may run meanwhile: nothing is written."""

import os
from collections.abc import Callable
from pathlib import Path

from inspection.custody.signing import public_bytes
from server.centre import guard_of
from server.keys import read_keys
from server.ledger.files import open_database
from server.ledger.fsck import Check, fsck
from server.ledger.log import Log
from server.ledger.report import Report, Sources, report_of
from server.ledger.trust import read_trust
from server.settings import load_settings


def read_report(directory: Path) -> Report:
    """How the ledger stands; raises LedgerBroken when its head does not fit."""
    settings, keys = load_settings(directory, os.environ), read_keys(directory)
    log = Log(settings.site, settings.origin)
    sources = Sources(
        log=log,
        guarded=guard_of(directory, log, keys).read(),
        mirror=settings.ledger_mirror_dir,
        trust=read_trust(directory, log.origin, *map(public_bytes, keys.log_signers)),
    )
    with open_database(directory) as engine, engine.begin() as connection:
        log.check(connection)
        return report_of(connection, sources)


def check_ledger(directory: Path, progress: Callable[[int, int], None]) -> Check:
    """Recompute all of the ledger in one read; `progress` hears (done, total) entries."""
    settings = load_settings(directory, os.environ)
    log = Log(settings.site, settings.origin)
    with open_database(directory) as engine, engine.begin() as connection:
        total = log.head(connection).size
        return fsck(connection, log, lambda done: progress(done, total))
