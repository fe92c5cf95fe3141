"""The condition head answers in whole shares, says nothing of what it did not learn, and never guesses."""

import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.detector import Case, VersionedFile, ViewScore
from inspection.findings import DefectKind, Finding, Severity, Zone
from inspection.grades import Grade, GradeShares
from models.condition import ConditionHead, HeadFile, load_head, softmax, to_ppm
from models.errors import ModelRefused
from models.features import FARTHEST, NAMES, features

COUNT = len(NAMES)
NOTHING_LEARNT = HeadFile(
    format=1,
    features=NAMES,
    categories=("mug",),
    mean=(0.0,) * COUNT,
    spread=(1.0,) * COUNT,
    intercept=(0.0, 0.0, 0.0),
    weights=((0.0,) * (COUNT + 1),) * 3,
    temperature=1.0,
    fitted_days=("2026-03-01",),
    fitted_items=(),
)
VIEW = ViewScore(view="top", score=0.5, limit=1.0, p_value_ppm=500_000)
CASE = Case(
    category="mug",
    proposed=Grade.NEW,
    raw=GradeShares(new=900_000, used=90_000, damaged=10_000),
    findings=(),
    views=(VIEW,),
)


def head(file: HeadFile = NOTHING_LEARNT) -> ConditionHead:
    return ConditionHead(file=file, version=VersionedFile(name="condition-head", sha256="a" * 64))


def finding(kind: DefectKind, confidence_ppm: int, severity: Severity = Severity.MAJOR) -> Finding:
    return Finding(
        kind=kind,
        zone=Zone.ANY,
        severity=severity,
        confidence_ppm=confidence_ppm,
        view="top",
        area_ppm=10_000,
        source="segmenter",
    )


def test_a_head_that_learnt_nothing_repeats_the_fixed_map() -> None:
    assert head().shares(CASE) == CASE.raw


def test_of_another_category_and_without_views_it_says_nothing() -> None:
    assert head().answers(CASE)
    assert not head().answers(replace(CASE, category="boat"))
    assert not head().answers(replace(CASE, views=()))


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_score_that_is_no_number_gets_no_answer(score: float) -> None:
    assert head().shares(replace(CASE, views=(replace(VIEW, score=score),))) is None


@given(st.lists(st.floats(-700, 700), min_size=3, max_size=3))
def test_an_answer_adds_up_and_is_never_certain(values: list[float]) -> None:
    shares = to_ppm(softmax(np.array(values)))
    assert all(1_000 <= shares.of(grade) <= 998_000 for grade in (Grade.NEW, Grade.USED, Grade.DAMAGED))


@given(st.floats(0, 1e9), st.floats(0.001, 1e9), st.none() | st.floats(-1e6, 1e6))
def test_every_feature_is_bounded(score: float, limit: float, weight_off: float | None) -> None:
    seen = (finding(DefectKind.CRACK, 800_000), finding(DefectKind.DEVIATION, 400_000, Severity.CRITICAL))
    views = (ViewScore(view="top", score=score, limit=limit, p_value_ppm=0),)
    row = features(replace(CASE, views=views, findings=seen, weight_off=weight_off))
    assert len(row) == COUNT
    assert abs(row).max() < 15
    named = dict(zip(NAMES, row.tolist(), strict=True))
    assert abs(named["farthest_view"]) <= FARTHEST
    assert (named["break_confidence"], named["unnamed_confidence"]) == (0.8, 0.4)
    assert (named["major_confidence"], named["critical_confidence"]) == (0.8, 0.4)
    assert named["weight_known"] == float(weight_off is not None)


def written(folder: Path, file: dict[str, object], kind: str = "condition_head") -> Path:
    content = json.dumps(file).encode()
    (folder / "model.json").write_bytes(content)
    manifest = {
        "format": 1,
        "name": "condition-head",
        "kind": kind,
        "file": "model.json",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "licence": "LicenseRef-site-own",
        "source": ["test"],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_a_written_head_is_read_back(tmp_path: Path) -> None:
    folder = written(tmp_path, NOTHING_LEARNT.model_dump(mode="json"))
    assert load_head(folder).file == NOTHING_LEARNT


@pytest.mark.parametrize(
    "broken",
    [
        {"spread": [0.0] * COUNT},
        {"mean": [0.0]},
        {"temperature": "NaN"},
        {"weights": [[1e99] * (COUNT + 1)] * 3},
        {"features": ["other"], "mean": [0.0], "spread": [1.0], "weights": [[0.0] * 2] * 3},
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path: Path, broken: dict[str, object]) -> None:
    with pytest.raises(ModelRefused):
        load_head(written(tmp_path, NOTHING_LEARNT.model_dump(mode="json") | broken))


def test_a_calibration_is_no_head(tmp_path: Path) -> None:
    folder = written(tmp_path, NOTHING_LEARNT.model_dump(mode="json"), "calibration")
    with pytest.raises(ModelRefused, match="no condition head"):
        load_head(folder)
