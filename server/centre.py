"""The centre as one object: what the routes lean on, opened and closed in one place."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import structlog
from fastapi import Depends, Request
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from inspection.claims.understanding import ReasonReader
from inspection.custody.note import note_key
from inspection.custody.policy import TrustPolicy
from inspection.custody.signing import public_bytes
from inspection.errors import DomainError
from inspection.messages.base import time_text
from inspection.messages.uplink import ReceiptMessage
from inspection.policy import DEFAULT_POLICY, Policy
from server.access import Caller, find_caller
from server.db.engine import Reader, reading_engine, writing_engine
from server.db.lock import WriterLock
from server.db.migrate import migrate
from server.db.writer import Writer
from server.errors import BadSettings, LedgerFrozen, LedgerRecovering
from server.evidence.store import EvidenceStore
from server.evidence.uploads import Uploads
from server.keys import ServerKeys
from server.ledger.checkpoints import Kept
from server.ledger.export import leaf_lines
from server.ledger.guard import Guard
from server.ledger.log import Head, Log
from server.ledger.mirror import MirrorKeeper
from server.ledger.quorum import gate_by
from server.ledger.recovering import shown_checkpoint
from server.ledger.sequencer import Sequencer, WriterSequencer
from server.ledger.signing import Checkpointer
from server.ledger.succession import read_succession
from server.ledger.trust import read_trust
from server.limits import ReadLimits, TokenBucket, Turnstile
from server.metrics import Metrics
from server.refunds.gate import set_gate
from server.returns.reasons import second_reader
from server.sealed import Sealer
from server.settings import ServerSettings
from server.subjects.bound import bind
from server.subjects.erasing import Eraser
from server.subjects.keys import FILE_NAME as SUBJECTS
from server.subjects.keys import SubjectKeys
from server.subjects.upgrade import check_not_lost, seal_clear_rows

DATABASE = "centre.sqlite"
EVIDENCE = "evidence"
REFERENCES = "references"
CLAIMS = "claims"
POLICY = "policy.json"
PACKS_WAITING = 8

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock, timezone-aware."""
    return datetime.now(UTC)


def guard_of(directory: Path, log: Log, keys: ServerKeys) -> Guard:
    """The file that remembers how far the log had come."""
    return Guard(directory, [note_key(log.origin, key) for key in keys.log_signers])


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """Everything that outlives a request."""

    settings: ServerSettings
    keys: ServerKeys
    clock: Clock
    writer: Writer
    reader: Reader
    log: Log
    sequencer: Sequencer
    """For an entry that stands alone: whatever waits is appended together."""
    sealer: Sealer
    """For secrets that lie in rows and are needed again, such as a shop's signing key."""
    store: EvidenceStore
    eraser: Eraser
    """Erases people; it alone reaches the key store from outside a transaction."""
    uploads: Uploads
    claims: EvidenceStore
    """Photos of claims, sealed under their customers' keys."""
    references: EvidenceStore
    """Banks and reference photos."""
    reference_uploads: Uploads
    """By merchant."""
    metrics: Metrics
    enrolments: TokenBucket
    readers: ReadLimits
    succession: tuple[ReceiptMessage, ...]
    """New keys of the log, each receipted by the one before it."""
    checkpoints: Checkpointer
    policy: Policy
    """What is owed for which grade."""
    reason_reader: ReasonReader | None
    """Reads customers' words too, where the settings ask for it."""
    trust: TrustPolicy
    """Which witnesses must have seen the log before money moves."""
    packing: Turnstile
    """Evidence packs are made one at a time: their photos are large."""
    deliveries_due: asyncio.Event
    """Set when an instruction may be waiting for its delivery."""
    payments_due: asyncio.Event
    """Set when a refund may be waiting to be paid by the centre itself."""
    logger: structlog.stdlib.BoundLogger

    @property
    def site(self) -> str:
        """The site whose ledger this is."""
        return self.settings.site

    def now(self) -> str:
        """The time as it stands in leaves and rows."""
        return time_text(self.clock())

    async def authenticate(self, key: str) -> Caller:
        """Return who holds an API key; raises NoKey."""
        return await self.reader.run(lambda connection: find_caller(connection, self.site, key))


def centre_of(request: Request) -> Centre:
    """The centre that serves this request."""
    centre: Centre = request.app.state.centre
    return centre


Here = Annotated[Centre, Depends(centre_of)]


@asynccontextmanager
async def open_centre(
    directory: Path,
    settings: ServerSettings,
    keys: ServerKeys,
    *,
    clock: Clock = utc_now,
    registry: CollectorRegistry | None = None,
) -> AsyncIterator[Centre]:
    """Open the database as its only writer, check the ledger, and close all of it at the end.

    Raises NotSetUp: AlreadyRunning, BadSettings for a newer database, a bad policy or an
    embedding that is not installed, LedgerBroken.
    """
    database, log = directory / DATABASE, Log(settings.site, settings.origin)
    policy, reason_reader = read_policy(directory / POLICY), second_reader(settings)
    trust = read_trust(directory, log.origin, *map(public_bytes, keys.log_signers))
    with WriterLock(database), closing(_key_store(directory, keys.wrap)) as subjects:
        engine, head = _sound_engine(database, log, subjects, keys.wrap, trust)
        guard = guard_of(directory, log, keys)
        shown = shown_checkpoint(engine, log, guard, time_text(clock()))
        writer = Writer(engine, limit=settings.writer_queue)
        reader = Reader(bind(reading_engine(database), subjects))
        ground = _Ground(
            directory=directory,
            settings=settings,
            keys=keys,
            clock=clock,
            log=log,
            writer=writer,
            reader=reader,
            subjects=subjects,
            metrics=_metrics(registry or CollectorRegistry(), writer, head, trust),
            policy=policy,
            reason_reader=reason_reader,
            trust=trust,
        )
        writer.start()
        try:
            centre = _put_together(ground, guard, shown)
            with suppress(LedgerRecovering, LedgerFrozen):  # then it goes on at a later start
                await centre.eraser.resume()
            yield centre
        finally:
            reader.close()
            writer.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What everything else of a centre stands on."""

    directory: Path
    settings: ServerSettings
    keys: ServerKeys
    clock: Clock
    log: Log
    writer: Writer
    reader: Reader
    subjects: SubjectKeys
    metrics: Metrics
    policy: Policy
    reason_reader: ReasonReader | None
    trust: TrustPolicy


def _put_together(ground: _Ground, guard: Guard, shown: Kept | None) -> Centre:
    settings, log, keys, clock = ground.settings, ground.log, ground.keys, ground.clock
    store, claims = (EvidenceStore(ground.directory / name) for name in (EVIDENCE, CLAIMS))
    return Centre(
        settings=settings,
        keys=keys,
        clock=clock,
        writer=ground.writer,
        reader=ground.reader,
        log=log,
        sequencer=WriterSequencer(ground.writer, log, lambda: time_text(clock())),
        sealer=Sealer(keys.wrap),
        store=store,
        eraser=Eraser(
            writer=ground.writer,
            subjects=ground.subjects,
            store=store,
            claims=claims,
            log=log,
            key=keys.log,
            backup_days=settings.subject_backup_days,
            clock=clock,
        ),
        uploads=Uploads(),
        claims=claims,
        references=EvidenceStore(ground.directory / REFERENCES),
        reference_uploads=Uploads(),
        metrics=ground.metrics,
        enrolments=TokenBucket(per_minute=settings.enrol_per_minute),
        succession=read_succession(ground.directory),
        readers=ReadLimits(per_minute=settings.reads_per_minute),
        checkpoints=Checkpointer(
            log, ground.writer, guard, keys.log_signers, clock, shown, _mirror_keeper(ground)
        ),
        policy=ground.policy,
        reason_reader=ground.reason_reader,
        trust=ground.trust,
        packing=Turnstile(most_waiting=PACKS_WAITING),
        deliveries_due=asyncio.Event(),
        payments_due=asyncio.Event(),
        logger=structlog.get_logger("server"),
    )


def _mirror_keeper(ground: _Ground) -> MirrorKeeper | None:
    folder, log, reader = ground.settings.ledger_mirror_dir, ground.log, ground.reader
    if folder is None:
        return None
    return MirrorKeeper(
        folder, lambda page: reader.run_now(lambda connection: leaf_lines(connection, log, page))
    )


def _metrics(registry: CollectorRegistry, writer: Writer, head: Head, trust: TrustPolicy) -> Metrics:
    metrics = Metrics(registry)
    metrics.fork_detectable.set(trust.detects_forks)
    metrics.ledger_size.set(head.size)
    metrics.writer_waiting.set_function(lambda: float(writer.waiting))
    return metrics


def _key_store(directory: Path, wrap: bytes) -> SubjectKeys:
    """The key store, made where there was never one; raises BadKeys for one that is missing."""
    check_not_lost(directory / DATABASE, directory / SUBJECTS)
    return SubjectKeys(directory, wrap)


def _sound_engine(
    database: Path, log: Log, subjects: SubjectKeys, wrap: bytes, trust: TrustPolicy
) -> tuple[Engine, Head]:
    """The writing engine on today's tables, all rows sealed, with a ledger whose head fits."""
    engine = bind(writing_engine(database), subjects)
    try:
        migrate(engine)
        seal_clear_rows(engine, wrap)
        with engine.begin() as connection:
            # before anything is served: no instruction may be judged by yesterday's policy
            set_gate(connection, log.site, gate_by(connection, log.site, trust))
            return engine, log.check(connection)
    except BaseException:
        engine.dispose()
        raise


def read_policy(path: Path) -> Policy:
    """The site's policy, or the default where there is no file; raises BadSettings."""
    if not path.exists():
        return DEFAULT_POLICY
    try:
        return Policy.from_wire(orjson.loads(path.read_bytes()))
    except (OSError, orjson.JSONDecodeError, DomainError) as error:
        raise BadSettings(f"{path} is no policy: {error}") from error
