import ast
from pathlib import Path

import pytest

from inspection.findings import DefectKind
from models.naming import BOUNDS

TABLE = Path(__file__).parents[2] / "datasets" / "rendered" / "severity.py"


def rendered_bounds() -> dict[DefectKind, tuple[int, int]]:
    """Read without importing: the set is data, and its recipe needs what is not installed here."""
    tree = ast.parse(TABLE.read_text())
    (table,) = (node.value for node in tree.body if isinstance(node, ast.AnnAssign))
    assert isinstance(table, ast.Dict)
    return {
        DefectKind[key.attr]: ast.literal_eval(value)
        for key, value in zip(table.keys, table.values, strict=True)
        if isinstance(key, ast.Attribute)
    }


@pytest.mark.parametrize("kind", rendered_bounds())
def test_the_rendered_returns_were_graded_by_the_bounds_used_here(kind: DefectKind) -> None:
    assert BOUNDS[kind] == rendered_bounds()[kind]
