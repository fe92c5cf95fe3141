"""The chart of today: counted since midnight of this place, each share with a word and a number."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from nicegui import ui
from nicegui.testing import User

from inspection.words.catalog import words
from server.console.chart import draw_today, share
from server.console.overview import Overview, read_overview
from server.console.today import midnight

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site


async def seen(site: "Site") -> Overview:
    moment = site.clock.moment
    return await site.centre.reader.run(lambda c: read_overview(c, "s1", moment))


async def test_only_the_verdicts_of_this_day_are_counted(site: "Site", bench: "Bench") -> None:
    assert (await seen(site)).today.grades == {}
    await site.announce("R1/1/1", "R2/1/1")
    await site.send(bench, bench.signed("R1/1/1"))
    assert (await seen(site)).today.grades == {"used": 1}
    site.clock.moment = midnight(site.clock.moment) + timedelta(days=1)
    assert (await seen(site)).today.grades == {}
    await site.send(bench, bench.signed("R2/1/1"))
    today = (await seen(site)).today
    assert (today.grades, sum(today.dispositions.values())) == ({"used": 1}, 1)


async def test_every_share_has_its_word_and_number(user: User, site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    await site.send(bench, bench.signed("R1/1/1"))
    overview = await seen(site)

    @ui.page("/")
    def page() -> None:
        draw_today(overview, words("en"))

    await user.open("/")
    for text in ("Grade", "Where it goes", "New", "Used", "Damaged", "Resale", "Hold", "1", "100 %", "0 %"):
        await user.should_see(text)


@pytest.mark.parametrize(
    ("count", "total", "said"),
    [(0, 0, "0 %"), (0, 9, "0 %"), (9, 9, "100 %"), (1, 1000, "1 %"), (999, 1000, "99 %"), (1, 3, "33 %")],
)
def test_a_share_is_whole_and_neither_none_nor_all_by_rounding(count: int, total: int, said: str) -> None:
    assert share(count, total) == said
