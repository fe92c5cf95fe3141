"""The figures of webhooks: what is measured, and what the table shows where a peer cannot."""

import pytest

from benchmarks import webhooks
from benchmarks.peers import pyepc_speed


def test_every_list_of_keys_is_signed_and_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyepc_speed, "CALLS", 5)
    monkeypatch.setattr(pyepc_speed, "ROUNDS", 1)
    found = webhooks.main()
    assert set(found["rows"]) == {"v1", "v1a", "rotation of both"}
    assert all(row["sign"] > 0 and row["verify"] > 0 for row in found["rows"].values())
    assert [row["standardwebhooks verify"] is None for row in found["rows"].values()] == [False, True, True]


def test_the_table_says_what_a_peer_cannot() -> None:
    row = {"sign": 18_000, "verify": 8_000, "standardwebhooks sign": None, "standardwebhooks verify": None}
    assert webhooks.report({"rows": {"v1a": row}}).splitlines()[-1] == "| v1a | 18,000 | 8,000 | - | - |"
