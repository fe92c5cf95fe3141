"""Cases of a table that was restored from an older copy, once the ledger is whole again."""

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection

from inspection.refund_exceptions import CASES, CaseKind, CaseState, WayOut
from server.db import refund_tables
from server.db.tables import units
from server.ledger.rebuilding import rebuild
from server.refunds import cases
from server.refunds.cases import CaseRow
from tests.server.refunds.raising import DUE_S, RAISES, the_case
from tests.server.refunds.test_cases import entries, leave, person

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

Rows = list[list[dict[str, Any]]]
KEPT = (
    refund_tables.cases,
    refund_tables.refunds,
    refund_tables.found_money,
    refund_tables.deliveries,
    units,
)


def kept(c: Connection) -> Rows:
    """What a backup holds of all that a way out changes beside the ledger."""
    return [[dict(row) for row in c.execute(table.select()).mappings()] for table in KEPT]


def put_back(c: Connection, backup: Rows) -> None:
    for table, rows in zip(KEPT, backup, strict=True):
        c.execute(table.delete())
        if rows:
            c.execute(table.insert(), rows)


@pytest.mark.parametrize("way", CASES[CaseKind.EMPTY_BOX].ways_out)
async def test_a_restored_table_learns_from_the_ledger_how_its_cases_were_left(
    site: "Site", bench: "Bench", way: WayOut
) -> None:
    await RAISES[CaseKind.EMPTY_BOX](site, bench)
    case, key = await the_case(site, CaseKind.EMPTY_BOX), await person(site)
    said = (await leave(site, case.id, key, way)).json()["case"]

    def restored(c: Connection) -> CaseRow:
        """The table as it was before, and after the entry came back; twice changes nothing."""
        older = {"state": "open", "person": None, "way_out": None, "leaf_seq": None}
        cases.change(c, "s1", case.id, **older, changed_at=case.raised_at)
        for _ in range(2):
            rebuild(c, "s1", site.centre.log.at(c, said["leaf_seq"]) or b"", None, DUE_S)
        return cases.find(c, "s1", case.id, None)

    found = await site.centre.writer.submit(restored)
    assert (found.state.value, found.person, found.leaf_seq) == (said["state"], "Li Wei", said["leaf_seq"])
    assert found.way_out is way
    assert (await leave(site, case.id, key, way)).json()["case"] == said, "the same request is still known"


BY_ROWS = [
    (kind, way)
    for kind, rule in CASES.items()
    for way in rule.ways_out
    if way not in (WayOut.ACCEPT, WayOut.DECIDE_TOTAL, WayOut.INSPECT_AGAIN)
]


@pytest.mark.parametrize(("kind", "way"), BY_ROWS)
async def test_what_only_rows_knew_of_is_asked_again_and_may_be_left_again(
    site: "Site", bench: "Bench", kind: CaseKind, way: WayOut
) -> None:
    """Else nobody would be asked for a refund that waits for the very thing which was lost."""
    await RAISES[kind](site, bench)
    case, key = await the_case(site, kind), await person(site)
    backup = await site.centre.reader.run(kept)
    said = (await leave(site, case.id, key, way)).json()["case"]

    def restored(c: Connection) -> CaseRow:
        put_back(c, backup)
        rebuild(c, "s1", site.centre.log.at(c, said["leaf_seq"]) or b"", None, DUE_S)
        return cases.find(c, "s1", case.id, None)

    assert (await site.centre.writer.submit(restored)).state is CaseState.OPEN
    answer = await leave(site, case.id, key, way)
    assert (answer.status_code, answer.json()["case"]["state"]) == (200, "resolved")


async def test_a_number_that_a_restored_table_gives_out_again_is_another_case(
    site: "Site", bench: "Bench"
) -> None:
    await RAISES[CaseKind.EMPTY_BOX](site, bench)
    case, key = await the_case(site, CaseKind.EMPTY_BOX), await person(site)
    said = (await leave(site, case.id, key, WayOut.ACCEPT)).json()["case"]

    def given_again(c: Connection) -> CaseRow:
        cases.change(c, "s1", case.id, state="open", unit="R9/1/1", person=None, way_out=None, leaf_seq=None)
        rebuild(c, "s1", site.centre.log.at(c, said["leaf_seq"]) or b"", None, DUE_S)
        return cases.find(c, "s1", case.id, None)

    assert (await site.centre.writer.submit(given_again)).state is CaseState.OPEN
    assert (await leave(site, case.id, key, WayOut.ACCEPT)).status_code == 200
    assert len(await entries(site, f"approval:case/{case.id}/accept/")) == 2
