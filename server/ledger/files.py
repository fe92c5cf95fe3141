"""The ledger from the command line, while the centre runs or while it is stopped."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from server.centre import DATABASE
from server.db.engine import reading_engine, writing_engine
from server.db.lock import WriterLock
from server.errors import AlreadyRunning, BadRequest, BadSettings
from server.keys import read_keys
from server.ledger.export import head_line, leaf_lines, pages
from server.ledger.log import Head, Log
from server.settings import ServerSettings, load_settings


@contextmanager
def open_database(directory: Path) -> Iterator[Engine]:
    """The database for reading: beside a running centre read-only, else as the only process.

    Without a running centre there may be no WAL index, and SQLite cannot open one read-only.
    """
    database = directory / DATABASE
    if not database.is_file():
        raise BadSettings(f"{directory} holds no centre; `regrade server init` makes one")
    with ExitStack() as stack:
        try:
            stack.enter_context(WriterLock(database))
            engine = writing_engine(database)
        except AlreadyRunning:
            engine = reading_engine(database)
        stack.callback(engine.dispose)
        yield engine


def read_head(directory: Path) -> tuple[str, Head]:
    """Origin and checked head; raises LedgerBroken when they do not fit."""
    log = _log(load_settings(directory, os.environ))
    with open_database(directory) as engine, engine.begin() as connection:
        return log.origin, log.check(connection)


def export_to(out: Path, directory: Path) -> Head:
    """Write the export to a new file; raises BadRequest when there is one already."""
    log, keys = _log(load_settings(directory, os.environ)), read_keys(directory)
    with open_database(directory) as engine:
        with engine.begin() as connection:
            head = log.check(connection)
        try:
            with out.open("xb") as file:
                file.write(head_line(log.origin, head, keys.log))
                for page in pages(head):
                    with engine.begin() as connection:
                        file.write(leaf_lines(connection, log, page))
        except FileExistsError as error:
            raise BadRequest(f"{out} exists; name another file") from error
    return head


def _log(settings: ServerSettings) -> Log:
    return Log(settings.site, settings.origin)
