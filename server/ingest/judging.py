"""Whether a checked record is taken: the questions in their order, asked of what the centre knows. Pure.

`Books` is what was read for a batch in the transaction that will record it; taking one record
changes what the next one is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from inspection.messages.uplink import LONGEST_HOLD_S, ImageKey, RefusalReason, SignedRecord
from inspection.record import ClockState, InspectionRecord
from server.ingest.checking import Checked, Fault, StationKey
from server.returns.repository import CANCELLED, KnownUnit

AHEAD = timedelta(minutes=5)
"""How much later than ours a station's clock may be."""
FAR_BEHIND = timedelta(days=7)
"""A time of a record that is older than this when it comes says little: its clock counts as uncertain."""
MOST_HELD = 1000
"""Of one station; a record from the future beyond these is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The record is from the future: it is to come again."""

    retry_after_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """Numbers of a start that were passed over."""

    key: str
    boot: str
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRefusal:
    """A refusal as it was first given."""

    reason: str
    detail: str
    refused_at: str


@dataclass(slots=True)
class Boots:
    """The starts of one key: the newest with its last counter, and every one that a batch may name."""

    newest: str | None
    ordinal: int
    counter: int
    known: set[str]
    touched: dict[str, tuple[int, int]] = field(default_factory=dict)
    """What this batch changed: start to its ordinal and last counter."""


@dataclass(slots=True)
class Books:
    """What the centre knows that bears on a batch."""

    keys: dict[str, StationKey]
    refusals: dict[str, KeptRefusal]
    recorded: dict[str, str]
    """Record id to the hash of its bytes."""
    units: dict[str, KnownUnit]
    inspected: set[tuple[str, int]]
    boots: dict[str, Boots] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    """Id of a held record to the hash of its bytes."""
    room_to_hold: int = MOST_HELD
    passed: list[Passed] = field(default_factory=list)
    """What this batch passed over."""

    def take(self, record: InspectionRecord, sha256: str) -> None:
        """Note a record as taken, for those behind it."""
        self.recorded[record.id] = sha256
        self.inspected.add((record.unit.id, record.unit.inspection))
        self._count(record)

    def hold(self, record: InspectionRecord, sha256: str) -> None:
        """Note a record as held: its number is used up, and stands among those passed over until it comes."""
        if record.id in self.held:
            return
        self._count(record)
        self.held[record.id] = sha256
        self.room_to_hold -= 1
        self._pass_over(record, record.device.counter, record.device.counter)

    def _count(self, record: InspectionRecord) -> None:
        device, boots = record.device, self.boots[record.device.key]
        if device.boot in boots.known and (device.boot != boots.newest or device.counter <= boots.counter):
            return  # it was held when its turn came
        if device.boot != boots.newest:
            boots.known.add(device.boot)
            boots.newest, boots.ordinal, boots.counter = device.boot, boots.ordinal + 1, 0
        self._pass_over(record, boots.counter + 1, device.counter - 1)
        boots.counter = device.counter
        boots.touched[device.boot] = (boots.ordinal, boots.counter)

    def _pass_over(self, record: InspectionRecord, first: int, last: int) -> None:
        if first <= last:
            device = record.device
            self.passed.append(Passed(key=device.key, boot=device.boot, first=first, last=last))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Who sends, to which log, and when."""

    station: str
    site: str
    origin: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One record and what it is judged by."""

    signed: SignedRecord
    record: InspectionRecord
    sha256: str
    key: StationKey
    books: Books
    bench: Bench


Question = Callable[[Case], str | None]
"""Returns a sentence when the record is refused for this."""


def judge(checked: Checked, books: Books, bench: Bench) -> Fault | Hold | None:
    """Why the record is refused or held; None when it is taken.

    The caller has answered replays already: a record that stands in the ledger is never refused.
    """
    if checked.fault is not None or checked.record is None or checked.signed is None:
        return checked.fault
    case = Case(
        signed=checked.signed,
        record=checked.record,
        sha256=checked.sha256,
        key=books.keys[checked.signed.device_key],
        books=books,
        bench=bench,
    )
    for reason, question in QUESTIONS:
        detail = question(case)
        if detail is not None:
            return Fault(reason=reason, detail=detail)
    return _hold(case)


def clock_of(record: InspectionRecord, now: datetime) -> ClockState:
    """Whether a record's own time says anything; it is shown, and no deadline is ever reckoned from it."""
    behind = record.clock.device_time < now - FAR_BEHIND
    return ClockState.UNCERTAIN if behind else record.clock.state


def is_recorded(checked: Checked, books: Books) -> bool:
    """True when exactly these signed bytes stand in the ledger, whatever travels beside them now."""
    return checked.record is not None and books.recorded.get(checked.record.id) == checked.sha256


def _revoked(case: Case) -> str | None:
    return f"key {case.key.key} was revoked; enrol the station again" if case.key.revoked else None


def _other_log(case: Case) -> str | None:
    if case.record.origin == case.bench.origin:
        return None
    return f"the record is for log {case.record.origin}; this is {case.bench.origin}"


def _other_station(case: Case) -> str | None:
    said = (case.record.site, case.record.station)
    if said == (case.bench.site, case.key.station) and case.key.station == case.bench.station:
        return None
    all_three = f"{said[1]}, {case.key.station}, {case.bench.station}"
    return f"record, key and connection are not of one station: {all_three}"


def _counter_reused(case: Case) -> str | None:
    held = case.books.held.get(case.record.id, case.sha256)
    if case.record.id not in case.books.recorded and held == case.sha256:
        return None
    return f"counter {case.record.device.counter} of this start stands for another record already"


def _counter_backwards(case: Case) -> str | None:
    device, boots = case.record.device, case.books.boots[case.record.device.key]
    if case.record.id in case.books.held:
        return None  # its number was used up when its turn came
    if device.boot != boots.newest:
        return _other_start(case, boots)
    if device.counter > boots.counter:
        return None
    return f"counter {device.counter} comes after {boots.counter}: a clone or a restored image?"


def _other_start(case: Case, boots: Boots) -> str | None:
    if case.record.device.boot in boots.known:
        return "the record is of an older start of the program: a clone?"
    return "the station was enrolled again: this key begins no new start" if case.key.closed else None


def _unknown_unit(case: Case) -> str | None:
    unit = case.books.units.get(case.record.unit.id)
    if unit is not None and unit.merchant == case.record.merchant:
        cancelled = unit.state == CANCELLED and not unit.erased  # an erased one is taken, untold
        return f"the shop has cancelled the return of {unit.id}" if cancelled else None
    return f"no return was announced for unit {case.record.unit.id} of merchant {case.record.merchant}"


def _other_sku(case: Case) -> str | None:
    announced = case.books.units[case.record.unit.id].sku
    if case.record.unit.sku == announced:
        return None
    return f"unit {case.record.unit.id} was announced as {announced}, not as {case.record.unit.sku}"


def _duplicate(case: Case) -> str | None:
    subject = case.record.unit
    if (subject.id, subject.inspection) not in case.books.inspected:
        return None
    return f"inspection {subject.inspection} of unit {subject.id} is recorded already"


def _other_inspection(case: Case) -> str | None:
    subject, announced = case.record.unit, case.books.units[case.record.unit.id].inspection
    if subject.inspection == announced:
        return None
    return f"inspection {announced} of unit {subject.id} was asked for, not {subject.inspection}"


def _image_keys(case: Case) -> str | None:
    if case.books.units[case.record.unit.id].erased:
        return None  # its station has destroyed them
    missing = {item.ciphertext_sha256 for item in case.record.evidence} - set(keys_by_image(case.signed))
    return f"the key of {len(missing)} image(s) is missing" if missing else None


def _ahead(case: Case) -> timedelta:
    """How long until the record's time has come; nothing or less where it has."""
    return case.record.clock.device_time - AHEAD - case.bench.now


def _time_ahead(case: Case) -> str | None:
    known = case.record.id in case.books.held
    if _ahead(case) <= timedelta(0) or known or case.books.room_to_hold > 0:
        return None
    return f"more than 5 minutes ahead of the centre, and {MOST_HELD} records of the station wait already"


def _hold(case: Case) -> Hold | None:
    ahead = _ahead(case)
    if ahead <= timedelta(0):
        return None
    return Hold(retry_after_s=max(1, min(LONGEST_HOLD_S, -(-ahead // timedelta(seconds=1)))))


def keys_by_image(signed: SignedRecord) -> dict[str, ImageKey]:
    """The wrapped keys by ciphertext."""
    return {key.ciphertext_sha256: key for key in signed.image_keys}


QUESTIONS: tuple[tuple[RefusalReason, Question], ...] = (
    (RefusalReason.REVOKED_KEY, _revoked),
    (RefusalReason.OTHER_LOG, _other_log),
    (RefusalReason.OTHER_STATION, _other_station),
    (RefusalReason.COUNTER_REUSED, _counter_reused),
    (RefusalReason.COUNTER_BACKWARDS, _counter_backwards),
    (RefusalReason.UNKNOWN_UNIT, _unknown_unit),
    (RefusalReason.OTHER_SKU, _other_sku),
    (RefusalReason.DUPLICATE_INSPECTION, _duplicate),
    (RefusalReason.OTHER_INSPECTION, _other_inspection),
    (RefusalReason.IMAGE_KEYS_MISSING, _image_keys),
    (RefusalReason.TIME_AHEAD, _time_ahead),
)
"""In the order in which they are asked; key, signature and form come before, in `checking`."""
