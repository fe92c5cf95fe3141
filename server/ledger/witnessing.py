"""Ask the witnesses of the trust policy to cosign each new checkpoint.

Every witness has a task of its own: a slow one holds up neither the others nor the signing. One that does
not answer is asked again later; one that holds another history than ours raises an alarm.
Source: c2sp.org/tlog-witness, add-checkpoint.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from inspection.custody.checkpoint import verify_cosignature
from inspection.custody.note import NoteSignature, VerifierKey, read_note, read_signatures
from inspection.custody.policy import TrustedWitness
from inspection.custody.witnessing import SIZE, AddCheckpoint, read_conflict
from inspection.errors import BadMessage, BadSignature, DomainError
from link.backoff import Backoff
from link.errors import LinkError, Refused
from link.http import HttpConfig, HttpLink
from server.alarms import AlarmKind, raise_alarm, settle_alarm
from server.centre import Centre
from server.errors import CentreError
from server.ledger.checkpoints import Kept
from server.ledger.cosignatures import keep_cosignature, last_cosigned
from server.ledger.quorum import is_witnessed
from server.ledger.recalling import believe, recall, remembered
from server.ledger.tree import tree_view
from server.news import News
from server.refunds import gate

SUBMIT = "/add-checkpoint"
LOOK_S = 0.5
"""Looks for a new checkpoint at least this often, whatever it was told."""
RETRY_MIN_S, RETRY_MAX_S = 0.5, 30.0
WATCH_S = 1.0
"""Looks for instructions that have waited too long this often."""
LARGEST_ANSWER = 64 * 1024
CONFLICT, UNPROCESSABLE = 409, 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """The witness saw another size last than we thought: ask again from there."""

    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherHistory:
    """The witness cosigned what this log does not continue: it forked, or was set back."""

    detail: str


def read_refusal(error: Refused, asked: AddCheckpoint, size: int) -> Behind | OtherHistory | None:
    """What a witness's refusal of the checkpoint of `size` means; None for any other fault. Pure."""
    if error.status == UNPROCESSABLE:
        return OtherHistory(detail=f"it finds no way from its size {asked.old_size} to our {size}")
    if error.status != CONFLICT:
        return None
    try:
        seen = read_conflict(error.content) if error.media_type == SIZE else asked.old_size
    except BadMessage:
        return None
    if seen > size:
        return OtherHistory(detail=f"it cosigned {seen} entries, and we signed no more than {size}")
    if seen == asked.old_size:
        return OtherHistory(detail=f"it cosigned another root for {seen} entries")
    return Behind(size=seen)


def read_cosignature(key: VerifierKey, note: bytes, content: bytes) -> tuple[NoteSignature, int]:
    """The witness's line out of its answer, and its time; others' lines are ignored. Pure.

    Raises BadMessage, or BadSignature where no line is by this key, or one does not verify.
    """
    text = read_note(note).text
    mine = [line for line in read_signatures(content) if key.signed(line)]
    if not mine:
        raise BadSignature(f"the answer holds no line by {key.name}")
    return mine[0], verify_cosignature(key, text, mine[0])


class Target:
    """The one checkpoint that all witnesses are asked for, until it has its quorum or its time is up.

    Each asked for the newest by itself, they would cosign different ones, and no quorum would ever meet.
    """

    def __init__(self, centre: Centre, witnessed: int) -> None:
        self._centre = centre
        self._witnessed = witnessed
        """Size of the newest checkpoint that met the quorum."""
        self._kept: Kept | None = None
        self._until_s = 0.0
        self.news = News()
        """Told when there may be another target."""
        centre.checkpoints.on_new.append(lambda _: self.news.tell())

    def now(self) -> Kept | None:
        """What to ask for now; None before the first checkpoint. It only ever grows."""
        shown = self._centre.checkpoints.shown  # never one that the guard file does not know yet
        now_s = asyncio.get_running_loop().time()
        if self._kept is None or self._kept.size <= self._witnessed or now_s >= self._until_s:
            self._kept, self._until_s = shown, now_s + self._round_s
        return self._kept

    def met(self, size: int) -> None:
        """The checkpoint of this size has its quorum: go on to the newest."""
        self._witnessed = max(self._witnessed, size)
        self.news.tell()

    @property
    def _round_s(self) -> float:
        """Without a quorum there is nothing to meet in; with one, a slow witness gets its time."""
        return 2 * self._centre.settings.witness_timeout_s if self._centre.trust.detects_forks else 0.0


class Asker:
    """Asks one witness, again and again, until cancelled."""

    def __init__(self, centre: Centre, witness: TrustedWitness, link: HttpLink, target: Target) -> None:
        self._centre = centre
        self._target = target
        self._witness = witness
        self._link = link
        self._done: int | None = None
        """Size of the checkpoint that it cosigned last; None before it was looked up."""
        self._backoff = Backoff(RETRY_MIN_S, RETRY_MAX_S)

    async def run(self) -> None:
        """No fault of one attempt ends it."""
        while True:
            try:
                await self.catch_up()
                self._backoff.reset()
                await self._target.news.wait(LOOK_S)
            except (LinkError, CentreError, DomainError) as error:
                self._note("failed", error)
                await asyncio.sleep(self._backoff.next())
            except Exception as error:  # the next checkpoint must be tried, whatever happened to this one
                self._centre.logger.error("witnessing", exc_info=error)
                await asyncio.sleep(RETRY_MAX_S)

    async def catch_up(self) -> None:
        """Have the checkpoint that is asked for cosigned, unless it is already."""
        centre = self._centre
        if self._done is None:
            self._done = await centre.reader.run(lambda c: last_cosigned(c, centre.site, self._witness.name))
        kept = self._target.now()
        if kept is None or kept.size == self._done:
            return
        again = await self._ask(kept, self._done)
        if again is not None:
            again = await self._ask(kept, again.size)
        if again is None:
            self._done = kept.size

    async def _ask(self, kept: Kept, old_size: int) -> Behind | None:
        """One request; returns what to ask again from. Raises LinkError or DomainError."""
        request = await self._centre.reader.run(lambda c: request_for(c, self._centre.site, kept, old_size))
        try:
            answer = await self._link.request("POST", SUBMIT, content=request.to_bytes())
        except Refused as error:
            meaning = read_refusal(error, request, kept.size)
            if isinstance(meaning, Behind):
                return meaning
            if isinstance(meaning, OtherHistory):
                await self._alarm(meaning)
                await self._recall()
            raise
        line, at_s = read_cosignature(self._witness.key, kept.note, answer.content)
        await self._take(kept, line, at_s)
        return None

    async def _take(self, kept: Kept, line: NoteSignature, at_s: int) -> None:
        centre, name = self._centre, self._witness.name
        met = await centre.writer.submit(lambda c: take(c, centre, kept.size, name, line, at_s))
        centre.metrics.cosignatures.labels("cosigned").inc()
        if met:
            self._target.met(kept.size)
            centre.deliveries_due.set()
            centre.payments_due.set()

    async def _alarm(self, meaning: OtherHistory) -> None:
        centre, subject, at = self._centre, self._witness.name, self._centre.now()
        await centre.writer.submit(
            lambda c: raise_alarm(c, centre.site, AlarmKind.FORK, subject, meaning.detail, at)
        )
        centre.metrics.cosignatures.labels("other_history").inc()

    async def _recall(self) -> None:
        """Where it can show that we signed more than we have, nothing else may be signed."""
        note = await remembered(self._centre, self._link.config.base_url)
        if note is not None:
            await believe(self._centre, note)

    def _note(self, result: str, error: Exception) -> None:
        self._centre.metrics.cosignatures.labels(result).inc()
        self._centre.logger.warning("witness", witness=self._witness.name, reason=str(error))


def request_for(connection: Connection, site: str, kept: Kept, old_size: int) -> AddCheckpoint:
    """The request for a checkpoint, with the proof from the size that the witness saw last."""
    needed = 0 < old_size < kept.size
    proof = tree_view(connection, site, kept.size).consistency(old_size) if needed else ()
    return AddCheckpoint(old_size=min(old_size, kept.size), proof=proof, checkpoint=kept.note)


def take(
    connection: Connection, centre: Centre, size: int, witness: str, line: NoteSignature, at_s: int
) -> bool:
    """Keep a cosignature; where it makes the quorum, let go what the checkpoint covers. True then."""
    keep_cosignature(connection, centre.site, size, witness, line, at_s)
    if not is_witnessed(connection, centre.site, size, centre.trust):
        return False
    gate.lets_go(connection, centre.site, size)
    return True


def is_late(since_s: float | None, now_s: float, limit_s: float) -> bool:
    """True when what has waited since `since_s` (seconds since 1970) has waited too long. Pure."""
    return since_s is not None and now_s - since_s > limit_s


class Watch:
    """Counts what waits for a checkpoint or its witnesses, and raises an alarm where it waits too long."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._late: bool | None = None
        """Whether the alarm stands; None before the first look."""

    async def run(self) -> None:
        """Look again and again, until cancelled; no fault ends it."""
        while True:
            try:
                await self.look()
            except Exception as error:  # money waits: somebody must hear of it the next time
                self._centre.logger.error("watch", exc_info=error)
            await asyncio.sleep(WATCH_S)

    async def look(self) -> None:
        """Count, and raise or settle the alarm where it changed."""
        centre = self._centre
        count, since_s = await centre.reader.run(lambda c: gate.waiting(c, centre.site))
        centre.metrics.awaiting_witness.set(count)
        late = is_late(since_s, centre.clock().timestamp(), centre.settings.witness_alarm_s)
        if late != self._late:
            await centre.writer.submit(lambda c: self._tell(c, late, count))
            self._late = late

    def _tell(self, connection: Connection, late: bool, count: int) -> None:
        centre, at = self._centre, self._centre.now()
        by_witnesses = centre.trust.detects_forks
        kind = AlarmKind.QUORUM_MISSING if by_witnesses else AlarmKind.CHECKPOINT_MISSING
        if late:
            what = f"the quorum {centre.trust.quorum}" if by_witnesses else "a checkpoint: none is signed"
            detail = f"{count} instructions wait for {what}"
            raise_alarm(connection, centre.site, kind, centre.log.origin, detail, at)
        else:
            settle_alarm(connection, centre.site, kind, centre.log.origin, at)


@asynccontextmanager
async def witnessing(centre: Centre) -> AsyncIterator[None]:
    """Ask every witness what it remembers, then for cosignatures as long as the app is served."""
    await recall(centre)
    gate_now = await centre.reader.run(lambda c: gate.read_gate(c, centre.site))
    target = Target(centre, gate_now.witnessed)
    async with AsyncExitStack() as stack:
        tasks = []
        for witness in centre.trust.witnesses:
            if witness.url:
                link = await stack.enter_async_context(HttpLink(_config(centre, witness.url)))
                tasks.append(asyncio.create_task(Asker(centre, witness, link, target).run()))
        tasks.append(asyncio.create_task(Watch(centre).run()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _config(centre: Centre, url: str) -> HttpConfig:
    timeout_s = centre.settings.witness_timeout_s
    return HttpConfig(base_url=url, timeout_s=timeout_s, attempts=1, largest_answer=LARGEST_ANSWER)
