"""The shipped segmenter as a head: what it promises, and what it refuses."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import orjson
import pytest

from inspection.findings import DefectKind, Zone
from models.backbone import Backbone
from models.errors import ModelFailed, ModelRefused
from models.heads import Head, Sight
from models.manifest import MANIFEST, ZOO, read_manifest
from models.recipe import DEFAULT
from models.reference import Comparison
from models.segmenter import CLASSES, KINDS, MAX_FINDINGS, READING_KEY, Segmenter, load_segmenter, reading_of
from models.views import see_view

FOLDER = ZOO / "defect-segmenter"
Shots = Callable[..., list[bytes]]


@pytest.fixture(scope="module")
def head() -> Segmenter:
    return load_segmenter(threads=1)


@pytest.fixture(scope="module")
def sight(backbone: Backbone) -> Sight:
    picture = sorted((Path(__file__).parents[2] / "datasets/drawn/mug/good").glob("*.jpg"))[0]
    return replace(see_view(backbone, DEFAULT, picture.read_bytes()), view="top")


def with_heat(sight: Sight, value: float) -> Sight:
    rows, columns = sight.maps["f8"].shape[1:]
    heat = np.full((rows, columns), value, np.float32)
    return replace(sight, comparison=Comparison(heat=heat, score=value))


def test_it_is_a_head_of_its_file(head: Segmenter) -> None:
    as_head: Head = head
    assert as_head.version.sha256 == read_manifest(FOLDER).sha256


def test_its_manifest_names_its_backbone_its_data_and_its_figures(backbone: Backbone) -> None:
    manifest = read_manifest(FOLDER)
    assert manifest.requires == backbone.version.sha256
    assert {each.licence for each in manifest.trained_on} <= {"MIT", "CC0-1.0"}
    assert manifest.classes == tuple(map(str, CLASSES))
    assert "false alarms, no references" in manifest.metrics


@pytest.mark.parametrize("heat", [None, 1.0, 6.0])
def test_its_findings_are_legal_and_bounded(head: Segmenter, sight: Sight, heat: float | None) -> None:
    seen = sight if heat is None else with_heat(sight, heat)
    found = head.find(seen)
    assert len(found) <= MAX_FINDINGS
    for finding in found:
        assert finding.kind in KINDS
        assert finding.zone == Zone.ANY
        assert 1_000 <= finding.confidence_ppm <= 999_000
        assert 0 <= finding.area_ppm <= 1_000_000
        assert finding.view == "top"
        assert finding.region is not None
        assert finding.region.left_ppm + finding.region.width_ppm <= 1_000_000
        assert finding.region.top_ppm + finding.region.height_ppm <= 1_000_000


def test_the_same_sight_gives_the_same_findings(head: Segmenter, sight: Sight) -> None:
    assert head.find(sight) == head.find(sight)
    assert (head.chances(sight) == load_segmenter(threads=1).chances(sight)).all()


def test_its_chances_add_up_in_every_cell(head: Segmenter, sight: Sight) -> None:
    chances = head.chances(sight)
    assert chances.shape == (len(CLASSES), sight.pixels.shape[0] // 4, sight.pixels.shape[1] // 4)
    assert np.abs(chances.sum(axis=0) - 1).max() < 1e-5


def test_alone_it_gives_an_anomaly_map_with_its_peak(head: Segmenter, sight: Sight) -> None:
    heat, score = head.anomaly(sight)
    assert score == pytest.approx(float(heat.max()))
    assert 0 <= score <= 1


def test_a_located_item_sets_the_scale_of_severity(head: Segmenter, sight: Sight) -> None:
    assert head.find(replace(sight, item=np.zeros(sight.pixels.shape[:2], bool))) == head.find(sight)


@pytest.mark.parametrize("name", ["f4", "f8", "f16", "f32"])
def test_numbers_that_are_none_are_refused_by_the_name_of_their_map(
    head: Segmenter, sight: Sight, name: str
) -> None:
    bad = sight.maps[name].copy()
    bad[0, 0, 0] = np.nan
    with pytest.raises(ModelFailed, match=f"map {name} holds values that are not numbers"):
        head.find(replace(sight, maps={**sight.maps, name: bad}))


def test_heat_that_is_no_number_is_refused(head: Segmenter, sight: Sight) -> None:
    with pytest.raises(ModelFailed, match="comparison holds values that are not numbers"):
        head.find(with_heat(sight, float("nan")))


def test_a_map_of_another_backbone_is_refused_by_its_channels(head: Segmenter, sight: Sight) -> None:
    with pytest.raises(ModelFailed, match=r"map f16 is shape .* 112 channels were published"):
        head.find(replace(sight, maps={**sight.maps, "f16": sight.maps["f16"][:111]}))


def test_a_map_that_is_missing_is_named(head: Segmenter, sight: Sight) -> None:
    with pytest.raises(ModelFailed, match="map f32 is nothing"):
        head.find(replace(sight, maps={name: sight.maps[name] for name in ("f4", "f8", "f16")}))


def test_maps_that_do_not_fit_together_are_a_failure_of_the_model(head: Segmenter, sight: Sight) -> None:
    with pytest.raises(ModelFailed):
        head.find(replace(sight, maps={**sight.maps, "f32": sight.maps["f32"][:, :1]}))


def test_a_segmenter_of_other_classes_is_refused(tmp_path: Path) -> None:
    copytree(FOLDER, tmp_path / "model")
    manifest = orjson.loads((FOLDER / MANIFEST).read_bytes())
    manifest["classes"] = manifest["classes"][:-1]
    (tmp_path / "model" / MANIFEST).write_bytes(orjson.dumps(manifest))
    with pytest.raises(ModelRefused, match="no segmenter of the classes"):
        load_segmenter(tmp_path / "model")


def test_a_file_that_does_not_say_how_it_is_read_is_refused() -> None:
    with pytest.raises(ModelRefused, match="does not say how its answer is read"):
        reading_of("x", {})


@pytest.mark.parametrize("note", ["", "{}", '{"compared": 1}'])
def test_a_reading_that_is_none_is_refused(note: str) -> None:
    with pytest.raises(ModelRefused, match="model x: reading"):
        reading_of("x", {READING_KEY: note})


def test_louder_segments_are_likelier(head: Segmenter) -> None:
    for curve in (head.reading.compared, head.reading.alone):
        chances = [curve.chance(loudness) for loudness in (0.0, 0.3, 0.6, 0.9, 1.0)]
        assert chances == sorted(chances)
        assert 0 < chances[0] < chances[-1] < 1


def test_every_corrected_area_is_of_a_kind_it_names(head: Segmenter) -> None:
    assert set(head.reading.areas) <= set(KINDS)
    assert DefectKind.DEVIATION not in head.reading.areas
