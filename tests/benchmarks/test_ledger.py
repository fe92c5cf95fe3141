"""The ledger's figures: what is held to a limit, what the page says, and what is said of an absent peer."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks import ledger, ledger_library
from benchmarks.ledger import LIMITS, headline, page
from server.db.writer import Writer

FOUND: dict[str, Any] = {
    "load_before": 0.3,
    "raw_rows_per_s": {"1": 1200, "64": 20_000},
    "appends": {"64": {"per_s": 15_000, "p95_ms": 9.0}},
    "append_cpu_us": {"10000": 20.0, "1000000": 24.0},
    "proofs": {"both_median_ms": 1.1},
    "audit": {"places": {"s": 8.0, "peak_rss_mb": 90}, "whole": {"s": 60.0, "peak_rss_mb": 150}},
    "http": {"records_per_s": 1600, "within_limit": True},
    "peers": {"aics-disk": {"missing": "no environment for it: make peers-ledger"}},
}


def test_every_figure_with_a_limit_is_looked_up() -> None:
    values = headline(FOUND)
    assert all(limit.keeps(values[limit.figure]) for limit in LIMITS)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("appends", {"64": {"per_s": 9_999, "p95_ms": 9.0}}),
        ("proofs", {"both_median_ms": 2.1}),
        ("audit", {"places": {"s": 10.1}, "whole": {"peak_rss_mb": 150}}),
        ("audit", {"places": {"s": 9.0}, "whole": {"peak_rss_mb": 201}}),
        ("append_cpu_us", {"10000": 20.0, "1000000": 40.0}),
    ],
)
def test_a_figure_beyond_its_limit_is_missed(name: str, row: dict[str, Any]) -> None:
    values = headline(FOUND | {name: row})
    assert [limit.keeps(values[limit.figure]) for limit in LIMITS].count(False) == 1


def test_the_page_shows_the_limits_and_an_absent_peer() -> None:
    shown = "\n".join(page(FOUND | {"held": headline(FOUND)}, datetime(2026, 11, 28, tzinfo=UTC)))
    assert "| durable appends a second, 64 in flight | 15,000 | at least 10000 | kept |" in shown
    assert "load was\n0.3 when it began" in shown
    assert "| aics-disk | missing no environment for it: make peers-ledger |" in shown


def test_a_peer_without_its_environment_says_what_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "PEERS", tmp_path / "no")
    assert {row["missing"] for row in ledger.peers(tmp_path).values()} == {
        "no environment for it: make peers-ledger"
    }


async def test_timed_appends_are_really_appended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_library, "PROOFS", 50)
    database = tmp_path / "x.sqlite"
    writer = Writer(ledger_library.new_database(database), limit=100)
    rate = await ledger_library.timed_appends(writer, 8, range(300))
    assert rate.per_s > 0
    engine = ledger_library.new_database(database)
    with engine.begin() as connection:
        assert ledger_library.LOG.check(connection).size == 300
    engine.dispose()
    taken = ledger_library.proofs(database, Random(1))
    assert set(taken) >= {"inclusion_median_ms", "consistency_p99_ms", "both_median_ms"}


def test_a_command_is_timed_and_weighed_and_its_failure_quoted() -> None:
    found = ledger.run([sys.executable, "-c", "x = bytearray(50_000_000)"])
    assert found["s"] >= 0
    assert 50 < found["peak_rss_mb"] < 200
    with pytest.raises(RuntimeError, match="ended with 3"):
        ledger.run([sys.executable, "-c", "raise SystemExit(3)"])
