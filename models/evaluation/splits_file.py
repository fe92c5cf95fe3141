"""The draws as a file, so that other programs are measured on the same ones."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from models.evaluation.folders import Item
from models.evaluation.rendered import held_out, object_set
from models.evaluation.sets import SETS, load_real
from models.evaluation.splits import SEEDS, SHOTS, Split, draws


def splits_object(data: Path, rendered: Path | None) -> dict[str, Any]:
    """Every set's draws, paths relative to the folder they lie in; raises CannotEvaluate."""
    sets = {
        name: {"frozen": row.frozen, "splits": [split_object(s, data) for s in draws(load_real(data, name))]}
        for name, row in SETS.items()
    }
    if rendered:
        for name, rows in held_out(rendered).items():
            goods = object_set(rendered, name, rows)
            sets[goods.name] = {
                "frozen": False,
                "splits": [split_object(split, rendered) for split in draws(goods)],
            }
    return {"shots": SHOTS, "seeds": SEEDS, "sets": sets}


def split_object(split: Split, root: Path) -> dict[str, Any]:
    """One draw."""

    def paths(items: tuple[Item, ...]) -> list[str]:
        return [item.path.relative_to(root).as_posix() for item in items]

    return {
        "seed": split.seed,
        "references": paths(split.references),
        "good": paths(split.good),
        "bad": paths(split.bad),
    }


def split_counts(splits: Mapping[str, Any]) -> Iterator[str]:
    """One line per set: how many pictures each seed tests."""
    for name, found in splits["sets"].items():
        counts = ", ".join(f"{len(one['good'])} good and {len(one['bad'])} bad" for one in found["splits"])
        yield f"{name}{' (frozen)' if found['frozen'] else ''}: {counts}"
