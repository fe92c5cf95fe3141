"""The five guards that let the folders be the import names, and a few that keep them so."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

NOT_PACKAGES = ("datasets", "tests", "docker", "docs", "benchmarks")

WHERE = """
import json, sys
from importlib.util import find_spec
specs = {name: find_spec(name) for name in sys.argv[1:]}
print(json.dumps({name: spec and spec.origin for name, spec in specs.items()}))
"""


def resolved(names: list[str], elsewhere: Path) -> dict[str, str | None]:
    """Where each name is imported from, asked in a fresh process outside the checkout."""
    command = [sys.executable, "-c", WHERE, *names]
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, check=True, env={})
    found: dict[str, str | None] = json.loads(done.stdout)
    return found


def sources(checkout: Path, folders: list[str]) -> list[Path]:
    return [path for folder in folders for path in sorted((checkout / folder).rglob("*.py"))]


def test_the_wheel_names_every_package_and_the_front_door(checkout: Path, settings: dict[str, Any]) -> None:
    build = settings["tool"]["hatch"]["build"]
    present = {path.parent.name for path in checkout.glob("*/__init__.py")} | {"regrade.py"}
    assert set(build["targets"]["wheel"]["packages"]) == present
    assert build["dev-mode-exact"] is True


def test_the_tools_know_that_folders_are_import_names(settings: dict[str, Any], folders: list[str]) -> None:
    tool = settings["tool"]
    assert "--import-mode=importlib" in tool["pytest"]["ini_options"]["addopts"].split()
    assert tool["mypy"]["explicit_package_bases"] is True
    assert set(tool["mypy"]["files"]) == {*folders, "regrade.py", "tests", "benchmarks", "docs"}
    assert tool["importlinter"]["root_packages"] == folders


@pytest.mark.parametrize("name", NOT_PACKAGES)
def test_a_folder_that_is_no_package_has_no_init_file(checkout: Path, name: str) -> None:
    assert list((checkout / name).rglob("__init__.py")) == []


def test_every_import_name_resolves_inside_this_checkout(
    checkout: Path, folders: list[str], tmp_path: Path
) -> None:
    expected = {name: str(checkout / name / "__init__.py") for name in folders}
    expected["regrade"] = str(checkout / "regrade.py")
    assert resolved(list(expected), tmp_path) == expected, "another package shadows ours: run `make setup`"


@pytest.mark.parametrize("name", NOT_PACKAGES)
def test_a_folder_that_is_no_package_is_not_importable(checkout: Path, name: str, tmp_path: Path) -> None:
    origin = resolved([name], tmp_path)[name]
    assert origin is None or not origin.startswith(str(checkout / name))


def test_every_folder_with_code_is_a_package(checkout: Path, folders: list[str]) -> None:
    assert {path.parent for path in sources(checkout, folders)} == {
        path.parent for path in sources(checkout, folders) if path.name == "__init__.py"
    }


def test_an_init_file_holds_one_docstring_and_nothing_else(checkout: Path, folders: list[str]) -> None:
    for path in sources(checkout, folders):
        if path.name == "__init__.py":
            tree = ast.parse(path.read_text())
            assert ast.get_docstring(tree), f"{path} says nothing about its folder"
            assert len(tree.body) == 1, f"{path} holds more than its docstring"


def test_the_wheel_holds_the_packages_and_nothing_else(
    checkout: Path, folders: list[str], tmp_path: Path
) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=checkout, capture_output=True, check=True)
    names = ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {*folders, "regrade.py"}
