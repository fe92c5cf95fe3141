"""The figure of understood texts."""

from benchmarks import reasons


def test_the_figure_says_what_was_measured_beside_its_limit() -> None:
    found = reasons.main(rounds=1)
    assert found["texts"] > 1_000
    assert found["limit_ms"] == reasons.LIMIT_MS
    assert 0 < found["p50_ms"] <= found["p95_ms"]
    assert isinstance(found["within_limit"], bool)
