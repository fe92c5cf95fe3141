"""Both front pages say the same, and what they tell to type works."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

import regrade

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh-CN.md")
MAKE_TARGET = re.compile(r"^([a-z-]+):", re.M)
Blocks = Callable[[str], list[Any]]
Page = Callable[[str], str]


def commands(blocks: list[Any]) -> list[str]:
    """Each line to type, continued lines joined."""
    text = "".join(block.text for block in blocks if block.kind == "sh")
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def regrade_lines(blocks: list[Any]) -> list[list[str]]:
    """The words of each regrade command, without the path of the program."""
    typed = (line for line in commands(blocks) if re.match(r"(\.venv/bin/)?regrade ", line))
    return [shlex.split(line)[1:] for line in typed]


@cache
def front_door() -> Any:
    """Every command there is; putting them together takes a third of a second."""
    return typer.main.get_command(regrade.front_door())


def parsed(words: list[str]) -> None:
    """Read a command line without carrying it out; raises a usage error for what is not known."""
    command: Any = front_door()
    while isinstance(command, TyperGroup) and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    command.make_context(command.name, list(words))


def test_both_front_pages_hold_the_same_commands(blocks: Blocks) -> None:
    english, chinese = (commands(blocks(name)) for name in READMES)
    assert english == chinese
    assert len(english) >= 7
    checked = {"make", ".venv/bin/regrade"}
    assert {line.split()[0] for line in english} == checked, "no test looks at other commands"


def test_both_front_pages_have_the_same_shape(page: Page) -> None:
    shapes = [re.findall(r"^(#+) |^(\|) |^(\*) ", page(name), re.M) for name in READMES]
    assert shapes[0] == shapes[1]
    assert sum(bool(heading) for heading, _, _ in shapes[0]) >= 6


@pytest.mark.parametrize("name", [*READMES, "CONTRIBUTING.md", "docs/faults.md"])
def test_every_make_verb_that_a_page_names_exists(page: Page, name: str) -> None:
    targets = set(MAKE_TARGET.findall(page("Makefile")))
    typed = set(re.findall(r"^\s*make ([a-z-]+)$|`make ([a-z-]+)[ `]", page(name), re.M))
    named = {verb for pair in typed for verb in pair if verb}
    assert named
    assert named <= targets


def test_every_regrade_command_of_every_page_is_understood(blocks: Blocks, pages: tuple[str, ...]) -> None:
    lines = [words for name in pages for words in regrade_lines(blocks(name))]
    assert len(lines) >= 15
    for words in lines:
        parsed(words)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like a fresh checkout with its environment made."""
    for name in ("datasets", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def test_the_parts_to_try_by_hand_work(blocks: Blocks, checkout: Path, shell_env: dict[str, str]) -> None:
    tried = []
    for line in commands(blocks("README.md")):
        if line.startswith(".venv/bin/regrade") and " demo " not in line:
            done = subprocess.run(
                ["bash", "-c", line], cwd=checkout, env=shell_env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{line}\n{done.stderr}"
            tried.append(done.stdout)
    added, card, graded, models, listed = tried
    assert added.startswith(f"{len(list((ROOT / 'datasets/drawn/carton/good').glob('0*.jpg')))} added")
    assert json.loads(graded)["grade"] == "damaged"
    assert models.lstrip().startswith("Models")
    assert "uhfreader" in listed
    assert card


@pytest.mark.parametrize("name", READMES)
def test_what_apt_is_asked_for_is_enough_to_begin(page: Page, name: str) -> None:
    assert "    sudo apt-get install -y git make python3.11-venv" in page(name)
    assert shutil.which("make"), "the pages say `make`"
