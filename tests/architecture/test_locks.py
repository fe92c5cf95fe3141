"""The lock files: every package by its hash, no host named, the tests on the versions that run."""

import re
from pathlib import Path
from typing import Any

import pytest

LOCKS = ("requirements.lock", "requirements-dev.lock")
NEVER_RUN = {"torch", "torchvision", "ultralytics"}


def pins(lock: str) -> dict[str, str]:
    """Name -> version and hashes of each package in a lock."""
    blocks = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]
    named = (block.split("    # via")[0].partition("==") for block in blocks)
    return {name.partition("[")[0]: rest for name, _, rest in named}


def bare(requirement: str) -> str:
    """The package's name without extras and versions."""
    return re.split(r"[\[<>=!~; ]", requirement)[0]


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_its_hashes(checkout: Path, name: str) -> None:
    found = pins((checkout / name).read_text())
    assert len(found) > 50
    assert [package for package, rest in found.items() if "--hash=sha256:" not in rest] == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_host(checkout: Path, name: str) -> None:
    text = (checkout / name).read_text()
    assert "://" not in text
    assert "-index" not in text


def test_the_tests_run_on_the_versions_that_run_in_a_warehouse(checkout: Path) -> None:
    run, dev = (pins((checkout / name).read_text()) for name in LOCKS)
    assert {name: dev.get(name) for name in run} == run


def test_the_locks_hold_everything_that_the_project_asks_for(
    checkout: Path, settings: dict[str, Any]
) -> None:
    run, dev = (pins((checkout / name).read_text()) for name in LOCKS)
    build = (checkout / "requirements-build.in").read_text().split()
    assert {bare(line) for line in [*settings["project"]["dependencies"], *build]} <= set(run)
    assert {bare(line) for line in settings["project"]["optional-dependencies"]["dev"]} <= set(dev)


def test_nothing_that_runs_brings_torch_or_ultralytics(checkout: Path) -> None:
    for name in LOCKS:
        assert NEVER_RUN & set(pins((checkout / name).read_text())) == set()


def test_pip_gets_no_unhashed_build_tool(settings: dict[str, Any], checkout: Path) -> None:
    makefile = (checkout / "Makefile").read_text()
    assert "--no-build-isolation --no-index --no-deps -e ." in makefile
    assert set(settings["build-system"]["requires"]) <= set(
        (checkout / "requirements-build.in").read_text().split()
    )
