"""docs/returns.md: its codes are the program's."""

import ast
from collections.abc import Callable
from pathlib import Path

from server.returns.dropping.watcher import REASONS

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/returns.md"
Table = Callable[[str, str], list[dict[str, str]]]
RAISED = {"bad_amount", "unknown_currency", "bad_identifier"}
"""Codes of the domain's own errors, taken over with them."""


def texts(folder: str, call: str, at: int) -> set[str]:
    """The literal at a place of every call of that name."""
    trees = [ast.parse(path.read_text("utf-8")) for path in sorted((ROOT / folder).glob("*.py"))]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == call]
    literals = [node.args[at] for node in named if len(node.args) > at]
    return {each.value for each in literals if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def test_every_code_of_a_document_stands_in_its_table(table: Table) -> None:
    codes = texts("server/returns/importing", "Unmappable", 1)
    assert len(codes) > 10
    rows = table(PAGE, "document-codes")
    assert {row["code"] for row in rows} == codes | RAISED | {"not_announced"}


def test_every_reason_to_refuse_a_file_stands_in_its_table(table: Table) -> None:
    assert {row["reason"] for row in table(PAGE, "drop-reasons")} == {*REASONS, "bad_table"}
