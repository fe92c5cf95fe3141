"""Evidence in, Findings out: on drawn pictures, and on whatever else a camera may send."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection.detector import Detection, Detector
from inspection.evidence import Evidence, ImageFault
from inspection.findings import DefectKind, Severity
from models.backbone import Backbone
from models.calibration import MIN_SHOTS
from models.enrol import enrol
from models.pipeline import ReferencePipeline
from models.recipe import DEFAULT, QUICK
from models.regions import MAX_REGIONS, SEVERITIES, SOURCE, severity_of
from models.store import ReferenceStore

Drawn = Callable[..., list[bytes]]
Look = Callable[..., Evidence]
ORDER = list(Severity)


def worst(detection: Detection) -> Severity | None:
    return max((f.severity for f in detection.findings), key=ORDER.index, default=None)


def test_the_pipeline_is_a_detector(mug_pipeline: ReferencePipeline) -> None:
    detector: Detector = mug_pipeline
    assert callable(detector.detect)


@pytest.mark.parametrize("ware", ["carton", "bottle", "mug"])
def test_drawn_goods_are_told_apart(
    backbone: Backbone, tmp_path: Path, drawn: Drawn, seen: Look, ware: str
) -> None:
    store = ReferenceStore(tmp_path)
    enrol(store, backbone, sku=ware, view="top", photos=drawn(ware, "good", 1, 20))
    pipeline = ReferencePipeline(backbone, store)
    folders = sorted(path.name for path in (Path(__file__).parents[2] / "datasets/drawn" / ware).iterdir())
    found: dict[str, list[Severity | None]] = {"good": [], "used": [], "damaged": []}
    for folder in folders:
        for content in drawn(ware, folder, 21 if folder == "good" else 1):
            found[folder.partition("_")[0]].append(worst(pipeline.detect(ware, seen(top=content))))
    assert sum(severity is not None for severity in found["good"]) <= 1
    assert set(found["used"]) <= {Severity.MINOR, Severity.MAJOR}
    assert set(found["damaged"]) == {Severity.CRITICAL}


def test_a_view_with_references_that_nobody_photographed_is_told(
    backbone: Backbone, tmp_path: Path, drawn: Drawn, seen: Look
) -> None:
    store = ReferenceStore(tmp_path)
    for view in ("side", "top"):
        enrol(store, backbone, sku="MUG", view=view, photos=drawn("mug", "good", 1, MIN_SHOTS))
    pipeline, photo = ReferencePipeline(backbone, store), drawn("mug", "good", 21)[0]
    assert pipeline.detect("MUG", seen(top=photo)).missing_views == ("side",)
    assert pipeline.detect("MUG", seen(top=photo, side=photo)).missing_views == ()


def test_a_view_that_is_looked_at_quickly_stays_so_and_is_looked_at_beside_others(
    backbone: Backbone, tmp_path: Path, drawn: Drawn, seen: Look
) -> None:
    store, photos = ReferenceStore(tmp_path), drawn("mug", "good", 1, MIN_SHOTS + 1)
    enrol(store, backbone, sku="MUG", view="top", photos=photos[:-1], recipe=QUICK)
    enrol(store, backbone, sku="MUG", view="top", photos=photos[-1:])
    enrol(store, backbone, sku="MUG", view="side", photos=photos)
    assert (store.recipe("MUG", "top"), store.recipe("MUG", "side")) == (QUICK, DEFAULT)
    broken = drawn("mug", "damaged_handle")[0]
    detection = ReferencePipeline(backbone, store).detect("MUG", seen(top=broken, side=broken))
    assert [view.score > view.limit for view in detection.views] == [True, True]
    enrol(store, backbone, sku="MUG", view="top", photos=[], recipe=DEFAULT)
    assert store.recipe("MUG", "top") == DEFAULT


def test_a_view_without_a_bank_of_today_has_no_recipe(tmp_path: Path) -> None:
    store = ReferenceStore(tmp_path)
    assert store.recipe("MUG", "top") is None
    store.write_bank("MUG", "top", b"RGBANK\x00\x01 of another day")
    assert store.recipe("MUG", "top") is None


def test_a_finding_says_what_where_and_who(mug_pipeline: ReferencePipeline, drawn: Drawn, seen: Look) -> None:
    detection = mug_pipeline.detect("MUG", seen(top=drawn("mug", "damaged_handle")[0]))
    finding = detection.findings[0]
    assert (finding.kind, finding.view, finding.source) == (DefectKind.DEVIATION, "top", SOURCE)
    assert finding.region is not None
    middle_ppm = finding.region.left_ppm + finding.region.width_ppm // 2
    assert middle_ppm > 600_000, "the handle is to the right of the mug"
    assert 900_000 < finding.confidence_ppm < 1_000_000
    (view,) = detection.views
    assert view.score > view.limit > 0
    assert 1 <= view.p_value_ppm < 16_667
    assert len(detection.findings) <= MAX_REGIONS


def test_versions_and_times_are_told(mug_pipeline: ReferencePipeline, drawn: Drawn, seen: Look) -> None:
    detection = mug_pipeline.detect("MUG", seen(top=drawn("mug", "good", 20, 20)[0]))
    assert [model.name for model in detection.models] == ["efficientnet-lite0"]
    assert detection.bank is not None
    assert (detection.bank.name, len(detection.bank.sha256)) == ("default/MUG", 64)
    assert 0 < detection.model_ms <= detection.total_ms


def test_an_unknown_product_is_compared_with_nothing(
    mug_pipeline: ReferencePipeline, drawn: Drawn, seen: Look
) -> None:
    detection = mug_pipeline.detect("CUP", seen(top=drawn("mug", "good", 20, 20)[0]))
    assert (detection.bank, detection.views, detection.findings, detection.faults) == (None, (), (), ())
    assert detection.quality["top"].sharpness > 0


def test_a_view_without_references_has_no_score(
    mug_pipeline: ReferencePipeline, drawn: Drawn, seen: Look
) -> None:
    picture = drawn("mug", "good", 20, 20)[0]
    detection = mug_pipeline.detect("MUG", seen(top=picture, side=picture))
    assert [view.view for view in detection.views] == ["top"]
    assert set(detection.quality) == {"top", "side"}


def test_a_bad_frame_is_a_fault_of_its_view_and_the_others_are_compared(
    mug_pipeline: ReferencePipeline, drawn: Drawn, seen: Look
) -> None:
    picture = drawn("mug", "good", 20, 20)[0]
    detection = mug_pipeline.detect("MUG", seen(side=picture[:500], top=picture))
    assert detection.faults == (("side", ImageFault.UNREADABLE),)
    assert [view.view for view in detection.views] == ["top"]


def test_the_last_frame_of_a_view_counts(mug_pipeline: ReferencePipeline, drawn: Drawn, seen: Look) -> None:
    first, again = seen(top=b"").frames, seen(top=drawn("mug", "good", 20, 20)[0]).frames
    assert mug_pipeline.detect("MUG", Evidence(frames=first + again)).faults == ()


def test_no_frames_is_nothing_seen(mug_pipeline: ReferencePipeline) -> None:
    detection = mug_pipeline.detect("MUG", Evidence(frames=()))
    assert (detection.views, detection.quality, detection.findings) == ((), {}, ())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), keep=st.integers(0, 20_000))
def test_no_bytes_of_a_camera_raise(
    mug_pipeline: ReferencePipeline, drawn: Drawn, seen: Look, content: bytes, keep: int
) -> None:
    picture = drawn("mug", "good", 20, 20)[0]
    detection = mug_pipeline.detect("MUG", seen(top=content, side=picture[:keep] + content))
    assert detection.faults[0] == ("top", ImageFault.UNREADABLE)


def test_photos_added_while_it_runs_are_used_at_once(
    backbone: Backbone, tmp_path: Path, drawn: Drawn, seen: Look
) -> None:
    store = ReferenceStore(tmp_path)
    pipeline = ReferencePipeline(backbone, store)
    item = drawn("mug", "used_stain")[0]
    enrol(store, backbone, sku="MUG", view="top", photos=drawn("mug", "good", 1, 6))
    before = pipeline.detect("MUG", seen(top=item))
    enrol(ReferenceStore(tmp_path), backbone, sku="MUG", view="top", photos=[item])
    after = pipeline.detect("MUG", seen(top=item))
    assert before.bank is not None
    assert after.bank is not None
    assert before.bank.sha256 != after.bank.sha256
    assert after.views[0].score < before.views[0].score


def test_a_view_with_too_few_photos_says_how_many_it_needs(
    backbone: Backbone, drawn: Drawn, tmp_path: Path
) -> None:
    store = ReferenceStore(tmp_path, "default")
    store.add_photo("MUG", "top", drawn("mug", "good")[0])
    pipeline = ReferencePipeline(backbone, store)
    assert pipeline.missing_shots("MUG", {}) == (("top", MIN_SHOTS - 1),)
    assert pipeline.missing_shots("BOAT", {}) == ()


def test_the_empty_bench_is_a_fault_of_its_own(
    backbone: Backbone, tmp_path: Path, drawn: Drawn, seen: Look
) -> None:
    store = ReferenceStore(tmp_path)
    (bench,) = drawn("", "")
    store.set_bench("top", bench)
    pipeline = ReferencePipeline(backbone, store)
    assert pipeline.detect("MUG", seen(top=bench)).faults == (("top", ImageFault.EMPTY_BENCH),)
    assert pipeline.detect("MUG", seen(top=drawn("mug", "good", 1, 1)[0])).faults == ()


def test_the_severity_table_is_read_from_the_top() -> None:
    for row in SEVERITIES:
        assert ORDER.index(severity_of(row.strength, row.area_ppm)) >= ORDER.index(row.severity)
    assert severity_of(1.01, 500) is Severity.MINOR
    assert severity_of(9.0, 500) is Severity.MINOR
    assert severity_of(1.01, 900_000) is Severity.MINOR
