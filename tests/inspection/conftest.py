"""One shoe, its return and a clean look at it; tests change what they are about."""

import pytest

from inspection.catalogue import Product, Recovery, RepairRoute
from inspection.detector import Detection, VersionedFile, ViewScore
from inspection.findings import DefectKind, Finding, Severity, Zone
from inspection.grades import Channel, Condition, Grade, GradeShares
from inspection.grading import Grading
from inspection.returns import ReturnReason, ReturnUnit


def recovery(grade: Grade, channel: Channel, price_minor: int, sale_ppm: int, cost_minor: int) -> Recovery:
    return Recovery(
        grade=grade, channel=channel, price_minor=price_minor, sale_ppm=sale_ppm, cost_minor=cost_minor
    )


@pytest.fixture
def shoe() -> Product:
    """The worked example: list 80.00, restock at 95 %, open box 52.00 at 97 %."""
    open_box = [
        recovery(grade, Channel.OPEN_BOX, 5200, 970_000, 500)
        for grade in (Grade.NEW, Grade.USED, Grade.DAMAGED)
    ]
    return Product(
        merchant="north",
        sku="SHOE-42",
        gtin="04012345678901",
        title="Running shoe 42",
        category="apparel",
        currency="EUR",
        list_price_minor=8000,
        recovery=(
            recovery(Grade.NEW, Channel.RESTOCK, 8000, 950_000, 300),
            *open_box,
            recovery(Grade.USED, Channel.LIQUIDATE, 1500, 900_000, 200),
            recovery(Grade.DAMAGED, Channel.RECYCLE, 100, 1_000_000, 150),
        ),
        repair=RepairRoute(name="glue", cost_minor=900, success_ppm=800_000, price_after_minor=4000),
        misgrade_loss_minor=4500,
    )


@pytest.fixture
def unit() -> ReturnUnit:
    return ReturnUnit(
        id="RMA-1/1/1",
        authorization="RMA-1",
        order="O-1",
        line=1,
        index=1,
        sku="SHOE-42",
        epc=None,
        serial=None,
        paid_minor=7999,
        currency="EUR",
        reason=ReturnReason.CHANGED_MIND,
    )


@pytest.fixture
def view() -> ViewScore:
    """A view well within its limit."""
    return ViewScore(view="top", score=0.5, limit=1.0, p_value_ppm=600_000)


@pytest.fixture
def clean(view: ViewScore) -> Detection:
    """A detection without findings, of one view like its references."""
    return Detection(
        findings=(),
        views=(view,),
        quality={},
        models=(),
        bank=VersionedFile(name="SHOE-42", sha256="0" * 64),
        model_ms=1.0,
        total_ms=2.0,
    )


@pytest.fixture
def stain() -> Finding:
    return Finding(
        kind=DefectKind.STAIN,
        zone=Zone.BACK,
        severity=Severity.MAJOR,
        confidence_ppm=900_000,
        view="top",
        area_ppm=20_000,
        source="segmenter",
    )


@pytest.fixture
def likely_new() -> Grading:
    """The worked example's shares: 93 % new, 6 % used, 1 % damaged."""
    return Grading(
        grade=Grade.NEW,
        condition=Condition.A_PLUS,
        shares=GradeShares(new=930_000, used=60_000, damaged=10_000),
        reasons=(),
    )
