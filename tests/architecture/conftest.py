"""What the tests of the house share: the checkout and its settings."""

import tomllib
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of this checkout."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def settings(checkout: Path) -> dict[str, Any]:
    """The content of pyproject.toml."""
    return tomllib.loads((checkout / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def folders(settings: dict[str, Any]) -> list[str]:
    """The top-level packages, as the wheel names them."""
    packages = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return [name for name in packages if not name.endswith(".py")]
