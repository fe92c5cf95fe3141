"""The pages as a reader sees them: tables by name, code blocks with the mark above them."""

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"(?:<!-- (?P<mark>[^>]*) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block."""

    kind: str
    """`sh`, `json`, `csv`, `python` ... as behind the fence."""
    mark: str
    """What the comment above says, such as `run: centre`; empty without one."""
    text: str


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def page() -> Callable[[str], str]:
    """The text of a page by its path in the checkout."""
    return read


@pytest.fixture(scope="session")
def blocks() -> Callable[[str], list[Block]]:
    """The fenced blocks of a page, in order."""

    def found(name: str) -> list[Block]:
        matches = BLOCK.finditer(read(name))
        return [Block(kind=m["kind"], mark=m["mark"] or "", text=m["text"]) for m in matches]

    return found


@pytest.fixture(scope="session")
def table() -> Callable[[str, str], list[dict[str, str]]]:
    """The rows under `<!-- table: NAME -->`, by their column heads; backticks are taken off."""

    def rows(name: str, title: str) -> list[dict[str, str]]:
        _, mark, rest = read(name).partition(f"<!-- table: {title} -->\n")
        assert mark, f"{name} has no table {title}"
        lines = rest.split("\n\n")[0].splitlines()
        head, _, *body = [[cell.strip().strip("`") for cell in CELL.split(line)[1:-1]] for line in lines]
        assert all(len(row) == len(head) for row in body), f"{name}, {title}: a row has another length"
        return [dict(zip(head, row, strict=True)) for row in body]

    return rows


@pytest.fixture(scope="session")
def pages() -> tuple[str, ...]:
    """Every Markdown page of the checkout that we write ourselves."""
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
    ours = (path for path in found if path.parts[0] != "var" and not any(p[0] == "." for p in path.parts))
    return tuple(sorted(map(str, ours)))


@pytest.fixture
def shell_env() -> dict[str, str]:
    """The environment of a person who has activated the checkout's `.venv`."""
    known = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    return known | {"PATH": path, "COLUMNS": "200", "NO_COLOR": "1"}
