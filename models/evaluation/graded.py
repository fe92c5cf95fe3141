"""The whole way from pictures to a grade, for every test picture of a set."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from inspection.evidence import Evidence
from inspection.grades import Grade
from inspection.grading import grade
from inspection.readings import Frame
from models.answers import unpriced
from models.backbone import Backbone
from models.enrol import check_photo, enrol
from models.errors import BadImage
from models.evaluation.folders import Item
from models.heads import Head
from models.images import PNG_MAGIC
from models.pipeline import ReferencePipeline
from models.store import ReferenceStore

SKU, VIEW, MERCHANT = "set", "top", "evaluation"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
"""Frames carry a time; nothing here depends on it."""

Read = Callable[[Item], bytes]
"""The bytes of an item's picture; a control reads other ones than the file holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedItem:
    """What the machine said of one item."""

    item: Item
    truth: Grade
    said: Grade
    share_ppm: int
    """Share of the grade said; 0 while ungraded."""
    not_new_ppm: int | None
    """None while ungraded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeDraw:
    """One draw of references, and what is graded beside them."""

    references: tuple[Item, ...]
    tested: tuple[Item, ...]
    category: str
    heads: tuple[Head, ...] = ()
    """What names defects behind the comparison."""
    bench: Path | None = None


def graded_items(
    backbone: Backbone, draw: GradeDraw, truth: Callable[[Item], Grade], read: Read
) -> list[GradedItem]:
    """Grade every test picture as a station would, from the gate on; raises BadImage for a reference."""
    with enrolled(backbone, draw) as pipeline:
        return [
            graded(pipeline, item, read(item), category=draw.category, truth=truth(item))
            for item in draw.tested
        ]


@contextmanager
def enrolled(backbone: Backbone, draw: GradeDraw) -> Iterator[ReferencePipeline]:
    """A pipeline with these references in a store of its own, gone afterwards.

    Photos that the gate would send back are no references, as at a station.
    """
    with TemporaryDirectory(prefix="regrade-evaluate-") as folder:
        store = ReferenceStore(Path(folder), MERCHANT)
        photos = [content for item in draw.references if usable(content := item.path.read_bytes())]
        enrol(store, backbone, sku=SKU, view=VIEW, photos=photos)
        if draw.bench:
            store.set_bench(VIEW, draw.bench.read_bytes())
        yield ReferencePipeline(backbone, store, heads=draw.heads)


def usable(content: bytes) -> bool:
    """Whether the gate lets a photo be a reference."""
    try:
        check_photo(content)
    except BadImage:
        return False
    return True


def graded(
    pipeline: ReferencePipeline, item: Item, content: bytes, *, category: str, truth: Grade
) -> GradedItem:
    """One picture through the pipeline and the rubric."""
    kind = "image/png" if content.startswith(PNG_MAGIC) else "image/jpeg"
    frame = Frame(view=VIEW, camera="file", content=content, media_type=kind, captured_at=MOMENT)
    detection = pipeline.detect(SKU, Evidence(frames=(frame,)))
    grading = grade(unpriced(MERCHANT, SKU, category), detection)
    shares = grading.shares
    return GradedItem(
        item=item,
        truth=truth,
        said=grading.grade,
        share_ppm=shares.of(grading.grade) if shares else 0,
        not_new_ppm=shares.used + shares.damaged if shares else None,
    )


def by_folder(mapping: Mapping[str, Grade]) -> Callable[[Item], Grade]:
    """Truth by the folder that an item lies in."""
    return lambda item: mapping[item.kind]


def from_file(item: Item) -> bytes:
    """The picture as it is."""
    return item.path.read_bytes()
