"""The figures of a folder as tables on a terminal of 80 columns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

INTERVAL_WIDTH = 11
"""Characters of 0.995-1.000."""
Columns = tuple[tuple[str, str], ...]

FOUND: Columns = (
    ("AUROC", "auroc"),
    ("95 %", "auroc_ci"),
    ("by size", "file_size"),
    ("by colour", "mean_colour"),
    ("recall 1 %", "recall_at_1fa"),
    ("5 %", "recall_at_5fa"),
)
COST: Columns = (
    ("AUPRO", "aupro"),
    ("ECE", "ece"),
    ("alone", "coverage_at_budget"),
    ("wrong", "error_at_budget"),
    ("p50 ms", "p50_ms"),
    ("p95 ms", "p95_ms"),
    ("CPU ms", "cpu_ms"),
)


def folder_tables(answer: Mapping[str, Any]) -> Iterator[Table]:
    """What was found, then what it is worth and costs; one row per object, and the mean."""
    for columns in (FOUND, COST):
        table = Table()
        table.add_column("object", overflow="fold")
        for title, key in columns:
            table.add_column(
                title, justify="right", min_width=INTERVAL_WIDTH if key.endswith("_ci") else None
            )
        for name, row in answer["objects"].items():
            table.add_row(name, *cells(row, columns))
        table.add_section()
        table.add_row("mean", *cells(answer["mean"], columns))
        yield table


def cells(row: Mapping[str, Any], columns: Columns) -> Sequence[str]:
    """The figures of one row."""
    flat = {**row, **row["shortcut_auroc"]}
    return [shown(key, flat[key]) for _, key in columns]


def shown(key: str, value: object) -> str:
    """A figure for people; a dash where there is none."""
    if value is None:
        return "-"
    if isinstance(value, list):
        return f"{value[0]:.3f}-{value[1]:.3f}"
    return f"{value:.1f}" if key.endswith("_ms") else f"{value:.3f}"
