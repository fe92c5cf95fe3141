"""`regrade demo --check` from the outside: one line of JSON, exit code 0, nothing left behind."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ITEMS = 8


@pytest.mark.flow
def test_a_short_checked_run_ends_well_and_with_one_line_of_json(tmp_path: Path) -> None:
    words = ("demo", "--check", "--items", str(ITEMS), "--seed", "3", "--dir", str(tmp_path / "w"))
    done = subprocess.run(
        [sys.executable, "-m", "regrade", *words], capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    assert (report["items"], report["recorded"], report["lost"], report["duplicated"]) == (ITEMS, ITEMS, 0, 0)
    assert report["refunds_settled"] == report["refunds_expected"]
    assert report["ledger_verified"] is report["reconciled"] is True
    assert (report["paid_twice"], report["cases"]["refund_without_return"]) == (0, 1)


@pytest.mark.flow
def test_wrong_options_are_told_in_a_sentence(tmp_path: Path) -> None:
    words = ("demo", "--check", "--photos", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "regrade", *words], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 1
    assert "(bad_set_up)" in done.stderr
    assert "Traceback" not in done.stderr
