"""The reconciliation over a real centre's books: empty while all is well, and by name where it is not."""

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, update

from inspection.refund_state import RefundState
from server.db.refund_tables import deliveries, outcomes, payouts, refunds
from tests.server.refunds.strict import StrictSystem, Trouble
from tests.server.refunds.test_cashier import UNIT, cashier, execute, inspect, until

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site


@pytest.fixture
async def paid(site: "Site", bench: "Bench") -> "Site":
    """A centre that has paid two units of two payments, one of them through trouble."""
    shop = StrictSystem(captured={"O-1": 5000, "O-2": 5000}, troubles=[Trouble.LOST_AFTER])
    await execute(site)
    for unit in (UNIT, "R2/1/1"):
        await inspect(site, bench, unit)
    async with cashier(site, shop):
        for unit in (UNIT, "R2/1/1"):
            await until(site, RefundState.CONFIRMED, RefundState.RECONCILED, unit=unit)
    return site


async def found(site: "Site", **query: Any) -> dict[str, Any]:
    answer = await site.http.get("/v1/refunds/reconciliation", headers=site.console, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_books_that_fit_differ_in_nothing_page_by_page(paid: "Site") -> None:
    first = await found(paid, limit=1)
    second = await found(paid, limit=1, after=first["cursor"])
    last = await found(paid, limit=1, after=second["cursor"])
    assert [page["differences"] for page in (first, second, last)] == [[], [], []]
    assert [(page["payments"], page["more"]) for page in (first, second, last)] == [
        (1, True),
        (1, True),
        (0, False),
    ]


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (update(refunds).values(paid_minor=4999), "paid_not_as_moved"),
        (update(refunds).values(target_total_minor=6000), "not_the_newest"),
        (delete(outcomes), "outcome_missing"),
        (update(outcomes).values(leaf_seq=0), "entry_missing"),
        (delete(deliveries), "delivery_missing"),
        (update(payouts).values(amount_minor=1), "paid_not_as_moved"),
    ],
    ids=str,
)
async def test_a_row_that_was_changed_is_found(paid: "Site", spoil: Any, kind: str) -> None:
    await paid.centre.writer.submit(lambda c: c.execute(spoil))
    rows = (await found(paid))["differences"]
    assert {(row["unit"], row["kind"]) for row in rows} >= {(UNIT, kind), ("R2/1/1", kind)}


async def test_an_instruction_whose_refund_nobody_keeps_is_found(paid: "Site") -> None:
    await paid.centre.writer.submit(lambda c: c.execute(delete(refunds).where(refunds.c.unit == UNIT)))
    page = await found(paid)
    (row,) = page["differences"]
    assert (row["unit"], row["kind"], row["theirs"]) == (UNIT, "refund_missing", f"{UNIT}#1")
    assert (await found(paid, after=page["cursor"]))["differences"] == []


async def test_only_the_console_may_ask(paid: "Site") -> None:
    answer = await paid.http.get("/v1/refunds/reconciliation", headers=paid.shop)
    assert answer.status_code == 403
