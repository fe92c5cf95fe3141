"""Recorded bytes of real devices and manuals, with what they mean and where they come from."""

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "vectors"


def recorded(protocol: str, *, valid: bool = True) -> list[dict[str, Any]]:
    """The vectors of one protocol, in the order of their file."""
    found = json.loads((FOLDER / f"{protocol}.json").read_text())
    return [vector for vector in found if vector["valid"] is valid]


@pytest.fixture(scope="session")
def vectors() -> Any:
    """`recorded`, for tests that take fixtures only."""
    return recorded
