"""The autonomy part of the readiness card: read from a file of confirmed verdicts, shown as a table."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

from rich.table import Table
from rich.text import Text

from inspection.autonomy import Autonomy
from inspection.autonomy_card import AutonomyCard, GradeRow, autonomy_card, category_of
from inspection.budget import ErrorBudget, ErrorKind, KindBound
from inspection.confirmed import MAX_LINE_BYTES, Confirmed, audited, read_confirmed
from inspection.detector import VersionedFile
from inspection.errors import BadMessage
from inspection.words.catalog import Words
from inspection.words.money import percent
from models.errors import BadQuestion
from models.judging import SiteJudge, judge_of
from models.readiness import Readiness
from models.registry import site_registry

SHORT_HASH = 16
COLUMNS = ("proposed", "audited", "alone", "from", "share", "bound", "last_audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What `regrade references card --audits` was asked."""

    audits: Path
    models: Path | None
    level: str
    """One of `Autonomy`."""
    budget: Sequence[str]
    """`kind=ppm`; kinds that are not named keep their default."""


def answer(question: Question, card: Readiness) -> AutonomyCard:
    """The autonomy part of a card, of today; raises BadQuestion for a file or a budget that is none."""
    registry = site_registry(question.models)
    banks = [view.bank_sha256 for view in card.views if view.bank_sha256]
    try:
        with question.audits.open("rb") as stream:
            rows = list(read_confirmed(_lines(stream)))
    except OSError as error:
        raise BadQuestion(f"{question.audits}: {error.strerror}") from error
    except BadMessage as error:
        raise BadQuestion(f"{question.audits}, {error}") from error
    return card_of(
        rows,
        sku=card.sku,
        today=datetime.now(UTC).date(),
        level=Autonomy(question.level),
        budget=budget_of(question.budget),
        judge=judge_of(registry),
        models=(card.backbone,),
        bank=VersionedFile(name=card.sku, sha256=_together(banks)) if banks else None,
    )


def card_of(
    rows: Sequence[Confirmed],
    *,
    sku: str,
    today: date,
    level: Autonomy,
    budget: ErrorBudget,
    judge: SiteJudge | None = None,
    models: tuple[VersionedFile, ...] = (),
    bank: VersionedFile | None = None,
) -> AutonomyCard:
    """The card of a product; raises BadQuestion for one that was never audited."""
    items = audited(rows, judge)
    category = category_of(items, sku)
    if category is None:
        raise BadQuestion(f"no audited item of {sku!r}")
    proving = [one for one in items if judge is None or not judge.has_seen(one)]
    return autonomy_card(
        proving,
        category=category,
        sku=sku,
        today=today,
        budget=budget,
        level=level,
        models=(*models, *(judge.versions if judge else ())),
        bank=bank,
        left_out=len(items) - len(proving),
    )


def budget_of(said: Sequence[str]) -> ErrorBudget:
    """The budget with the kinds that were said; raises BadQuestion for what is none."""
    parts = (text.partition("=") for text in said)
    try:
        return ErrorBudget(**{ErrorKind(kind).value: int(ppm) for kind, _, ppm in parts})
    except ValueError as error:
        kinds = ", ".join(ErrorKind)
        raise BadQuestion(f"a budget is KIND=PPM, of the kinds {kinds}: {' '.join(said)}") from error


def _together(banks: Sequence[str]) -> str:
    """One hash for the banks of all views."""
    return hashlib.sha256("".join(f"{sha256}\n" for sha256 in sorted(banks)).encode()).hexdigest()


def autonomy_parts(card: AutonomyCard, words: Words) -> Iterator[Table | Text]:
    """The card from top to bottom."""
    say, confidence = words.say, f"{card.confidence:.0%}"
    table = Table(title=say("autonomy_card.title", category=card.category), title_justify="left")
    for column in COLUMNS:
        table.add_column(say(f"autonomy_card.{column}", confidence=confidence), overflow="fold")
    for row in card.rows:
        table.add_row(*cells(row, words))
    yield table
    for row in card.rows:
        yield Text(f"{words.name(row.rule.proposed)}: {words.why(row.why)}")
    yield Text(
        say("autonomy_card.product", sku=card.sku, audited=card.product_audited, wrong=card.product_wrong)
    )
    if card.left_out:
        yield Text(say("autonomy_card.left_out", count=card.left_out))
    yield Text(say("autonomy_card.window", days=card.window_days))
    yield Text(say("autonomy_card.never"))
    files = [*card.models, *([card.bank] if card.bank else [])]
    shown = ", ".join(f"{file.name} {file.sha256[:SHORT_HASH]}" for file in files)
    yield Text(f"{say('autonomy_card.models')}: {shown or '-'}")


def cells(row: GradeRow, words: Words) -> tuple[str, ...]:
    """One proposed grade as a row of the table."""
    rule = row.rule
    bounds = "\n".join(
        f"{words.name(b.kind)} {percent(b.bound_ppm)} / {percent(b.budget_ppm)}" for b in rule.bounds
    )
    return (
        words.name(rule.proposed),
        str(rule.audited),
        words.say("autonomy_card.on" if row.alone else "autonomy_card.off"),
        "-" if rule.threshold_ppm is None else percent(rule.threshold_ppm),
        percent(rule.coverage_ppm),
        bounds if rule.audited else "-",
        rule.last_audit.isoformat() if rule.last_audit else "-",
    )


def as_object(card: AutonomyCard) -> Mapping[str, object]:
    """The card as plain values, for JSON."""
    return {
        "category": card.category,
        "level": card.level.value,
        "grades": [row_object(row) for row in card.rows],
        "product": {"audited": card.product_audited, "wrong": card.product_wrong},
        "left_out": card.left_out,
        "window_days": card.window_days,
        "confidence": card.confidence,
        "last_audit": card.last_audit.isoformat() if card.last_audit else None,
        "models": [{"name": file.name, "sha256": file.sha256} for file in card.models],
        "bank": {"name": card.bank.name, "sha256": card.bank.sha256} if card.bank else None,
    }


def row_object(row: GradeRow) -> Mapping[str, object]:
    """One proposed grade as plain values."""
    rule = row.rule
    return {
        "proposed": rule.proposed.value,
        "alone": row.alone,
        "why": row.why.code.value,
        "audited": rule.audited,
        "needed": rule.needed,
        "accepted": rule.accepted,
        "threshold_ppm": rule.threshold_ppm,
        "coverage_ppm": rule.coverage_ppm,
        "bounds": [bound_object(bound) for bound in rule.bounds],
        "last_audit": rule.last_audit.isoformat() if rule.last_audit else None,
    }


def bound_object(bound: KindBound) -> Mapping[str, object]:
    """One kind of error as plain values."""
    return {
        "kind": bound.kind.value,
        "errors": bound.errors,
        "bound_ppm": bound.bound_ppm,
        "budget_ppm": bound.budget_ppm,
    }


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """One bounded line at a time."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        yield line
