"""The site's judge: the head where it knows the category, the map elsewhere, and only what fits together."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from inspection.detector import Case, Detection, VersionedFile, ViewScore
from inspection.evidence import Evidence
from inspection.grades import Grade, GradeShares
from inspection.readings import Weight
from models.condition import ConditionHead, HeadFile
from models.confidence import CalibrationFile, ShareCalibration, ShareMap
from models.features import NAMES
from models.judging import JudgedDetector, SiteJudge
from models.pipeline import Examined

COUNT = len(NAMES)
HEAD = ConditionHead(
    file=HeadFile(
        format=1,
        features=NAMES,
        categories=("mug",),
        mean=(0.0,) * COUNT,
        spread=(1.0,) * COUNT,
        intercept=(0.0, float(np.log(3.0)), 0.0),
        weights=((0.0,) * (COUNT + 1),) * 3,
        temperature=1.0,
        fitted_days=(),
        fitted_items=(),
    ),
    version=VersionedFile(name="condition-head", sha256="a" * 64),
)
CASE = Case(
    category="mug",
    proposed=Grade.NEW,
    raw=GradeShares(new=900_000, used=90_000, damaged=10_000),
    findings=(),
    views=(ViewScore(view="top", score=0.5, limit=1.0, p_value_ppm=500_000),),
)


def calibration(head: str | None, category: str = "mug") -> ShareCalibration:
    halved = ShareMap(
        category=category,
        proposed=Grade.NEW,
        items=100,
        method="isotonic",
        knots=((0, 0), (1_000_000, 500_000)),
        ece_before=0.5,
        ece_after=0.0,
    )
    file = CalibrationFile(format=1, head=head, maps=(halved,), fitted_days=(), fitted_items=())
    return ShareCalibration(file=file, version=VersionedFile(name="share-calibration", sha256="b" * 64))


def new_ppm(judge: SiteJudge, case: Case = CASE) -> int | None:
    judgement = judge.judge(case)
    return judgement.shares.new if judgement and judgement.shares else None


def test_the_head_alone_gives_its_own_shares() -> None:
    assert new_ppm(SiteJudge(head=HEAD)) == pytest.approx(1_000_000 * 0.9 / (0.9 + 0.27 + 0.01), abs=3)


def test_a_calibration_over_the_head_maps_the_heads_shares() -> None:
    alone = new_ppm(SiteJudge(head=HEAD)) or 0
    assert new_ppm(SiteJudge(head=HEAD, calibration=calibration("a" * 64))) == alone // 2


def test_a_calibration_over_the_fixed_map_speaks_where_the_head_does_not() -> None:
    judge = SiteJudge(head=HEAD, calibration=calibration(None, category="boat"))
    assert new_ppm(judge, replace(CASE, category="boat")) == 450_000
    assert new_ppm(judge, replace(CASE, category="shoe")) is None
    assert new_ppm(judge) == new_ppm(SiteJudge(head=HEAD))


def test_an_answer_that_is_no_number_is_a_judgement_without_shares() -> None:
    broken = replace(CASE, views=(replace(CASE.views[0], score=float("nan")),))
    judgement = SiteJudge(head=HEAD).judge(broken)
    assert judgement is not None
    assert judgement.shares is None


@dataclass(frozen=True)
class Looking:
    """Sees nothing."""

    def examine(self, sku: str, evidence: Evidence) -> Examined:
        backbone = VersionedFile(name="backbone", sha256="c" * 64)
        seen = Detection(
            findings=(), views=(), quality={}, models=(backbone,), bank=None, model_ms=0.0, total_ms=0.0
        )
        return Examined(detection=seen, sights=(), banks={})


@pytest.mark.parametrize(
    ("judge", "names"),
    [
        (None, ["backbone"]),
        (
            SiteJudge(head=HEAD, calibration=calibration("a" * 64)),
            ["backbone", "condition-head", "share-calibration"],
        ),
    ],
)
def test_a_judged_detection_names_every_file_and_carries_the_weight(
    judge: SiteJudge | None, names: list[str]
) -> None:
    weight = Weight(weight_g=412, as_sent="412 g", scale="s1", measured_at=datetime(2026, 1, 1, tzinfo=UTC))
    found = JudgedDetector(detector=Looking(), judge=judge).detect(
        "MUG", Evidence(frames=(), weights=(weight,))
    )
    assert [model.name for model in found.models] == names
    assert (found.judge, found.weight_g) == (judge, 412)
