"""Warehouses to be killed in, one for each broker, for as long as a module's tests last."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from demo.crash import crash_options
from demo.warehouse import Warehouse

BROKERS = ("nats", "mosquitto")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def warehouses(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Warehouse]]:
    """By broker: centre, shop, one station with its own broker; all of them processes.

    Both stand at once, because most of a kill's time is waiting for programs to start again.
    """
    async with AsyncExitStack() as stack:
        yield {
            broker: await stack.enter_async_context(
                Warehouse(crash_options(tmp_path_factory.mktemp(broker), broker))
            )
            for broker in BROKERS
        }
