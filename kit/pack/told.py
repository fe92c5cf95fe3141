"""What the printed page says, in both languages, before anything is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType, Leaf
from inspection.record import EvidenceItem, FindingRow, InspectionRecord, Personal, read_record
from inspection.words.catalog import words
from inspection.words.money import money, percent
from kit.pack.case import EvidenceCase, PackPhoto

ZH, EN = words("zh_CN"), words("en")
SHOWN_REASONS = 4
SHORT_ID = 12


class Both(NamedTuple):
    """One thing said twice."""

    zh: str
    en: str

    @classmethod
    def same(cls, text: str) -> "Both":
        """What needs no translation: numbers, names, hashes."""
        return cls(text, "")


def say(key: str, **values: object) -> Both:
    """A sentence of the catalogue in both languages."""
    return Both(ZH.say(key, **values), EN.say(key, **values))


def name(code: StrEnum) -> Both:
    """The word of a code in both languages."""
    return Both(ZH.name(code), EN.name(code))


def joined(*parts: Both) -> Both:
    """Several words in one line."""
    return Both(*(" · ".join(part for part in side if part) for side in zip(*parts, strict=True)))


class Row(NamedTuple):
    """A caption and what stands behind it."""

    caption: Both
    value: Both


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A photo of an inspection, or the place where it was."""

    item: EvidenceItem
    photo: PackPhoto | None
    missing: Both
    """Why there is none."""
    marks: tuple[tuple[int, FindingRow], ...]
    """The findings on it, each with its number in the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """One verdict with what it rests on."""

    index: int
    record: InspectionRecord
    recorded_at: str
    shots: tuple[Shot, ...]


def inspections(case: EvidenceCase) -> tuple[Inspection, ...]:
    """The verdicts of a case, oldest first."""
    leaves = [entry.read() for entry in case.entries]
    return tuple(_inspection(case, leaf) for leaf in leaves if leaf.type == EntryType.VERDICT)


def _inspection(case: EvidenceCase, leaf: Leaf) -> Inspection:
    record = read_record(canonical(leaf.body))
    shots = tuple(_shot(case, record, at) for at in range(len(record.evidence)))
    return Inspection(index=leaf.seq, record=record, recorded_at=leaf.recorded_at, shots=shots)


def _shot(case: EvidenceCase, record: InspectionRecord, at: int) -> Shot:
    item = record.evidence[at]
    mine = (record.id, item.ciphertext_sha256)
    photo = next((p for p in case.photos if (p.record, p.ciphertext_sha256) == mine), None)
    marks = tuple((n, row) for n, row in enumerate(record.findings, start=1) if row.view == at)
    return Shot(item=item, photo=photo, missing=_missing(case, mine), marks=marks)


def _missing(case: EvidenceCase, photo: tuple[str, str]) -> Both:
    if photo in case.lost:
        return say("pack.photo_lost")
    return say("pack.photo_erased" if photo in case.erased else "pack.photo_withheld")


def result_rows(inspection: Inspection) -> tuple[Both, Both | None, Both]:
    """The grade, the condition where there is one, and where the unit goes."""
    verdict = inspection.record.verdict
    condition = name(verdict.condition) if verdict.condition else None
    return name(verdict.grade), condition, joined(name(verdict.disposition), name(verdict.channel))


def refund_told(case: EvidenceCase) -> Both:
    """The newest instruction, or that there is none."""
    bodies = [leaf.body for leaf in _leaves(case) if leaf.type == EntryType.REFUND_INSTRUCTION]
    return _owed(bodies[-1]) if bodies else say("pack.no_refund")


def _owed(body: dict[str, Any]) -> Both:
    amount = money(body["target_total_minor"], body["currency"])
    return joined(say(f"refund.{body['kind']}"), Both(amount, amount))


def case_rows(case: EvidenceCase) -> tuple[Row, ...]:
    """What the pack is about."""
    newest = inspections(case)[-1].record
    product = f"{case.title} ({newest.unit.sku})" if case.title else newest.unit.sku
    said = {
        "unit": case.unit,
        "product": product,
        "merchant": case.merchant,
        "made": f"{clock(case.made_at)} UTC",
    }
    return tuple(Row(say(f"pack.{key}"), Both.same(value)) for key, value in said.items())


def inspection_rows(case: EvidenceCase, inspection: Inspection) -> tuple[Row, ...]:
    """Who decided what, when, by which rules; and what belongs to people, as far as it may be shown."""
    record = inspection.record
    verdict, versions = record.verdict, record.versions
    decided = joined(name(verdict.kind), say(f"role.{verdict.role}"))
    if verdict.override_reason:
        decided = joined(decided, name(verdict.override_reason))
    time = Both.same(f"{clock(record.clock.device_time.isoformat())} UTC")
    models = ", ".join(model.name for model in versions.models)
    policy = Both.same(f"{versions.policy.name} · {versions.policy.sha256[:SHORT_ID]}")
    rows = (
        Row(say("pack.decided"), decided),
        Row(say("pack.rule"), _reasons(record)),
        Row(say("pack.device_time"), joined(time, name(record.clock.state))),
        Row(say("pack.station"), Both.same(f"{record.site} / {record.station}")),
        Row(say("pack.policy"), policy),
        Row(say("pack.models"), Both.same(models) if models else say("pack.nothing")),
        Row(say("pack.record"), Both.same(record.id)),
    )
    return rows + tuple(_personal(case, record))


def _reasons(record: InspectionRecord) -> Both:
    codes = record.verdict.reasons[:SHOWN_REASONS] or (record.verdict.rule,)
    return joined(Both(ZH.rule(record.verdict.rule), EN.rule(record.verdict.rule)), *map(_plain, codes))


def _plain(code: str) -> Both:
    """A reason without its values, which a record does not keep; nothing where it would be full of gaps."""
    said = Both(ZH.why(code), EN.why(code))
    return Both("", "") if "…" in said.en else said


def _personal(case: EvidenceCase, record: InspectionRecord) -> list[Row]:
    given = {opening.field: opening.value for opening in case.openings if opening.record == record.id}
    rows = []
    for field in Personal.model_fields:
        if getattr(record.personal, field) is not None:
            rows.append(Row(say(f"pack.{field}"), _value(case, (record.id, field), given.get(field))))
    return rows


def _value(case: EvidenceCase, of: tuple[str, str], given: str | None) -> Both:
    if of in case.erased:
        return say("pack.erased")
    if of in case.lost:
        return say("pack.lost")
    if case.masked:
        return say("pack.masked")
    return Both.same(given) if given is not None else say("pack.withheld")


def finding_cells(record: InspectionRecord, row: FindingRow) -> tuple[Both, ...]:
    """One line of the table of findings: what, where, severity, how sure, on which photo, seen by whom."""
    seen_by = Both.same(record.versions.models[row.source].name) if row.source >= 0 else say("pack.a_person")
    view = record.evidence[row.view].view if 0 <= row.view < len(record.evidence) else "–"
    sure = Both.same(percent(row.confidence_ppm))
    return (name(row.kind), name(row.zone), name(row.severity), sure, Both.same(view), seen_by)


def history(case: EvidenceCase) -> Sequence[tuple[str, str, Both, Both]]:
    """The entries: index, time, kind, and what each says."""
    return [
        (str(leaf.seq), clock(leaf.recorded_at), say(f"entry.{leaf.type.value}"), _said(leaf))
        for leaf in _leaves(case)
    ]


def _said(leaf: Leaf) -> Both:
    body = leaf.body
    match leaf.type:
        case EntryType.VERDICT:
            verdict = body["verdict"]
            return joined(say(f"grade.{verdict['grade']}"), say(f"disposition.{verdict['disposition']}"))
        case EntryType.REFUND_INSTRUCTION:
            return _owed(body)
        case EntryType.REFUND_OUTCOME:
            paid = money(body["refunded_total_minor"], body["currency"])
            return joined(say(f"outcome.{body['status']}"), Both(paid, paid))
        case EntryType.CORRECTION | EntryType.REVERSAL:
            return Both.same(f"{body.get('corrects', body.get('reverses'))} · {body['reason']}")
        case _:
            return Both.same(str(body.get("parcel") or body.get("station") or ""))


def _leaves(case: EvidenceCase) -> list[Leaf]:
    return [entry.read() for entry in case.entries]


def clock(text: str) -> str:
    """A time for people: to the second, in UTC."""
    return text[:19].replace("T", " ")
