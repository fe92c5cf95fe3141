"""Batches in one transaction: each record recorded with all that belongs to it, or refused, in its order.

Batches of several stations that wait at the same moment are read for, judged one after the other and written
together: a statement for all of them takes hardly longer than one for a single record.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from inspection.custody.leaf import EntryType
from inspection.custody.receipt import MAX_DETAIL, issue_refusal
from inspection.messages.base import time_text
from inspection.messages.uplink import Answer, HeldMessage, ReceiptMessage, RefusalMessage, RefusalReason
from inspection.policy import Policy
from server.alarms import AlarmKind, raise_alarm
from server.evidence.repository import held_evidence
from server.ingest import repository, waiting
from server.ingest.checking import Checked, Fault
from server.ingest.judging import Bench, Books, Hold, KeptRefusal, is_recorded, judge
from server.ledger.log import Entry, Log, Place
from server.ledger.receipts import receipt_of
from server.refunds.issuing import Due, issue

CLONES = frozenset({RefusalReason.COUNTER_REUSED.value, RefusalReason.COUNTER_BACKWARDS.value})
"""What only a second copy of a station says, or one that was set back to an older state."""
MOST_TOGETHER = 512
"""Records of batches that share what is read: bounds how much is held at a time."""

NOT_OF_THE_RECORD = frozenset(
    {
        RefusalReason.COUNTER_REUSED.value,
        RefusalReason.IMAGE_KEYS_MISSING.value,
        RefusalReason.TIME_AHEAD.value,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A record that stands in the ledger."""

    place: Place
    pending: tuple[str, ...]
    """Ciphertexts that the centre does not hold yet."""
    fresh: bool
    buried: tuple[str, ...] = ()
    """Ciphertexts of an erased customer: their files are to be removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A record that never will."""

    sha256: str
    submission: str
    kept: KeptRefusal
    fresh: bool
    stored: bool
    """False beyond the limit: the answer is signed all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A record whose time has not come."""

    submission: str
    retry_after_s: int


Outcome = Recorded | Refused | Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """What this batch brought that was not known before, by submission."""

    taken: set[str]
    refused: dict[str, KeptRefusal]
    kept: frozenset[str]
    """Those refusals that are kept."""
    held: dict[str, Held]
    buried: frozenset[str]
    """Ciphertexts of erased customers that came with this batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a batch is recorded under."""

    log: Log
    bench: Bench
    policy: Policy
    refusals_per_station: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A batch as a station sent it."""

    batch: Sequence[Checked]
    rules: Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """A batch with what the centre knew, and what it will answer."""

    sent: Sent
    books: Books
    sorted: "_Sorted"


def record_batches(connection: Connection, sent: Sequence[Sent]) -> list[tuple[Outcome, ...]]:
    """Record what may be recorded; for each batch one outcome for each record, in its order."""
    return [outcomes for together in _together(sent) for outcomes in _record_together(connection, together)]


def _together(sent: Sequence[Sent]) -> Iterator[list[Sent]]:
    """Neighbours as far as they may share what is read: one batch of a station, and not too many records."""
    together: list[Sent] = []
    for each in sent:
        stations = {one.rules.bench.station for one in together}
        many = sum(len(one.batch) for one in together) + len(each.batch)
        if together and (each.rules.bench.station in stations or many > MOST_TOGETHER):
            yield together
            together = []
        together.append(each)
    if together:
        yield together


def _record_together(connection: Connection, sent: list[Sent]) -> list[tuple[Outcome, ...]]:
    log = sent[0].rules.log
    opened = repository.open_books(
        connection, log.site, [(each.rules.bench.station, each.batch) for each in sent]
    )
    judged = [
        _Judged(sent=each, books=books, sorted=_sort(each.batch, books, each.rules))
        for each, books in zip(sent, opened, strict=True)
    ]
    taken = [checked for each in judged for checked in each.sorted.taken]
    buried = _record(connection, log, taken, judged[0].books, _latest(sent)) if taken else ()
    repository.put_boots(connection, log.site, judged[0].books.boots)
    return [_answered(connection, log, each, frozenset(buried)) for each in judged]


def _latest(sent: Sequence[Sent]) -> Rules:
    """Those of the batch that came last: all that is recorded together is recorded at that time."""
    return max((each.rules for each in sent), key=lambda rules: rules.bench.now)


def _answered(
    connection: Connection, log: Log, judged: _Judged, buried: frozenset[str]
) -> tuple[Outcome, ...]:
    batch, rules, sorted_ = judged.sent.batch, judged.sent.rules, judged.sorted
    fresh = Fresh(
        taken={each.submission for each in sorted_.taken},
        refused=sorted_.refused,
        kept=_keep(connection, log.site, batch, sorted_.refused, rules),
        buried=buried,
        held={
            name: Held(submission=name, retry_after_s=hold.retry_after_s)
            for name, hold in sorted_.held.items()
        },
    )
    _note(connection, log.site, batch, judged.books, fresh, rules)
    return _outcomes(connection, log, batch, judged.books, fresh)


def _note(
    connection: Connection, site: str, batch: Sequence[Checked], books: Books, fresh: Fresh, rules: Rules
) -> None:
    """Keep what the batch showed of its station's counters, and raise the alarm where two starts speak."""
    station, at = rules.bench.station, time_text(rules.bench.now)
    waiting.add_passed(connection, site, station, books.passed, at)
    waiting.drop_held(connection, site, [id for id in _settled(batch, fresh) if id in books.held])
    held = {each.record.id: each.sha256 for each in batch if each.record and each.submission in fresh.held}
    waiting.add_held(connection, site, station, held, at)
    twice = (kept for kept in fresh.refused.values() if kept.reason in CLONES)
    for kept in twice:
        raise_alarm(connection, site, AlarmKind.CLONE, station, kept.detail, at)


def _settled(batch: Sequence[Checked], fresh: Fresh) -> Iterator[str]:
    """Ids of records that wait no longer.

    A refusal of what only travels beside a record, or of other bytes under its number, settles nothing: the
    record itself may still come.
    """
    for checked in batch:
        refused = fresh.refused.get(checked.submission)
        judged = refused is not None and checked.fault is None and refused.reason not in NOT_OF_THE_RECORD
        if checked.record is not None and (judged or checked.submission in fresh.taken):
            yield checked.record.id


def _keep(
    connection: Connection,
    site: str,
    batch: Sequence[Checked],
    refused: dict[str, KeptRefusal],
    rules: Rules,
) -> frozenset[str]:
    """Keep as many refusals as the station may have, and say which; the others are given all the same.

    One that is not kept is worked out again when its record comes again.
    """
    if not refused:
        return frozenset()
    newly = {checked.submission: checked for checked in batch if checked.submission in refused}
    room = repository.room_for_refusals(connection, site, rules.bench.station, rules.refusals_per_station)
    kept = [(checked, refused[name]) for name, checked in newly.items()][:room]
    repository.add_refusals(connection, site, rules.bench.station, kept)
    return frozenset(checked.submission for checked, _ in kept)


@dataclass(slots=True, kw_only=True)
class _Sorted:
    """A batch as it was judged: those to record, and by submission those newly refused and those held."""

    taken: list[Checked] = field(default_factory=list)
    refused: dict[str, KeptRefusal] = field(default_factory=dict)
    held: dict[str, Hold] = field(default_factory=dict)


def _sort(batch: Sequence[Checked], books: Books, rules: Rules) -> _Sorted:
    """Judge in order; what is taken bears on what comes behind it."""
    found = _Sorted()
    for checked in batch:
        name = checked.submission
        if is_recorded(checked, books) or name in books.refusals or name in found.refused:
            continue
        judged = judge(checked, books, rules.bench)
        if isinstance(judged, Fault):
            found.refused[name] = KeptRefusal(
                reason=judged.reason.value,
                detail=judged.detail[:MAX_DETAIL],
                refused_at=time_text(rules.bench.now),
            )
        elif isinstance(judged, Hold) and checked.record is not None:
            books.hold(checked.record, checked.sha256)
            found.held[name] = judged
        elif checked.record is not None:
            books.take(checked.record, checked.sha256)
            found.taken.append(checked)
    return found


def _record(
    connection: Connection, log: Log, taken: list[Checked], books: Books, rules: Rules
) -> tuple[str, ...]:
    now = time_text(rules.bench.now)
    places = log.append_all(connection, tuple(_entry(checked) for checked in taken), now)
    pairs = list(zip(taken, places, strict=True))
    found = [checked.record for checked in taken if checked.record is not None]
    buried = repository.add_records(connection, log.site, pairs, books.units, now)
    repository.close_units(connection, log.site, found)
    hashes = (item.ciphertext_sha256 for record in found for item in record.evidence)
    held = held_evidence(connection, log.site, hashes)
    due = [
        Due(record=record, unit=books.units[record.unit.id].message, verdict_seq=place.seq)
        for record, place in zip(found, places, strict=True)
        if not books.units[record.unit.id].erased
        and all(item.ciphertext_sha256 in held for item in record.evidence)
    ]
    issue(connection, log, due, rules.policy, rules.bench.now)
    return buried


def _entry(checked: Checked) -> Entry:
    signed, record = checked.signed, checked.record
    if signed is None or record is None:
        raise ValueError("only a record that was read can be recorded")
    return Entry(
        type=EntryType.VERDICT,
        id=f"verdict:{record.id}",
        body=signed.record,
        device=(signed.device_key, signed.signature),
    )


def _outcomes(
    connection: Connection,
    log: Log,
    batch: Sequence[Checked],
    books: Books,
    fresh: Fresh,
) -> tuple[Outcome, ...]:
    found = [checked.record for checked in batch if is_recorded(checked, books) and checked.record]
    places = log.find(connection, tuple(f"verdict:{record.id}" for record in found))
    hashes = [item.ciphertext_sha256 for record in found for item in record.evidence]
    held = held_evidence(connection, log.site, hashes)
    outcomes: list[Outcome] = []
    for checked in batch:
        if checked.record is not None and is_recorded(checked, books):
            named = [item.ciphertext_sha256 for item in checked.record.evidence]
            outcomes.append(
                Recorded(
                    place=places[f"verdict:{checked.record.id}"],
                    pending=tuple(dict.fromkeys(name for name in named if name not in held)),
                    fresh=checked.submission in fresh.taken,
                    buried=tuple(name for name in named if name in fresh.buried),
                )
            )
        elif checked.submission in fresh.held:
            outcomes.append(fresh.held[checked.submission])
        else:
            outcomes.append(_refused(checked, books, fresh))
    return tuple(outcomes)


def _refused(checked: Checked, books: Books, fresh: Fresh) -> Refused:
    name = checked.submission
    known = books.refusals.get(name)
    return Refused(
        sha256=checked.sha256,
        submission=name,
        kept=known or fresh.refused[name],
        fresh=known is None,
        stored=known is not None or name in fresh.kept,
    )


def sign_answers(outcomes: Sequence[Outcome], key: Ed25519PrivateKey, origin: str) -> tuple[Answer, ...]:
    """Sign what is durable: the same outcome is always the same answer. A hold is neither."""
    return tuple(_signed(outcome, key, origin) for outcome in outcomes)


def _signed(outcome: Outcome, key: Ed25519PrivateKey, origin: str) -> Answer:
    if isinstance(outcome, Recorded):
        receipt = receipt_of(key, origin, outcome.place)
        return ReceiptMessage.of(receipt, outcome.pending)
    if isinstance(outcome, Held):
        return HeldMessage(
            submission_sha256=outcome.submission, reason="time_ahead", retry_after_s=outcome.retry_after_s
        )
    kept = outcome.kept
    return RefusalMessage.of(
        issue_refusal(
            key,
            origin,
            record_sha256=outcome.sha256,
            submission_sha256=outcome.submission,
            reason=kept.reason,
            detail=kept.detail,
            refused_at=kept.refused_at,
        )
    )
