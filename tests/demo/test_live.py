"""The live view: both languages complete, and a picture for every state of a bench."""

import re
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from demo.live import Board, Show, addresses, draw
from demo.plan import SERIAL_BENCH, Planner
from demo.settings import Options
from demo.warehouse import Warehouse
from demo.words import LANGUAGES, say
from inspection.journey import State


def test_both_languages_have_the_same_words_and_values() -> None:
    english, chinese = LANGUAGES["en"], LANGUAGES["zh_CN"]
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", chinese[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_can_be_drawn(language: str) -> None:
    item = Planner(seed=1, benches=(SERIAL_BENCH,)).item()
    for state in State:
        seen = {
            "station": "st-1",
            "state": state.value,
            "proposal": None,
            "verdict": None,
            "faults": {"x": 2},
        }
        board = Board(seen={0: seen}, now={0: item}, totals={"settled": 3}, ledger=7)
        out = StringIO()
        Console(file=out, width=160).print(draw(board, language))
        assert "st-1" in out.getvalue()
        assert item.unit.id in out.getvalue()
        assert "x 2" in out.getvalue()


async def ready() -> bool:
    return True


@pytest.mark.parametrize("language", LANGUAGES)
async def test_of_the_console_the_address_is_printed_and_no_key(tmp_path: Path, language: str) -> None:
    warehouse = Warehouse(Options(root=tmp_path, benches=()))
    console = warehouse.console
    console.log = tmp_path / "log"
    console.command = (sys.executable, "-c", "import time; time.sleep(60)", *console.command[-2:])
    console.ready = ready
    await console.start()
    show = Show(language=language, pace_s=0, manual=False, seed=1, console=Console())
    told = list(addresses(warehouse, show))
    await console.stop()
    assert told == [
        say(language, "console", url=warehouse.console_url),
        say(language, "shop", url=warehouse.shop_url),
        say(language, "end"),
    ]
