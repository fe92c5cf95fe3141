"""The figures of EPCs: what is compared, what the page says, and what is said of an absent peer."""

from pathlib import Path

import pytest

from benchmarks import identity
from benchmarks.peers import pyepc_speed
from inspection.identity.epc import read_epc

ROW = {"ours": 100_000, "epcpy": 50_000, "pyepc": None}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pyepc_speed, "CALLS", 20)
    monkeypatch.setattr(pyepc_speed, "ROUNDS", 1)
    monkeypatch.setattr(identity, "PEER", tmp_path / "missing")


@pytest.mark.parametrize("name", identity.EXAMPLES)
def test_every_example_is_of_the_scheme_that_it_is_filed_under(name: str) -> None:
    assert read_epc(bytes.fromhex(identity.EXAMPLES[name])).scheme == name


@pytest.mark.usefixtures("quick")
def test_an_absent_peer_is_left_out() -> None:
    found = identity.main()
    assert all(row["pyepc"] is None for row in found["rows"].values())
    assert all((row["epcpy"] is None) == name.endswith("+") for name, row in found["rows"].items())


def test_the_page_says_where_a_peer_is_wrong() -> None:
    wrong = {"ours": 1, "epcpy": None, "pyepc": 2_000, "pyepc_says": "a/b", "is": "a%2Fb"}
    page = identity.page({"rows": {"SGTIN-96": ROW, "SGTIN-198": wrong}})
    assert "| SGTIN-96 | 100,000 | 50,000 | - |" in page
    assert "SGTIN-198: pyepc says `a/b`, which is `a%2Fb`." in page
