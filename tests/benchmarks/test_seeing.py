"""The speed beside peers: who takes part, what is said of one who cannot, and what is held against us."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import seeing
from benchmarks.peers.timing import measure
from benchmarks.seeing import Contestant, answer, judged, run, table

FAST = {"p95_ms": 90.0, "around_the_models": 0.1}


def test_a_peer_without_its_environment_says_what_makes_it(tmp_path: Path) -> None:
    peer = Contestant(name="x", python=tmp_path / "no", module="x", made_by="make peers")
    assert run(peer, tmp_path) == {"missing": "no environment for it: make peers"}


def test_a_contestant_that_fails_is_quoted_in_one_line(tmp_path: Path) -> None:
    one = Contestant(name="x", python=Path(sys.executable), module="no_such_module")
    assert "no_such_module" in run(one, tmp_path)["missing"]


def test_the_last_line_is_the_answer() -> None:
    assert answer(0, 'a log line\n{"p50_ms": 1}\n', "") == {"p50_ms": 1}
    assert answer(0, json.dumps(FAST), "a warning") == FAST


@pytest.mark.parametrize(
    ("slow", "good"),
    [
        ({}, True),
        ({"p95_ms": 601.0}, False),
        ({"around_the_models": 0.16}, False),
        ({"missing": "took more than 900 s"}, False),
    ],
)
def test_our_own_rows_are_held_to_both_limits(slow: dict[str, Any], good: bool) -> None:
    rows = dict.fromkeys(seeing.WITHIN_MS, FAST)
    assert judged(rows | {"regrade, finer": FAST | slow})["within_limit"] is good


def test_the_table_has_a_row_for_everyone() -> None:
    shown = list(table({"regrade, quick": FAST, "a peer": {"missing": "no environment for it: make peers"}}))
    assert len(shown) == 4
    assert "| a peer | no environment for it: make peers |" in shown


def test_a_loop_is_timed_with_its_memory() -> None:
    found = measure(lambda: sum(range(1000)), runs=5)
    assert found["runs"] == 5
    assert 0 <= found["p50_ms"] <= found["p95_ms"]
    assert found["peak_rss_mb"] > 1


def test_every_contestant_has_its_file() -> None:
    folder = Path(seeing.__file__).parent / "peers"
    assert all((folder / f"{each.module}.py").is_file() for each in seeing.CONTESTANTS)
