"""The figures of a folder as a table on a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

COLUMNS = (
    ("AUROC", "auroc"),
    ("95 %", "auroc_ci"),
    ("recall at 1 % f.a.", "recall_at_1fa"),
    ("at 5 %", "recall_at_5fa"),
    ("AUPRO", "aupro"),
    ("ECE", "ece"),
    ("decided alone", "coverage_at_budget"),
    ("wrong then", "error_at_budget"),
    ("p50 ms", "p50_ms"),
    ("p95 ms", "p95_ms"),
    ("CPU ms", "cpu_ms"),
    ("by file size", "file_size"),
    ("by colour", "mean_colour"),
)


def folder_table(answer: Mapping[str, Any]) -> Table:
    """One row per object, and the mean."""
    table = Table("object")
    for title, _ in COLUMNS:
        table.add_column(title, justify="right")
    for name, row in answer["objects"].items():
        table.add_row(name, *cells(row))
    table.add_section()
    table.add_row("mean", *cells(answer["mean"]))
    return table


def cells(row: Mapping[str, Any]) -> Sequence[str]:
    """The figures of one row in the order of COLUMNS."""
    flat = {**row, **row["shortcut_auroc"]}
    return [shown(flat[key]) for _, key in COLUMNS]


def shown(value: object) -> str:
    """A figure for people; a dash where there is none."""
    if value is None:
        return "-"
    if isinstance(value, list):
        return f"{value[0]:.3f}..{value[1]:.3f}"
    return f"{value:.3f}" if isinstance(value, float) and value <= 1 else f"{value:.1f}"
