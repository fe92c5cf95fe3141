"""The refunds' pages: who waits, the last days in numbers, one refund's life, in both languages."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from nicegui.testing import User

from inspection.refund_exceptions import CaseKind, WayOut
from inspection.words.catalog import LANGUAGES, words
from server.centre import DATABASE, Centre
from server.console.board import Board
from server.console.refunds_life import SPACES
from server.console.refunds_page import build_refund_pages
from server.console.refunds_parts import rate
from server.console.refunds_seen import read_life
from server.refunds.lookup_schemas import Calls
from server.refunds.payouts import PayoutStep
from tests.server.refunds.raising import RAISES, UNIT, the_case
from tests.server.refunds.test_cases import leave, person

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site, Tick


@pytest.fixture
async def board(centre: Centre, clock: "Tick", tmp_path: Path) -> AsyncIterator[Board]:
    made = Board(tmp_path / DATABASE, "s1", clock)
    yield made
    made.close()


async def test_the_page_shows_who_waits_for_whom_in_both_languages(
    user: User, board: Board, site: "Site", bench: "Bench"
) -> None:
    await RAISES[CaseKind.REJECTED](site, bench)
    site.clock.forward(2 * 86_400)
    build_refund_pages(board)
    await user.open("/refunds")
    for said in ("Finance · 1", "Shop · 0", "The refund was turned down", UNIT, "2 d 0 h", "Nobody waits"):
        await user.should_see(said)
    user.find("中文").click()
    for said in ("财务 · 1", "没有人在等", "待处理问题"):
        await user.should_see(said)


async def test_how_much_of_a_parcel_came_stands_beside_what_did_not(
    user: User, board: Board, site: "Site", bench: "Bench"
) -> None:
    await RAISES[CaseKind.MISSING_UNIT](site, bench)
    case = await the_case(site, CaseKind.MISSING_UNIT)
    build_refund_pages(board)
    await user.open("/refunds")
    for said in (
        "Supervisor · 1",
        "Did not come with its parcel",
        "2 of 3 inspected",
    ):
        await user.should_see(said)
    await user.open(f"/refunds/unit/{UNIT}")
    for said in (
        "2 of 3 units of its parcel",
        "No refund yet",
        f"/v1/refunds/cases/{case.id}/leave",
        "withdraw",
    ):
        await user.should_see(said)
    await user.should_not_see("P-1")
    user.find("中文").click()
    for said in ("未随包裹到达", "该包裹 3 件中已检 2 件", "不再等待此件"):
        await user.should_see(said)


async def test_a_units_page_tells_its_life_and_how_to_act(
    user: User, board: Board, site: "Site", bench: "Bench"
) -> None:
    await RAISES[CaseKind.AMOUNT_MISMATCH](site, bench)
    case = await the_case(site, CaseKind.AMOUNT_MISMATCH)
    build_refund_pages(board)
    await user.open(f"/refunds/unit/{UNIT}")
    for said in (
        "Confirmed",
        "Owed 40.00 CNY, paid 30.00 CNY",
        "Refund in part",
        f"/v1/refunds/cases/{case.id}/leave",
        '"way_out": "send_again"',
        "changes nothing",
    ):
        await user.should_see(said)
    await leave(site, case.id, await person(site), WayOut.ACCEPT)
    life = await site.centre.reader.run(lambda c: read_life(c, "s1", UNIT))
    assert [event.what for event in life.events] == ["verdict", "told", "outcome", "case", "left"]
    assert (life.events[-1].about, life.open_cases) == ("Li Wei", ())


async def test_a_unit_that_nobody_knows_is_said_to_be_so(user: User, board: Board, site: "Site") -> None:
    build_refund_pages(board)
    await user.open("/refunds/unit/R9/1/1")
    await user.should_see("Nothing is known of this unit")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_of_a_payout_and_every_event_has_a_word(language: str) -> None:
    said = words(language)
    for step in PayoutStep:
        assert said.word(f"console.payout_{step.value}")
    for what in SPACES:
        assert said.word(f"console.event_{what}")


@pytest.mark.parametrize(
    ("first", "succeeded", "ended", "said"),
    [(0, 0, 0, "–"), (1, 2, 3, "33 % / 67 %"), (3, 3, 3, "100 % / 100 %")],
)
def test_a_success_rate_is_said_of_calls_that_ended(
    first: int, succeeded: int, ended: int, said: str
) -> None:
    calls = Calls(ended=ended, first=first, succeeded=succeeded, failed=ended - succeeded, unknown=0)
    assert rate(calls) == said
