"""Confirmed verdicts: what the machine saw and proposed of a unit, and what a person made of it.

One JSON object a line, the same for calibrating, for training the condition head and for auditing.
Photos are not needed: what stands here is what the machine had reduced them to.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from inspection.budget import AuditedItem
from inspection.catalogue import Product
from inspection.detector import Case, Detection, Judge, ViewScore
from inspection.errors import BadMessage
from inspection.findings import DefectKind, Finding, Severity, Zone
from inspection.grades import Grade, GradeShares, ReturnException
from inspection.grading import Grading, raw_shares, weight_off
from inspection.messages.base import Name, Ppm, Sku, UnitId, View, sentence
from inspection.record import InspectionRecord
from inspection.rubrics import rubric_for
from inspection.verdict import VerdictKind

MAX_LINE_BYTES = 64 * 1024
MAX_ROWS = 200_000
JUDGES = ("condition-head", "share-calibration")
"""Beginnings of the names of the files that change shares: a record that lists one has lost the raw ones."""
BY_PERSON = (VerdictKind.CONFIRM, VerdictKind.OVERRIDE)
NOT_THE_PRODUCT = (ReturnException.WRONG_ITEM, ReturnException.EMPTY_BOX)
"""What the pictures show then is no example of the product, whatever grade was accepted."""

Category = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,32}$")]
Score = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SeenFinding(_Row):
    """A finding, without the box and the source."""

    kind: DefectKind
    zone: Zone
    severity: Severity
    confidence_ppm: Ppm
    area_ppm: Ppm
    view: View


class SeenView(_Row):
    """How far one view lies from its references."""

    view: View
    score: Score
    limit: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]


class Confirmed(_Row):
    """One unit that the machine graded and a person decided."""

    unit: UnitId
    day: date
    merchant: Name
    sku: Sku
    category: Category
    proposed: Grade
    """The machine's grade."""
    grade: Grade
    """The person's."""
    raw_ppm: tuple[Ppm, Ppm, Ppm]
    """Shares of new, used and damaged by the fixed map, before any calibration."""
    findings: Annotated[tuple[SeenFinding, ...], Field(max_length=64)] = ()
    views: Annotated[tuple[SeenView, ...], Field(max_length=16)] = ()
    """Empty where only a record is left of the unit: it does for calibrating, not for the head."""
    weight_off: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """Weight less the catalogue's, in its tolerances."""

    @model_validator(mode="after")
    def _is_graded(self) -> Self:
        if Grade.UNGRADED in (self.proposed, self.grade):
            raise ValueError("an ungraded unit is no confirmed verdict")
        if sum(self.raw_ppm) != 1_000_000:
            raise ValueError("the raw shares do not add up to 1000000 ppm")
        return self

    @property
    def item(self) -> str:
        """The unit: never on both sides of a split."""
        return self.unit

    @property
    def case(self) -> Case:
        """What a judge is asked."""
        new, used, damaged = self.raw_ppm
        return Case(
            category=self.category,
            proposed=self.proposed,
            raw=GradeShares(new=new, used=used, damaged=damaged),
            findings=tuple(_finding(seen) for seen in self.findings),
            views=tuple(_score(seen) for seen in self.views),
            weight_off=self.weight_off,
        )

    def to_line(self) -> str:
        """The row as one line of JSON."""
        return self.model_dump_json(exclude_defaults=True)


def read_confirmed(lines: Iterable[bytes]) -> Iterator[Confirmed]:
    """Read the rows; raises BadMessage and names the line that is none."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if len(line) > MAX_LINE_BYTES or number > MAX_ROWS:
            raise BadMessage(
                f"line {number}: at most {MAX_ROWS} rows of at most {MAX_LINE_BYTES // 1024} KiB are read"
            )
        try:
            yield Confirmed.model_validate_json(line)
        except ValidationError as error:
            raise BadMessage(f"line {number}: {sentence(error)}") from error


def audited(rows: Iterable[Confirmed], judge: Judge | None = None) -> list[AuditedItem]:
    """The rows with the share that the machine gives today: by the judge, else by the fixed map."""
    return [
        AuditedItem(
            item=row.unit,
            day=row.day,
            category=row.category,
            proposed=row.proposed,
            share_ppm=_share(row, judge),
            truth=row.grade,
            sku=row.sku,
        )
        for row in rows
    ]


def teaches(kind: VerdictKind, exception: ReturnException | None) -> bool:
    """Whether a person decided, and of the product itself."""
    return kind in BY_PERSON and exception not in NOT_THE_PRODUCT


def confirmed(
    unit: str, day: date, product: Product, detection: Detection, grading: Grading, grade: Grade
) -> Confirmed | None:
    """The row of a unit at its station; None where the machine or the person gave no grade."""
    if Grade.UNGRADED in (grading.grade, grade):
        return None
    raw = raw_shares(rubric_for(product.category), grading.findings, detection.views)
    return Confirmed(
        unit=unit,
        day=day,
        merchant=product.merchant,
        sku=product.sku,
        category=product.category,
        proposed=grading.grade,
        grade=grade,
        raw_ppm=(raw.new, raw.used, raw.damaged),
        findings=tuple(_seen(finding) for finding in _weightiest(grading.findings)),
        views=tuple(SeenView(view=v.view, score=v.score, limit=v.limit) for v in detection.views),
        weight_off=weight_off(product, detection.weight_g),
    )


def from_record(record: InspectionRecord, category: str) -> Confirmed | None:
    """The row that a signed record still gives; None where no person confirmed a machine's grade.

    A record holds no scores of views and no weight, and of a unit with a judge no raw shares.
    """
    proposal, judged = record.proposal, record.verdict
    names = [model.name for model in record.versions.models]
    if proposal is None or record.machine_ppm is None or not teaches(judged.kind, judged.exception):
        return None
    if Grade.UNGRADED in (proposal.grade, judged.grade) or any(mark in n for n in names for mark in JUDGES):
        return None
    return Confirmed(
        unit=record.unit.id,
        day=record.clock.device_time.date(),
        merchant=record.merchant,
        sku=record.unit.sku,
        category=category,
        proposed=proposal.grade,
        grade=judged.grade,
        raw_ppm=record.machine_ppm,
        findings=tuple(
            SeenFinding(
                kind=row.kind,
                zone=row.zone,
                severity=row.severity,
                confidence_ppm=row.confidence_ppm,
                area_ppm=row.area_ppm,
                view=record.evidence[row.view].view if 0 <= row.view < len(record.evidence) else "unknown",
            )
            for row in record.findings
        ),
    )


def _share(row: Confirmed, judge: Judge | None) -> int:
    judgement = judge.judge(row.case) if judge else None
    shares = judgement.shares if judgement and judgement.shares else row.case.raw
    return shares.of(row.proposed)


def _weightiest(findings: tuple[Finding, ...]) -> list[Finding]:
    """The surest 64, in their own order."""
    kept = sorted(findings, key=lambda f: f.confidence_ppm, reverse=True)[:64]
    return [finding for finding in findings if finding in kept]


def _seen(finding: Finding) -> SeenFinding:
    return SeenFinding(**{name: getattr(finding, name) for name in SeenFinding.model_fields})


def _finding(seen: SeenFinding) -> Finding:
    return Finding(**seen.model_dump(), source="confirmed")


def _score(seen: SeenView) -> ViewScore:
    """The p-value belongs to the bank, and says nothing that score and limit do not."""
    return ViewScore(view=seen.view, score=seen.score, limit=seen.limit, p_value_ppm=0)
