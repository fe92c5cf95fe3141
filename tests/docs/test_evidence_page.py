"""The page on evidence packs names the pack's own files, the page's own checks and the centre's own rules."""

import io
import re
import zipfile
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

from kit.evidence_pack import pack_bytes
from server.access import Caller, Scope
from server.packs.service import fields_for
from tests.kit.pack.cases import new_maker, usual

Table = Callable[[str, str], list[dict[str, str]]]
PAGE = "docs/evidence.md"
CHECKS = Path(__file__).resolve().parents[2] / "kit" / "pack" / "web" / "checks.js"


def test_the_files_of_a_pack_are_those_of_the_table(table: Table) -> None:
    patterns = [row["file"] for row in table(PAGE, "pack")]
    with zipfile.ZipFile(io.BytesIO(pack_bytes(usual(new_maker()).case()))) as archive:
        names = archive.namelist()
    assert [name for name in names if not any(fnmatch(name, pattern) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in names)] == []


def test_the_checks_are_those_of_the_page(table: Table) -> None:
    listed = re.search(r"const CHECKS = \[(.*?)\]", CHECKS.read_text(), re.S)
    assert listed is not None
    assert [row["check"] for row in table(PAGE, "checks")] == re.findall(r'"(\w+)"', listed[1])


def test_the_fields_that_a_key_shows_are_the_centres(table: Table) -> None:
    shown = {row["key"]: set(re.findall(r"\w+", row["is shown"])) for row in table(PAGE, "fields")}
    callers = {scope: Caller(scope=scope) for scope in (Scope.SHOP, Scope.AUDITOR, Scope.CONSOLE)}
    assert shown == {scope.value: set(fields_for(each, full=True)) for scope, each in callers.items()}
    assert all(fields_for(each, full=False) == frozenset() for each in callers.values())
