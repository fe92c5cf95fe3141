"""The reconciliation beside the payment systems, and as a command."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine
from typer import Typer
from typer.testing import CliRunner

from inspection.refund_state import RefundState
from server.centre import DATABASE, Centre
from server.commands import register
from server.db.engine import reading_engine
from server.refunds import reconciling_there
from server.refunds.reconciling_there import Report, Work, reconcile
from server.setup import init_centre
from server.stopped import with_centre
from server.subjects.bound import bind
from server.subjects.keys import SubjectKeys
from tests.server.refunds.strict import StrictSystem, Trouble
from tests.server.refunds.test_cashier import UNIT, cashier, execute, inspect, until

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site


@pytest.fixture
async def shop(site: "Site", bench: "Bench") -> StrictSystem:
    """A payment system through which one refund was paid."""
    system = StrictSystem(captured={"O-1": 5000})
    await execute(site)
    await inspect(site, bench)
    async with cashier(site, system):
        await until(site, RefundState.CONFIRMED)
    return system


@pytest.fixture
def engine(site: "Site", tmp_path: Path) -> Iterator[Engine]:
    with closing(SubjectKeys(tmp_path, site.centre.keys.wrap, read_only=True)) as known:
        opened = bind(reading_engine(tmp_path / DATABASE), known)
        yield opened
        opened.dispose()


async def compared(engine: Engine, shop: StrictSystem) -> Report:
    done: list[int] = []
    work = Work(engine=engine, site="s1", open=lambda _: shop, progress=lambda at, _: done.append(at))
    report = await work.run(1000.0)
    assert done == [1]
    return report


async def test_what_the_payment_system_shows_is_what_was_paid(engine: Engine, shop: StrictSystem) -> None:
    assert await compared(engine, shop) == Report(payments=1, asked=1, differences=())


async def test_money_that_moved_by_another_way_is_named(engine: Engine, shop: StrictSystem) -> None:
    shop.captured["O-1"] = 9000
    shop.refunds["by hand"] = ("O-1", 1000)
    (row,) = (await compared(engine, shop)).differences
    assert (row.unit, row.kind.value, row.ours, row.theirs) == (UNIT, "more_there", "5000", "6000")


async def test_money_that_is_not_there_is_named(engine: Engine, shop: StrictSystem) -> None:
    shop.refunds.clear()
    (row,) = (await compared(engine, shop)).differences
    assert (row.kind.value, row.ours, row.theirs) == ("less_there", "5000", "0")


async def test_a_payment_system_that_does_not_say_is_a_row_and_not_silence(
    engine: Engine, shop: StrictSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling_there, "AGAIN_S", 0.0)
    shop.troubles = [Trouble.DOWN] * reconciling_there.MOST_TRIES
    report = await compared(engine, shop)
    assert (report.asked, [row.kind.value for row in report.differences]) == (0, ["not_readable"])


@pytest.mark.usefixtures("shop")
async def test_credentials_that_cannot_be_read_are_a_row_and_not_the_end(
    site: "Site", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = site.centre.settings
    monkeypatch.setattr(reconciling_there, "load_settings", lambda *_: settings)
    monkeypatch.setattr(reconciling_there, "read_keys", lambda _: site.centre.keys)

    def ask() -> Report:
        return reconcile(tmp_path, there=True, per_second=1000.0, progress=lambda *_: None)

    (row,) = (await asyncio.to_thread(ask)).differences
    assert (row.unit, row.kind.value, row.theirs) == (UNIT, "not_readable", "gateway_refused")


def test_the_command_compares_a_centre_that_is_stopped(tmp_path: Path) -> None:
    init_centre(tmp_path / "centre", "centre.example", "s1")

    async def once(_: Centre) -> None:
        """It was served, and stopped."""

    with_centre(tmp_path / "centre", once)
    app = Typer()
    register(app)
    done = CliRunner().invoke(app, ["server", "reconcile", "--dir", str(tmp_path / "centre")])
    assert (done.exit_code, done.stdout) == (
        0,
        "0 payments compared, 0 with their payment system\nnothing differs\n",
    )
