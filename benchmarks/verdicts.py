"""Rendered returns as confirmed verdicts: each unit through today's pipeline, its true grade as the person's.

`python -m benchmarks.verdicts OUT [MOST]` writes `learn.jsonl` (train and validation products) and
`test.jsonl` (held-out products, never learnt from; at most MOST units of a grade and product). A file that
is there stays. Every product stands for a day: its units share rig, print and light. Of the train products
three of each family take part; their references are six of the eight new units, and the other two are looked
at, twice over.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from inspection.confirmed import Confirmed, confirmed
from inspection.evidence import Evidence
from inspection.grades import Grade
from inspection.grading import grade
from inspection.readings import Frame
from models.answers import unpriced
from models.backbone import Backbone, load_backbone
from models.enrol import enrol
from models.evaluation.graded import usable
from models.evaluation.rendered import RenderedPicture, bench_of
from models.heads import Head
from models.manifest import ZOO
from models.pipeline import ReferencePipeline
from models.registry import load_heads, read_registry
from models.store import ReferenceStore

FOLDER = Path(__file__).resolve().parents[1] / "datasets" / "rendered"
VIEW, MERCHANT = "top", "rendered"
FIRST_DAY = date(2026, 1, 1)
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
TRAIN_REFERENCES, OTHER_REFERENCES = 6, 8
LEAST_REFERENCES = 5
TRAIN_PRODUCTS = ("-0", "-1", "-2")
"""Of each family: a segmenter has learnt from all of them, a judge should see few such products."""

Draw = tuple[Sequence[RenderedPicture], Sequence[RenderedPicture]]
"""(references, units looked at)."""


def products(split: str) -> dict[str, list[RenderedPicture]]:
    """Pictures that are there, by product."""
    found: dict[str, list[RenderedPicture]] = defaultdict(list)
    for line in (FOLDER / "index.jsonl").read_bytes().splitlines():
        row = RenderedPicture.model_validate_json(line)
        left_out = split == "train" and not row.object.endswith(TRAIN_PRODUCTS)
        if row.split == split and not left_out and (FOLDER / row.picture).is_file():
            found[row.object].append(row)
    return {name: sorted(rows, key=lambda row: row.picture) for name, rows in sorted(found.items())}


def draws(split: str, rows: Sequence[RenderedPicture], most: int) -> list[Draw]:
    """What is compared with what: no unit is its own reference."""
    new = [row for row in rows if row.grade == Grade.NEW]
    rest = [row for row in rows if row.grade != Grade.NEW]
    if split == "held_out":
        used, damaged = (
            [row for row in rest if row.grade == grade][:most] for grade in (Grade.USED, Grade.DAMAGED)
        )
        return [(new[:OTHER_REFERENCES], [*new[OTHER_REFERENCES:][:most], *used, *damaged])]
    if split == "validation":
        return [(new[:OTHER_REFERENCES], [*new[OTHER_REFERENCES:], *rest])]
    count = TRAIN_REFERENCES
    return [(new[:count], [*new[count:], *rest]), (new[-count:], new[:-count])]


def verdicts(
    backbone: Backbone, heads: Sequence[Head], number: int, looks: Sequence[Draw]
) -> Iterator[Confirmed]:
    """The rows of one product; none for units that stay ungraded, or products without references."""
    day = FIRST_DAY + timedelta(days=number)
    for references, units in looks:
        photos = [content for row in references if usable(content := (FOLDER / row.picture).read_bytes())]
        if len(photos) < LEAST_REFERENCES:
            continue
        with TemporaryDirectory(prefix="regrade-verdicts-") as folder:
            store = ReferenceStore(Path(folder), MERCHANT)
            enrol(store, backbone, sku=references[0].object, view=VIEW, photos=photos)
            if bench := bench_of(FOLDER, references[0]):
                store.set_bench(VIEW, bench.read_bytes())
            pipeline = ReferencePipeline(backbone, store, heads=heads)
            found = (verdict(pipeline, row, day) for row in units)
            yield from (row for row in found if row is not None)


def verdict(pipeline: ReferencePipeline, row: RenderedPicture, day: date) -> Confirmed | None:
    """One unit, looked at and confirmed; None while ungraded."""
    content = (FOLDER / row.picture).read_bytes()
    frame = Frame(view=VIEW, camera="file", content=content, media_type="image/jpeg", captured_at=MOMENT)
    detection = pipeline.detect(row.object, Evidence(frames=(frame,)))
    product = unpriced(MERCHANT, row.object, row.category)
    unit = f"{row.object}/{Path(row.picture).stem}"
    return confirmed(unit, day, product, detection, grade(product, detection), row.grade)


def write(path: Path, backbone: Backbone, heads: Sequence[Head], splits: Sequence[str], most: int) -> None:
    """One file; a line as soon as its unit was looked at."""
    found = [draws(split, rows, most) for split in splits for rows in products(split).values()]
    graded = 0
    with path.open("w", encoding="utf-8") as stream:
        for number, one in enumerate(found):
            for row in verdicts(backbone, heads, number, one):
                graded += 1
                stream.write(row.to_line() + "\n")
                stream.flush()
    looked = sum(len(units) for one in found for _, units in one)
    print(f"{path.name}: {graded} graded of {looked} looked at, {len(found)} products")


def main(out: Path, most: int) -> None:
    """Write what is not there yet."""
    backbone = load_backbone(threads=1)
    heads = load_heads(read_registry((ZOO,)), threads=1)
    out.mkdir(parents=True, exist_ok=True)
    for file, splits in (("learn.jsonl", ("validation", "train")), ("test.jsonl", ("held_out",))):
        if not (out / file).exists():
            write(out / file, backbone, heads, splits, most)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100)
