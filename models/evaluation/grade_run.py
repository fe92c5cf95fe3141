"""The grade itself: on two mapped public sets, on rendered returns, and on these with the evidence hidden."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from inspection.grades import Grade
from models.evaluation.book import Book
from models.evaluation.folders import Item
from models.evaluation.grade_figures import grade_result
from models.evaluation.graded import GradedItem, GradeDraw, Read, by_folder, from_file, graded_items
from models.evaluation.hidden import hiding
from models.evaluation.mappings import GRADES
from models.evaluation.pictures import read_all
from models.evaluation.rendered import HELD_OUT, SEALED, RenderedPicture, bench_of, item_of, of_split
from models.evaluation.sets import load_real
from models.evaluation.splits import draws
from models.evaluation.workshop import Workshop

CATEGORY = "beverage"
"""Of both mapped sets."""
MAPPED_SEEDS = 3
"""Draws of references; the whole way to a grade takes long."""
COMPARED, HIDDEN = "comparison only", "evidence hidden"
"""Ways beside the plain one."""


def run_mapped(shop: Workshop, name: str) -> Book:
    """A mapped public set by the protocol's draws; raises CannotEvaluate."""
    goods = read_all(load_real(shop.setup.data, name), shop.progress).goods
    mapping: Mapping[str, Grade] = GRADES[name]
    found = []
    for split in draws(goods, shots=shop.shots, seeds=min(shop.seeds, MAPPED_SEEDS)):
        draw = GradeDraw(
            references=split.references, tested=split.tested, category=CATEGORY, heads=shop.heads
        )
        found.append(graded_items(shop.backbone, draw, by_folder(mapping), from_file))
        shop.progress(f"{name}: grading", len(found), MAPPED_SEEDS)
    return Book(grades={name: grade_result(found, shop.today)})


def run_graded_renders(shop: Workshop) -> Book:
    """Held-out rendered returns, in every way; raises CannotEvaluate."""
    return graded_renders(shop, "rendered", shop.setup.rendered, HELD_OUT)


def run_graded_sealed(shop: Workshop) -> Book:
    """Sealed rendered returns, in every way; raises CannotEvaluate."""
    return graded_renders(shop, SEALED, shop.setup.more, SEALED)


def graded_renders(shop: Workshop, title: str, folder: Path, split: str) -> Book:
    """A split as it is, without what names defects, and with the evidence hidden."""
    objects = of_split(folder, split)
    found: dict[str, list[GradedItem]] = defaultdict(list)
    for number, rows in enumerate(objects.values(), start=1):
        draw = draw_of(shop, folder, rows)
        if len(draw.references) >= shop.shots and draw.tested:
            truth = truth_of({item_of(folder, row).name: row.grade for row in rows})
            for way, wanted, read in ways(draw, folder, rows):
                name = f"{title}, {way}" if way else title
                found[name] += graded_items(shop.backbone, wanted, truth, read)
        shop.progress(f"{title}: grading", number, len(objects))
    if not found:
        return Book(skipped={f"grades_{title}": "no object has its references yet"})
    return Book(grades={name: grade_result([items], shop.today) for name, items in found.items()})


def truth_of(grades: Mapping[str, Grade]) -> Callable[[Item], Grade]:
    """Truth by the item's name."""
    return lambda item: grades[item.name]


def ways(
    draw: GradeDraw, folder: Path, rows: Sequence[RenderedPicture]
) -> Iterator[tuple[str, GradeDraw, Read]]:
    """The ways in which rendered returns are graded, by name; the plain one has none."""
    yield "", draw, from_file
    if draw.heads:
        yield COMPARED, replace(draw, heads=()), from_file
    yield HIDDEN, draw, hiding(folder, rows)


def draw_of(shop: Workshop, folder: Path, rows: Sequence[RenderedPicture]) -> GradeDraw:
    """The references of one object, and its units."""
    return GradeDraw(
        references=tuple(item_of(folder, row) for row in rows if row.is_reference),
        tested=tuple(item_of(folder, row) for row in rows if not row.is_reference),
        category=rows[0].category,
        heads=shop.heads,
        bench=bench_of(folder, rows[0]),
    )
