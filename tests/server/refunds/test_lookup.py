"""Refunds are found by any field, counted, and handed out as a table that no spreadsheet runs."""

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from inspection.grades import Grade
from inspection.messages.refund import OutcomeStatus
from inspection.refund_exceptions import CaseKind
from inspection.refund_state import RefundState
from server.access import Caller, Scope
from server.console.refunds_seen import read_life
from server.db.columns import metadata
from server.refunds import lookup
from server.refunds import statistics as numbers
from server.refunds.lookup_csv import FORMULA, line_of, safe_cell
from server.refunds.lookup_schemas import By, Filters
from server.refunds.statistics import rank
from tests.server.refunds.raising import listen, report, undelivered
from tests.server.refunds.test_cases import entries, named
from tests.server.statements import plans, statements

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site


async def three(site: "Site", bench: "Bench") -> None:
    """One settled, one whole, one held; a minute between them."""
    await listen(site)
    for unit, said in (
        ("R1/1/1", {}),
        ("R2/1/1", {"grade": "new", "condition": "A"}),
        ("R3/1/1", {"exception": "empty_box", "disposition": "hold"}),
    ):
        await site.announce(unit, customer=f"C-{unit[1]}", payment=f"pay-{unit[1]}")
        await site.send(bench, bench.signed(unit, verdict=said))
        site.clock.forward(60)
    await report(site)


async def search(site: "Site", query: str, key: dict[str, str] | None = None) -> list[str]:
    answer = await site.http.get(f"/v1/refunds/search?{query}", headers=key or site.console)
    assert answer.status_code == 200, answer.text
    return [row["unit"] for row in answer.json()["refunds"]]


FOUND = [
    ("", ["R3/1/1", "R2/1/1", "R1/1/1"]),
    ("merchant=m1&unit=R1/1/1", ["R1/1/1"]),
    ("merchant=m1&order=O-2", ["R2/1/1"]),
    ("merchant=m1&customer=C-3", ["R3/1/1"]),
    ("merchant=m1&authorization=R2", ["R2/1/1"]),
    ("merchant=m1&payment=pay-1", ["R1/1/1"]),
    ("merchant=m1&payment=pay-9", []),
    ("instruction=R1/1/1%231", ["R1/1/1"]),
    ("state=confirmed", ["R1/1/1"]),
    ("kind=hold", ["R3/1/1"]),
    ("reason=empty_box", ["R3/1/1"]),
    ("return_reason=changed_mind&grade=new", ["R2/1/1"]),
    ("currency=EUR", []),
    ("amount_from=4000&amount_to=4999", ["R1/1/1"]),
    ("told_from=2026-05-04&told_to=2026-05-05", ["R3/1/1", "R2/1/1", "R1/1/1"]),
    ("told_from=2026-05-04T12:01:00.000000Z", ["R3/1/1", "R2/1/1"]),
    ("told_to=2026-05-04T12:01:00.000000Z", ["R1/1/1"]),
    ("case=empty_box", ["R3/1/1"]),
    ("case=wrong_item", []),
]


async def test_a_refund_is_found_by_any_field(site: "Site", bench: "Bench") -> None:
    await three(site, bench)
    for query, units in FOUND:
        assert await search(site, query) == units, query


async def test_pages_follow_each_other(site: "Site", bench: "Bench") -> None:
    await three(site, bench)
    after, found = "", list[str]()
    for _ in range(3):
        answer = (await site.http.get(f"/v1/refunds/search?limit=1{after}", headers=site.console)).json()
        found += [row["unit"] for row in answer["refunds"]]
        after = f"&after={answer['cursor']}"
    assert (found, answer["cursor"]) == (["R3/1/1", "R2/1/1", "R1/1/1"], None)


async def test_a_shop_finds_its_own_refunds_only(site: "Site", bench: "Bench") -> None:
    await three(site, bench)
    other = await named(site, Caller(scope=Scope.SHOP, merchant="m2"), "Red Shop")
    for query in ("", "merchant=m1", "unit=R1/1/1"):
        assert await search(site, query, other) == []
    assert await search(site, "order=O-1", site.shop) == ["R1/1/1"]
    table = await site.http.get("/v1/refunds/export.csv?merchant=m1", headers=other)
    assert (table.headers["regrade-rows"], len(table.text.splitlines())) == ("0", 1)


@pytest.mark.parametrize(
    "query",
    ["order=O-1", "after=x", "after=YQ==", "state=gone", "told_from=today", "limit=501", "amount_to=-1"],
)
async def test_what_cannot_be_asked_is_refused(site: "Site", query: str) -> None:
    answer = await site.http.get(f"/v1/refunds/search?{query}", headers=site.console)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_a_table_names_orders_only_where_that_is_asked_for_and_noted(
    site: "Site", bench: "Bench"
) -> None:
    await three(site, bench)
    plain = await site.http.get("/v1/refunds/export.csv", headers=site.console)
    rows = list(csv.DictReader(io.StringIO(plain.text)))
    assert [row["unit"] for row in rows] == ["R1/1/1", "R2/1/1", "R3/1/1"]
    assert (plain.headers["regrade-rows"], rows[0]["target_total_minor"]) == ("3", "4000")
    assert "O-1" not in plain.text
    assert await entries(site, "access:") == []
    more = await site.http.get("/v1/refunds/export.csv?personal=true&bom=true", headers=site.console)
    assert more.content.startswith(b"\xef\xbb\xbf")
    assert [row["order"] for row in csv.DictReader(io.StringIO(more.text))] == ["O-1", "O-2", "O-3"]
    (leaf,) = await entries(site, "access:")
    assert (leaf["body"]["what"], leaf["body"]["scope"]) == ("export", "console")


@given(st.text())
def test_no_cell_begins_a_formula_and_none_loses_a_letter(text: str) -> None:
    cell = safe_cell(text)
    assert not cell.startswith(FORMULA)
    assert cell in (text, f"'{text}")
    assert (cell == text) == (not text.startswith(FORMULA))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_a_line_reads_back_as_its_cells(cells: list[str]) -> None:
    (read,) = csv.reader(io.StringIO(line_of(cells), newline=""))
    assert read == [safe_cell(cell) for cell in cells]


async def statistics(site: "Site", query: str = "") -> dict[str, Any]:
    answer = await site.http.get(f"/v1/refunds/statistics?{query}", headers=site.console)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_refunds_are_counted_with_their_amounts_and_times(site: "Site", bench: "Bench") -> None:
    await three(site, bench)
    said = await statistics(site)
    assert said["all"] == {
        "key": "all", "count": 3, "full": 1, "part": 1, "denied": 0, "held": 1, "settled": 1,
        "amounts": [{"currency": "CNY", "count": 3, "target_total_minor": 9000, "paid_minor": 4000}],
        "median_s": 180, "p95_s": 180,
    }  # fmt: skip
    assert [(row["key"], row["count"]) for row in said["groups"]] == [("2026-05-04", 3)]
    (case,) = said["cases"]
    assert (case["kind"], case["owner"], case["count"], case["day"]) == ("empty_box", "supervisor", 1, 1)


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        ("merchant", ["m1"]),
        ("reason", ["changed_mind"]),
        ("grade", ["used", "new"]),
        ("state", ["approved", "confirmed", "held"]),
    ],
)
async def test_they_are_counted_by_what_is_asked(
    site: "Site", bench: "Bench", by: str, wanted: list[str]
) -> None:
    await three(site, bench)
    groups = (await statistics(site, f"by={by}"))["groups"]
    assert [row["key"] for row in groups] == wanted
    assert sum(row["count"] for row in groups) == 3


async def test_old_cases_and_other_spans_are_told_apart(site: "Site", bench: "Bench") -> None:
    await three(site, bench)
    site.clock.forward(8 * 86_400)
    said = await statistics(site, "told_from=2026-05-05&told_to=2026-05-06")
    assert (said["all"]["count"], said["groups"], said["deliveries"]["ended"]) == (0, [], 0)
    assert (said["cases"][0]["older"], said["cases"][0]["week"]) == (1, 0)
    for span in (
        "told_from=2026-05-05&told_to=2026-05-05",
        "told_from=2020-01-01&told_to=2026-05-05",
        "told_from=2026-02-30&told_to=2026-05-05",
        "told_from=2026-99-99",
    ):
        answer = await site.http.get(f"/v1/refunds/statistics?{span}", headers=site.console)
        assert answer.json()["code"] == "bad_request"


async def test_automatic_calls_are_counted(site: "Site", bench: "Bench") -> None:
    await undelivered(site, bench)
    said = (await statistics(site))["deliveries"]
    assert said == {"ended": 1, "first": 0, "succeeded": 0, "failed": 1, "unknown": 0}


async def test_a_refund_that_is_settled_twice_counts_by_its_first_outcome(
    site: "Site", bench: "Bench"
) -> None:
    await three(site, bench)
    site.clock.forward(1000)
    await report(site, id="re_2", status=OutcomeStatus.SETTLED)
    assert (await statistics(site))["all"]["median_s"] == 180


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_rank_is_one_of_the_times_and_bounds_its_share(times: list[float], percent: int) -> None:
    times.sort()
    found = rank(times, percent)
    assert found is not None
    below = sum(1 for time in times if round(time) <= found)
    assert below * 100 >= percent * len(times)


ASKED = [
    Filters(),
    Filters(merchant="m1"),
    Filters(state=RefundState.HELD),
    Filters(unit="R1/1/1"),
    Filters(instruction="R1/1/1#1"),
    Filters(merchant="m1", order="O-1", customer="C-1", authorization="R1", payment="pay-1"),
    Filters(grade=Grade.NEW, case=CaseKind.REJECTED),
]


async def test_no_table_is_scanned_for_a_page_or_for_the_numbers_of_a_day(site: "Site") -> None:
    def look(c: Connection) -> list[str]:
        span = numbers.Span(
            told_from="2026-05-04", told_to="2026-05-05", merchant=None, now=site.clock.moment
        )
        with statements(c) as asked:
            for filters in ASKED:
                lookup.page(c, "s1", filters, None, 100)
            for by in By:
                numbers.read(c, "s1", span, by)
            read_life(c, "s1", "R1/1/1")
        return plans(c, asked)

    steps = await site.centre.reader.run(look)
    assert len(steps) > len(ASKED)
    # SQLite takes a site for rare: what it finds by the site alone, it finds among all of them. The newest
    # refunds stand first in their index, and of payouts only those of a span are counted
    by_site_alone = {step.split()[1] for step in steps if step.endswith("(site=?)")}
    assert by_site_alone <= {"heads", "payouts", "refunds"}
    scanned = {step.split()[1] for step in steps if step.startswith("SCAN")}
    assert scanned & set(metadata.tables) == set()
