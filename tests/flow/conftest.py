"""A warehouse to be killed in, for as long as a module's tests last."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from demo.crash import crash_options
from demo.warehouse import Warehouse


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["nats", "mosquitto"])
async def warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Warehouse]:
    """Centre, shop, one station with its own broker; all of them processes."""
    root = tmp_path_factory.mktemp("w")
    async with Warehouse(crash_options(root, request.param)) as made:
        yield made
