"""The live view: both languages complete, and a picture for every state of a bench."""

import re
from io import StringIO

import pytest
from rich.console import Console

from demo.live import Board, draw
from demo.plan import SERIAL_BENCH, Planner
from demo.words import LANGUAGES
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
