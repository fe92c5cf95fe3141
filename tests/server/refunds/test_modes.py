"""Who moves the money changes, or whose money it is, while it may be moving."""

from collections.abc import Iterator

import pytest

from inspection.payouts import PayoutCode
from inspection.refund_exceptions import CaseKind
from inspection.refund_state import RefundState
from server.db.refund_tables import deliveries
from server.refunds import standing
from server.refunds.gateway import PayoutAnswer, PayoutState
from tests.server.refunds.books import (
    SITE,
    USED,
    Kept,
    kinds,
    owe,
    row,
)

OTHER = "R1/2/1"
DONE = PayoutAnswer(state=PayoutState.CONFIRMED, code=PayoutCode.REFUNDED, reference="re_1")
LOST = PayoutAnswer(state=PayoutState.UNKNOWN, code=PayoutCode.NO_ANSWER)


@pytest.fixture
def kept() -> Iterator[Kept]:
    made = Kept()
    made.set_mode("execute")
    made.approve_up_to("CNY", 10_000)
    yield made
    made.close()


def test_what_a_refund_system_was_told_of_is_a_case_before_the_centre_pays_the_unit(kept: Kept) -> None:
    kept.change_mode("inform")
    owe(kept, verdict=USED)
    kept.do(lambda c: c.execute(deliveries.update().values(attempts=1)))
    owe(kept, number=2)
    kept.change_mode("execute")
    assert kept.do(lambda c: standing.mode_changed(c, SITE, "m1", "execute", kept.at)) == 1
    assert (row(kept).state, kinds(kept)) == (RefundState.HELD, {CaseKind.NEEDS_APPROVER})
