"""Things that tests of several folders start from."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import settings

if TYPE_CHECKING:
    from nicegui.testing import User

settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def fresh_logs() -> Iterator[None]:
    """A command that runs inside a test sets the logs up on a stream that is closed with it."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def user(user: "User", monkeypatch: pytest.MonkeyPatch) -> "User":
    """NiceGUI's, who looks for 30 seconds instead of 0.3 until something is to be seen."""
    monkeypatch.setattr(user, "should_see", partial(user.should_see, retries=300))
    return user


NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
RECORD: dict[str, Any] = {
    "v": 1,
    "origin": "centre.example/site/s1",
    "merchant": "m1",
    "site": "s1",
    "station": "st1",
    "device": {"key": "0" * 32, "boot": "1" * 32, "counter": 1},
    "unit": {
        "id": "R1/1/1",
        "sku": "MUG-1",
        "inspection": 1,
        "purpose": "first",
        "identified_by": "rfid",
    },
    "findings": [["deviation", "any", "minor", 900_000, 12_000, 0, 0, [100_000, 200_000, 50_000, 60_000]]],
    "findings_file": None,
    "machine_ppm": [100_000, 800_000, 100_000],
    "final_ppm": [0, 1_000_000, 0],
    "proposal": {
        "shown": True,
        "grade": "used",
        "condition": "B",
        "disposition": "resale",
        "channel": "open_box",
        "rule": "value.best",
    },
    "verdict": {
        "kind": "confirm",
        "grade": "used",
        "condition": "B",
        "disposition": "resale",
        "channel": "open_box",
        "rule": "value.best",
        "reasons": ["general:default.minor"],
        "exception": None,
        "override_reason": None,
        "role": "inspector",
    },
    "versions": {
        "program": "0.1.0",
        "policy": {"name": "default", "sha256": "a" * 64},
        "models": [{"name": "efficientnet-lite0", "sha256": "b" * 64}],
        "bank": {"name": "MUG-1", "sha256": "c" * 64},
    },
    "timings": {
        "identify_ms": 300,
        "capture_ms": 40,
        "model_ms": 60,
        "grade_ms": 70,
        "person_ms": 900,
        "total_ms": 1400,
    },
    "evidence": [
        {
            "ciphertext_sha256": "d" * 64,
            "bytes": 40_000,
            "media_type": "image/jpeg",
            "plaintext_commitment": "e" * 64,
            "view": "top",
            "captured_at": "2026-01-31T08:00:00.000000Z",
            "quality": {"sharpness": 220, "brightness": 128},
        }
    ],
    "clock": {
        "state": "good",
        "device_time": "2026-01-31T08:00:01.000000Z",
        "monotonic_ns": 5_000_000_000,
        "offset_ms": 12,
    },
    "personal": {
        "inspector": "f" * 64,
        "order": "0" * 64,
        "customer": "1" * 64,
        "note": None,
        "tag": "2" * 64,
    },
}


def merged(start: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`start` with the changes laid over it, at any depth."""
    result = dict(start)
    for name, value in changes.items():
        nested = isinstance(value, dict) and isinstance(start.get(name), dict)
        result[name] = merged(start[name], value) if nested else value
    return result


@pytest.fixture
def record_value() -> Callable[..., dict[str, Any]]:
    """Make the JSON value of a legal record, with changes laid over it."""
    return lambda **changes: merged(RECORD, changes)


@pytest.fixture
def now() -> datetime:
    """A moment to start from."""
    return NOW
