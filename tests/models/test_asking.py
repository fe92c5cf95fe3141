"""Heads behind the comparison: what they name, what they only guess, and what they see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from inspection.detector import VersionedFile
from inspection.evidence import Evidence
from inspection.findings import DefectKind, Finding, Region, Severity, Zone
from models.backbone import MAPS, Backbone
from models.heads import Head, Sight
from models.pipeline import ReferencePipeline
from models.regions import SOURCE
from models.store import ReferenceStore

Drawn = Callable[..., list[bytes]]
Look = Callable[..., Evidence]
EVERYWHERE = Region(left_ppm=0, top_ppm=0, width_ppm=1_000_000, height_ppm=1_000_000)


@dataclass
class StainHead:
    """Names one stain over the whole view, this surely."""

    confidence_ppm: int = 850_000
    sights: list[Sight] = field(default_factory=list)

    @property
    def version(self) -> VersionedFile:
        return VersionedFile(name="stains", sha256="5" * 64)

    def find(self, sight: Sight) -> Sequence[Finding]:
        self.sights.append(sight)
        stain = Finding(
            kind=DefectKind.STAIN,
            zone=Zone.ANY,
            severity=Severity.MINOR,
            confidence_ppm=self.confidence_ppm,
            view=sight.view,
            area_ppm=100,
            source="stains",
            region=EVERYWHERE,
        )
        return [stain]


@dataclass
class UnsureHead(StainHead):
    """Says too how sure it must be where there are no references."""

    def quiet_ppm(self, sight: Sight) -> int:
        return 900_000

    def confirmed_ppm(self, finding: Finding) -> int:
        return 800_000


@pytest.fixture
def detect(
    backbone: Backbone, mug_store: ReferenceStore, drawn: Drawn, seen: Look
) -> Callable[[Head, str, str], list[tuple[DefectKind, str]]]:
    def kinds(head: Head, condition: str, sku: str = "MUG") -> list[tuple[DefectKind, str]]:
        pipeline = ReferencePipeline(backbone, mug_store, heads=[head])
        found = pipeline.detect(sku, seen(top=drawn("mug", condition)[-1]))
        assert found.models == (backbone.version, head.version)
        assert bool(found.views) == (sku == "MUG")
        return [(finding.kind, finding.source) for finding in found.findings]

    return kinds


def test_a_difference_that_a_head_names_is_that_finding(detect: Callable[..., object]) -> None:
    assert detect(StainHead(), "used_stain") == [(DefectKind.STAIN, "stains")]


def test_what_a_head_only_guesses_counts_where_something_differs(detect: Callable[..., object]) -> None:
    assert detect(UnsureHead(), "good") == []
    assert detect(UnsureHead(), "used_stain") == [(DefectKind.STAIN, "stains")]
    assert detect(UnsureHead(confidence_ppm=999_000), "good") == []


def test_without_references_a_guess_counts_once_it_is_sure_enough(detect: Callable[..., object]) -> None:
    assert detect(UnsureHead(), "good", "TEAPOT") == []
    assert detect(UnsureHead(confidence_ppm=950_000), "good", "TEAPOT") == [(DefectKind.STAIN, "stains")]


def test_a_guess_that_a_difference_confirms_is_surer(
    backbone: Backbone, mug_store: ReferenceStore, drawn: Drawn, seen: Look
) -> None:
    pipeline = ReferencePipeline(backbone, mug_store, heads=[UnsureHead(confidence_ppm=300_000)])
    (stain,) = pipeline.detect("MUG", seen(top=drawn("mug", "used_stain")[-1])).findings
    assert (stain.kind, stain.confidence_ppm) == (DefectKind.STAIN, 800_000)


def test_a_difference_never_makes_a_guess_less_sure(
    backbone: Backbone, mug_store: ReferenceStore, drawn: Drawn, seen: Look
) -> None:
    pipeline = ReferencePipeline(backbone, mug_store, heads=[UnsureHead(confidence_ppm=950_000)])
    (stain,) = pipeline.detect("MUG", seen(top=drawn("mug", "used_stain")[-1])).findings
    assert stain.confidence_ppm == 950_000


def test_a_difference_that_no_head_names_stays_a_deviation(
    mug_pipeline: ReferencePipeline, drawn: Drawn, seen: Look
) -> None:
    (finding,) = mug_pipeline.detect("MUG", seen(top=drawn("mug", "used_stain")[-1])).findings
    assert (finding.kind, finding.source) == (DefectKind.DEVIATION, SOURCE)


def test_a_head_sees_maps_and_comparison_of_the_picture_it_is_given(detect: Callable[..., object]) -> None:
    head = StainHead()
    detect(head, "good")
    (sight,) = head.sights
    assert sight.view == "top"
    assert sight.comparison is not None
    height, width = sight.pixels.shape[:2]
    assert {name: sight.maps[name].shape[1:] for name in MAPS} == {
        f"f{stride}": (height // stride, width // stride) for stride in (4, 8, 16, 32)
    }


def test_a_head_looks_at_a_product_without_references_too(detect: Callable[..., object]) -> None:
    head = StainHead()
    assert detect(head, "good", "UNKNOWN") == [(DefectKind.STAIN, "stains")]
    assert head.sights[0].comparison is None
