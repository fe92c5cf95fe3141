"""The grade itself: on two mapped public sets, on rendered returns, and on these with the evidence hidden."""

from collections.abc import Mapping, Sequence

from inspection.grades import Grade
from models.evaluation.book import Book
from models.evaluation.grade_figures import grade_result
from models.evaluation.graded import GradedItem, GradeDraw, Read, by_folder, from_file, graded_items
from models.evaluation.hidden import hiding
from models.evaluation.mappings import GRADES
from models.evaluation.pictures import read_all
from models.evaluation.rendered import RenderedPicture, bench_of, held_out, item_of
from models.evaluation.sets import load_real
from models.evaluation.splits import draws
from models.evaluation.workshop import Workshop

CATEGORY = "beverage"
"""Of both mapped sets."""
MAPPED_SEEDS = 3
"""Draws of references; the whole way to a grade takes long."""
RENDERED, HIDDEN = "rendered", "rendered, evidence hidden"


def run_mapped(shop: Workshop, name: str) -> Book:
    """A mapped public set by the protocol's draws; raises CannotEvaluate."""
    goods = read_all(load_real(shop.setup.data, name), shop.progress).goods
    mapping: Mapping[str, Grade] = GRADES[name]
    found = []
    for split in draws(goods, shots=shop.shots, seeds=min(shop.seeds, MAPPED_SEEDS)):
        draw = GradeDraw(references=split.references, tested=split.tested, category=CATEGORY)
        found.append(graded_items(shop.backbone, draw, by_folder(mapping), from_file))
        shop.progress(f"{name}: grading", len(found), MAPPED_SEEDS)
    return Book(grades={name: grade_result(found, shop.today)})


def run_graded_renders(shop: Workshop) -> Book:
    """Held-out rendered returns with the references of their index, then with the evidence hidden."""
    objects = held_out(shop.setup.rendered)
    shown: list[GradedItem] = []
    hidden: list[GradedItem] = []
    for number, rows in enumerate(objects.values(), start=1):
        draw = draw_of(shop, rows)
        if len(draw.references) >= shop.shots and draw.tested:
            truth = {item_of(shop.setup.rendered, row).name: row.grade for row in rows}
            shown += grade_renders(shop, draw, truth, from_file)
            hidden += grade_renders(shop, draw, truth, hiding(shop.setup.rendered, rows))
        shop.progress("rendered: grading", number, len(objects))
    if not shown:
        return Book(skipped={"grades_rendered": "no held-out object has its references yet"})
    return Book(
        grades={RENDERED: grade_result([shown], shop.today), HIDDEN: grade_result([hidden], shop.today)}
    )


def draw_of(shop: Workshop, rows: Sequence[RenderedPicture]) -> GradeDraw:
    """The references of one object, and its units."""
    references = tuple(item_of(shop.setup.rendered, row) for row in rows if row.is_reference)
    units = tuple(item_of(shop.setup.rendered, row) for row in rows if not row.is_reference)
    return GradeDraw(
        references=references,
        tested=units,
        category=rows[0].category,
        bench=bench_of(shop.setup.rendered, rows[0]),
    )


def grade_renders(
    shop: Workshop, draw: GradeDraw, truth: Mapping[str, Grade], read: Read
) -> list[GradedItem]:
    """One object's units."""
    return graded_items(shop.backbone, draw, lambda item: truth[item.name], read)
