"""What a person sees of a comparison: the map on the picture, and areas in the bench's own measure."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from inspection.evidence import Evidence
from inspection.findings import Finding
from models.answers import area_mm2, view_areas
from models.picture import WARM, heats_of, warmed
from models.pipeline import Examined, ReferencePipeline

Drawn = Callable[..., list[bytes]]
Look = Callable[..., Evidence]


@pytest.fixture
def examined(mug_pipeline: ReferencePipeline, drawn: Drawn, seen: Look) -> Examined:
    return mug_pipeline.examine("MUG", seen(top=drawn("mug", "damaged_chip", 1, 1)[0]))


def test_what_differs_is_redder_where_it_differs() -> None:
    grey = np.full((80, 120, 3), 128, np.uint8)
    heat = np.zeros((10, 15), np.float32)
    heat[4:6, 6:9] = 3.0
    warm = warmed(grey, heat)
    assert np.array_equal(warm[:8, :8], grey[:8, :8])
    assert warm[40, 60, 0] > 190
    assert warm[40, 60, 2] < 80
    assert (warm <= max(WARM)).all()
    assert np.array_equal(warmed(grey, None), grey)


def test_the_map_of_a_view_is_in_multiples_of_its_limit(examined: Examined) -> None:
    heat = heats_of(examined.detection, examined.sights)["top"]
    (score,) = examined.detection.views
    assert heat.max() >= score.score / score.limit > 1


def test_an_area_is_known_where_the_bench_was_measured(examined: Examined) -> None:
    sight, finding = examined.sights[0], examined.detection.findings[0]
    assert view_areas([sight]) == {}
    height, width = sight.pixels.shape[:2]
    areas = view_areas([replace(sight, mm_per_pixel=0.5)])
    assert areas == {"top": height * width * 0.25}
    half: Finding = replace(finding, area_ppm=500_000)
    assert area_mm2(half, areas) == round(height * width * 0.125)
    assert area_mm2(half, {}) is None
