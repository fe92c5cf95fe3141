"""A real broker for the tests of the session."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.broker import Broker, BrokerConfig
from edge.broker_files import BrokerUser

USERS = (
    BrokerUser(name="gate", publish=("devices/gate/#",)),
    BrokerUser(name="station", publish=("orders/#",), subscribe=("devices/#", "orders/#")),
)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    """nats-server with a device and the station as users."""
    async with Broker(BrokerConfig(kind="nats", folder=tmp_path / "broker", port=0, users=USERS)) as running:
        yield running
