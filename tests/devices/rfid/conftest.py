"""Payloads that readers published, with where each comes from."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from link.inbox import Message

FOLDER = Path(__file__).parents[1] / "vectors" / "mqtt"


@pytest.fixture
def sample() -> Callable[[str], bytes]:
    """The bytes of one message; a sample whose payload is text is that text."""

    def load(name: str) -> bytes:
        found = json.loads((FOLDER / f"{name}.json").read_text())
        assert found["_source"]
        payload = found["payload"]
        return payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()

    return load


@pytest.fixture
def message() -> Callable[..., Message]:
    """One message as the broker hands it over."""

    def make(payload: bytes, *, topic: str = "bench1/tags", retain: bool = False) -> Message:
        return Message(
            topic=topic,
            payload=payload,
            retain=retain,
            dup=False,
            received_at=datetime.now(UTC),
            _acknowledge=lambda: None,
        )

    return make
