"""What tests of refunds share."""

from collections.abc import Iterator

import pytest

from tests.server.refunds.books import Kept


@pytest.fixture
def kept() -> Iterator[Kept]:
    """The books of a merchant whose refunds the centre pays itself, whole ones without asking."""
    made = Kept()
    made.set_mode("execute")
    made.approve_up_to("CNY", 10_000)
    yield made
    made.close()
