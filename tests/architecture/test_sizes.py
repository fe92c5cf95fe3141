"""The size limits of every Python file and function in the checkout; `make check` runs this file too."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median

SKIPPED = {"var", "dist", "build", "node_modules"}
"""Folders that hold nothing of ours; so do those whose name begins with a dot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How long things may be, in lines."""

    median: int
    most: int
    """95 % of them may be as long as this."""
    none_over: int


FUNCTIONS = Limit(median=10, most=40, none_over=50)
FILES = Limit(median=120, most=400, none_over=500)


def python_files(root: Path) -> Iterator[Path]:
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(name for name in inner if name not in SKIPPED and not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".py"))


def functions(source: str) -> dict[str, int]:
    """Lines from `def` to the end of each function, decorators not counted; nested ones stand alone too."""
    return {
        f"{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def complaints(lengths: dict[str, int], limit: Limit) -> list[str]:
    """What breaks the limit, longest first; empty when all is well."""
    longest = sorted(lengths.items(), key=lambda item: -item[1])
    allowed = len(lengths) - ceil(0.95 * len(lengths))
    long_ones = [f"{name}: {lines} lines" for name, lines in longest if lines > limit.most]
    found = [
        f"{name}: {lines} > {limit.none_over} lines" for name, lines in longest if lines > limit.none_over
    ]
    if len(long_ones) > allowed:
        found.append(
            f"{len(long_ones)} are over {limit.most} lines, {allowed} may be: {'; '.join(long_ones)}"
        )
    if lengths and median(lengths.values()) > limit.median:
        found.append(f"half of them are over {limit.median} lines: the median is {median(lengths.values())}")
    return found


def test_functions_are_short(checkout: Path) -> None:
    lengths = {
        f"{path.relative_to(checkout)}:{name}": lines
        for path in python_files(checkout)
        for name, lines in functions(path.read_text()).items()
    }
    assert complaints(lengths, FUNCTIONS) == []


def test_files_are_short(checkout: Path) -> None:
    lengths = {
        str(path.relative_to(checkout)): len(path.read_text().splitlines()) for path in python_files(checkout)
    }
    assert complaints(lengths, FILES) == []


def test_a_function_is_measured_from_def_to_its_end() -> None:
    source = "@one\n@two\ndef outer():\n    async def inner():\n        pass\n\n    return inner\n"
    assert functions(source) == {"3 outer": 5, "4 inner": 2}


def test_each_of_the_three_limits_is_noticed() -> None:
    limit = Limit(median=2, most=4, none_over=6)
    fine = {str(number): 2 for number in range(39)}
    assert complaints(fine | {"a": 6}, limit) == []
    assert complaints(fine | {"a": 7}, limit) == ["a: 7 > 6 lines"]
    assert complaints(fine | {"a": 5, "b": 5, "c": 5, "d": 2}, limit) == [
        "3 are over 4 lines, 2 may be: a: 5 lines; b: 5 lines; c: 5 lines"
    ]
    assert complaints({"a": 3}, limit) == ["half of them are over 2 lines: the median is 3"]


def test_hidden_and_generated_folders_are_not_measured(tmp_path: Path) -> None:
    for name in (".venv/a.py", "var/b.py", "edge/c.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(python_files(tmp_path)) == [tmp_path / "edge/c.py"]
