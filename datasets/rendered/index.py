"""The index: one row per picture, its truth graded by the project's own rubrics."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets.rendered.plan import FAMILIES, Unit, is_reference
from inspection.findings import DefectKind, Severity, Zone
from inspection.grades import Condition
from inspection.rubrics import Rubric, rubric_for

HOME = Path(__file__).parent
MORE_HOME = HOME.parents[1] / "var/rendered"
"""Where the pictures that are made on demand lie."""
MORE_INDEX = HOME / "more.jsonl"
"""What they are: hashes and truths, kept without the pictures."""
Row = dict[str, Any]


def condition_of(rubric: Rubric, defects: Sequence[Mapping[str, Any]]) -> Condition:
    """Return the worst condition that a unit's defects make; A+ without any."""
    judged = [
        rubric.judge(DefectKind(d["kind"]), Zone(d["zone"]), Severity(d["severity"])).condition
        for d in defects
    ]
    return max(judged, key=list(Condition).index, default=Condition.A_PLUS)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def row_of(home: Path, unit: Unit, defects: Sequence[Mapping[str, Any]], item_px: int) -> Row:
    """Return the row of a unit that was rendered below `home`."""
    picture, mask = f"pictures/{unit.stem}.jpg", f"masks/{unit.stem}.png"
    rubric = rubric_for(FAMILIES[unit.product.family])
    condition = condition_of(rubric, defects)
    return {
        "picture": picture,
        "mask": mask,
        "sha256": digest(home / picture),
        "mask_sha256": digest(home / mask),
        "family": unit.product.family,
        "category": rubric.category,
        "object": unit.product.name,
        "split": unit.product.split,
        "rig": unit.product.rig,
        "number": unit.number,
        "role": "reference" if is_reference(unit) else "unit",
        "planned": unit.planned,
        "grade": rubric.grade(condition).value,
        "condition": condition.value,
        "defects": list(defects),
        "item_px": item_px,
        "seed": unit.seed,
    }


def read(path: Path = HOME / "index.jsonl") -> list[Row]:
    """Return the rows of an index; none where there is no file yet."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def append(row: Row, path: Path = HOME / "index.jsonl") -> None:
    """Add one row; a single short write, so that two renderers may share the file."""
    with path.open("a") as file:
        file.write(json.dumps(row, separators=(",", ":")) + "\n")


def settle(rows: Iterable[Row], units: Iterable[Unit], path: Path) -> None:
    """Write an index anew: planned order, the last row of every picture."""
    by_picture = {row["picture"]: row for row in rows}
    ordered = [by_picture.get(f"pictures/{unit.stem}.jpg") for unit in units]
    path.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in ordered if row))
