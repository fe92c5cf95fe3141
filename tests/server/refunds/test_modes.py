"""Who moves the money changes, or whose money it is, while it may be moving."""

from inspection.refund_exceptions import CaseKind
from inspection.refund_state import RefundState
from server.db.refund_tables import deliveries
from server.refunds import standing
from tests.server.refunds.books import (
    SITE,
    USED,
    Kept,
    kinds,
    owe,
    row,
)


def test_what_a_refund_system_was_told_of_is_a_case_before_the_centre_pays_the_unit(kept: Kept) -> None:
    kept.change_mode("inform")
    owe(kept, verdict=USED)
    kept.do(lambda c: c.execute(deliveries.update().values(attempts=1)))
    owe(kept, number=2)
    kept.change_mode("execute")
    assert kept.do(lambda c: standing.mode_changed(c, SITE, "m1", "execute", kept.at)) == 1
    assert (row(kept).state, kinds(kept)) == (RefundState.HELD, {CaseKind.NEEDS_APPROVER})
