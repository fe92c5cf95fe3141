"""A centre's books in memory, without its tasks: each step is one transaction, and may be the last."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, insert, select, update

from inspection.custody.leaf import EntryType
from inspection.messages.base import time_text
from inspection.messages.catalogue import UnitMessage
from inspection.policy import DEFAULT_POLICY, Policy
from inspection.record import InspectionRecord
from inspection.refund_exceptions import CaseKind
from inspection.refund_state import RefundEvent, RefundState
from server.db.engine import writing_engine
from server.db.migrate import migrate
from server.db.refund_tables import deliveries, endpoints, standing_approvals
from server.db.tables import records
from server.ledger.log import Entry, Log
from server.refunds import cases, due, gate, paying, standing
from server.refunds.due import Job
from server.refunds.gateway import PaymentStanding, Payout, PayoutAnswer
from server.refunds.issuing import Due, issue
from server.refunds.paying import Books
from server.refunds.payouts import PayoutStep
from server.refunds.places import Places
from server.refunds.standing import RefundRow
from server.subjects.bound import bind
from server.subjects.keys import SubjectKeys
from server.subjects.personal import part_unit
from tests.conftest import RECORD, merged
from tests.server.conftest import NOON, unit_object

T = TypeVar("T")
SITE = "s1"
UNIT = "R1/1/1"
NEW, USED = {"grade": "new", "condition": "A"}, {"grade": "used", "condition": "B"}
SEEN = PaymentStanding(captured_minor=20_000, refunded_minor=0, currency="CNY")
LEASE_S = 25.0
PLACES = Places(most=8, taken={})


@cache
def _folder() -> Path:
    """Tables and keys, made once for all."""
    folder = Path(mkdtemp(prefix="regrade-books-"))
    engine = writing_engine(folder / "x.sqlite")
    migrate(engine)
    engine.dispose()
    return folder


@cache
def _keys() -> SubjectKeys:
    return SubjectKeys(_folder(), bytes(32))


def _engine() -> Engine:
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    with sqlite3.connect(_folder() / "x.sqlite") as made:
        made.backup(memory)
    made.close()
    memory.isolation_level = None
    memory.execute("PRAGMA foreign_keys=ON")
    engine = create_engine("sqlite://", creator=lambda: memory, poolclass=StaticPool)
    event.listen(engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
    return bind(engine, _keys())


@dataclass
class Kept:
    """The books of one site, with a clock that is moved by hand."""

    undo_s: int = 0
    now: datetime = NOON
    engine: Engine = field(default_factory=_engine)
    books: Books = field(
        default_factory=lambda: Books(
            log=Log(SITE, "centre.test/site/s1"), lease_s=LEASE_S, retry_s=(1.0, 5.0, 30.0, 60.0, 300.0)
        )
    )

    @property
    def policy(self) -> Policy:
        return replace(DEFAULT_POLICY, id="books/1", undo_s=self.undo_s)

    @property
    def at(self) -> str:
        return time_text(self.now)

    def do(self, work: Callable[[Connection], T]) -> T:
        """One transaction."""
        with self.engine.begin() as connection:
            return work(connection)

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def close(self) -> None:
        self.engine.dispose()

    def set_mode(self, mode: str) -> None:
        """The merchant's endpoint as it was set."""
        row = {"site": SITE, "merchant": "m1", "url": "http://127.0.0.1:9", "set_at": self.at, "mode": mode}
        self.do(lambda c: c.execute(insert(endpoints).values(**row, gateway="stripe", credentials=b"sealed")))

    def approve_up_to(self, currency: str, up_to_minor: int) -> None:
        """A named person approves whole refunds in advance."""
        row = {
            "site": SITE, "id": f"a-{currency}", "merchant": "m1", "currency": currency, "by": "Wei Zhang",
            "up_to_minor": up_to_minor, "at": self.at, "until": "2030-01-01T00:00:00.000000Z", "leaf_seq": 0,
        }  # fmt: skip
        self.do(lambda c: c.execute(insert(standing_approvals).values(**row)))

    def judge(self, unit: UnitMessage, number: int, **verdict: Any) -> None:
        """Record a verdict whose evidence is here, and issue what follows from it."""
        record = _record(unit, number, verdict)
        self.do(lambda c: self._take(c, record, unit))

    def _take(self, connection: Connection, record: InspectionRecord, unit: UnitMessage) -> None:
        entry = Entry(type=EntryType.VERDICT, id=f"verdict:{record.id}", body=record.to_bytes())
        place = self.books.log.append(connection, entry, self.at)
        parted = part_unit(_keys(), unit)
        said = record.verdict
        row = {
            "site": SITE, "id": record.id, "leaf_seq": place.seq, "sha256": "a" * 64, "merchant": "m1",
            "unit": unit.id, "inspection": record.unit.inspection, "sku": unit.sku, "station": "st1",
            "kind": said.kind.value, "grade": said.grade.value, "disposition": said.disposition.value,
            "channel": said.channel.value, "announced": parted.body, "personal": parted.personal,
            "subject": parted.subject, "recorded_at": self.at,
        }  # fmt: skip
        connection.execute(insert(records).values(**row))
        due = Due(record=record, unit=unit, verdict_seq=place.seq)
        issue(connection, self.books.log, [due], self.policy, self.now)

    def checkpoint(self) -> None:
        """All that is in the ledger is covered and shown."""
        self.do(lambda c: gate.lets_go(c, SITE, self.books.log.head(c).size))

    def rows(self, table: Any, *where: Any) -> list[Any]:
        return self.do(lambda c: list(c.execute(select(table).where(*where))))

    def change_mode(self, mode: str) -> None:
        self.do(lambda c: c.execute(update(endpoints).values(mode=mode)))


def announced(unit: str, **changes: Any) -> UnitMessage:
    """A unit as a shop announces it."""
    return UnitMessage.model_validate_json(json.dumps(unit_object(unit) | changes))


def _record(unit: UnitMessage, number: int, verdict: dict[str, Any]) -> InspectionRecord:
    value = merged(
        RECORD,
        {
            "device": {"counter": number},
            "unit": {"id": unit.id, "sku": unit.sku, "inspection": unit.inspection,
                     "purpose": unit.purpose.value},
            "verdict": verdict,
            "findings": [],
            "evidence": [],
        },
    )  # fmt: skip
    return InspectionRecord.model_validate_json(json.dumps(value))


def owe(kept: Kept, unit: str = UNIT, number: int = 1, verdict: Any = NEW, **changes: Any) -> None:
    purpose = "first" if number == 1 else "appeal"
    message = announced(unit, inspection=number, purpose=purpose, **changes)
    counter = len(kept.rows(deliveries)) + 1
    kept.judge(message, counter, **verdict)
    kept.checkpoint()


def claim(kept: Kept) -> due.Due:
    return kept.do(lambda c: due.claim(c, kept.books, kept.now, PLACES))


def take(kept: Kept) -> Job:
    (job,) = claim(kept).to_pay
    return job


def choose(kept: Kept, job: Job, seen: PaymentStanding = SEEN) -> Payout | None:
    return kept.do(lambda c: paying.choose(c, kept.books, job.payout, job.ref, seen, kept.now))


def settle(kept: Kept, key: str, answer: PayoutAnswer | None, lease: float | None = None) -> PayoutStep:
    return kept.do(lambda c: paying.settle(c, kept.books, key, answer, kept.now, lease=lease)).state


def row(kept: Kept, unit: str = UNIT) -> RefundRow:
    found = kept.do(lambda c: standing.find(c, SITE, unit))
    assert found is not None
    return found


def kinds(kept: Kept, unit: str = UNIT) -> set[CaseKind]:
    return {each.kind for each in kept.do(lambda c: cases.open_of(c, SITE, [unit])).get(unit, [])}


def approve(kept: Kept, unit: str = UNIT) -> None:
    def go(connection: Any) -> None:
        found = row_in(connection, unit)
        if found.state is not RefundState.REQUESTED:
            found = standing.move(connection, SITE, found, RefundEvent.RELEASE, kept.at)
        standing.move(connection, SITE, found, RefundEvent.APPROVE, kept.at, approved_by="Ada King")

    kept.do(go)


def row_in(connection: Any, unit: str) -> RefundRow:
    found = standing.find(connection, SITE, unit)
    assert found is not None
    return found
