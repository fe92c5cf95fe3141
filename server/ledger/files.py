"""The ledger from the command line, while the centre runs or while it is stopped."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Engine

from inspection.custody.policy import read_policy
from inspection.messages.base import time_text
from kit.archive_writer import LogSource, archive_parts, jsonl, write_folder, write_zip
from kit.export import Header
from server.centre import DATABASE, guard_of, utc_now
from server.db.engine import reading_engine, writing_engine
from server.db.lock import WriterLock
from server.db.migrate import migrate
from server.errors import AlreadyRunning, BadRequest, BadSettings, LedgerFrozen, LedgerRecovering
from server.keys import ServerKeys, read_keys
from server.ledger.checkpoints import Kept, sign_news
from server.ledger.export import header, kept_checkpoints, leaf_lines
from server.ledger.log import Log
from server.ledger.recovering import look
from server.ledger.tree import tile_reader
from server.ledger.trust import FILE_NAME as TRUST
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


@contextmanager
def sole_writer(directory: Path) -> Iterator[Engine]:
    """The database for writing, on today's tables; raises AlreadyRunning while a centre runs."""
    database = directory / DATABASE
    if not database.is_file():
        raise BadSettings(f"{directory} holds no centre; `regrade server init` makes one")
    with WriterLock(database):
        engine = writing_engine(database)
        try:
            migrate(engine)
            yield engine
        finally:
            engine.dispose()


def sign_now(directory: Path, log: Log, keys: ServerKeys) -> Kept:
    """Sign the head of a stopped centre's ledger and move its guard up."""
    guard = guard_of(directory, log, keys)
    with sole_writer(directory) as engine:
        with engine.begin() as connection:
            at = time_text(utc_now())
            look(connection, log, guard.read(), at)
            kept = sign_news(connection, log, keys.log_signers, at)
        guard.move_up(kept.note)
    return kept


def export_to(out: Path, directory: Path) -> Header:
    """Write the log to a new file `.jsonl` or `.zip`, or else to a new folder.

    Raises BadRequest when there is one already.
    """
    log, keys = _log(load_settings(directory, os.environ)), read_keys(directory)
    with suppress(AlreadyRunning, LedgerRecovering, LedgerFrozen):  # a running centre signs by itself
        sign_now(directory, log, keys)
    with open_database(directory) as engine:
        source = _source(engine, log, keys, _policy(directory))
        try:
            _write(out, source)
        except FileExistsError as error:
            raise BadRequest(f"{out} exists; name another file") from error
    return source.header


def _write(out: Path, source: LogSource) -> None:
    match out.suffix:
        case ".jsonl":
            with out.open("xb") as file:
                file.writelines(jsonl(source))
        case ".zip":
            with out.open("xb") as file:
                write_zip(file, archive_parts(source))
        case _:
            write_folder(out, archive_parts(source))


def _source(engine: Engine, log: Log, keys: ServerKeys, policy: bytes | None) -> LogSource:
    """Each part is read in a transaction of its own: leaves and checkpoints never change."""
    trust = read_policy(policy) if policy is not None else None
    with engine.begin() as connection:
        first = header(connection, log, keys.log, trust)

    def checkpoints() -> list[tuple[int, bytes]]:
        with engine.begin() as connection:
            return [(each.size, each.note) for each in kept_checkpoints(connection, log, first.size)]

    def lines(page: range) -> list[bytes]:
        with engine.begin() as connection:
            return leaf_lines(connection, log, page)

    def tile(level: int, index: int, width: int) -> bytes:
        with engine.begin() as connection:
            return tile_reader(connection, log.site)(level, index, width)

    return LogSource(header=first, policy=policy, checkpoints=checkpoints, lines=lines, tile=tile)


def _policy(directory: Path) -> bytes | None:
    """The centre's trust policy, as others would go by it."""
    path = directory / TRUST
    return path.read_bytes() if path.is_file() else None


def _log(settings: ServerSettings) -> Log:
    return Log(settings.site, settings.origin)
