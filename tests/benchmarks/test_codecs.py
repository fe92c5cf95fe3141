"""The benchmark of the codecs measures what it says."""

from typing import Any

import pytest

from benchmarks import codecs
from benchmarks.codecs import page, recorded, speed
from devices.protocols import PROTOCOLS


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_has_frames_to_be_measured_with(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "SECONDS", 0.05)  # a busy machine gives one turn in tens of milliseconds
    assert recorded(name)
    found = speed(PROTOCOLS[name])
    assert found.frames_per_s > 0
    assert found.read_per_s > 0


def test_the_page_shows_the_line_beside_the_codec() -> None:
    bench = {"reads_per_s": 1010.0, "of_a_core": 0.07, "for_1000": 0.069, "dropped": 0, "seconds": 20.0}
    row = {"frames_per_s": 2000.0, "read_per_s": 1000.0, "line_per_s": 10.0, "times_the_line": 100.0}
    figure: dict[str, Any] = {
        "bench": bench,
        "codecs": {"nci": row},
        "uhfreader_288_beside_others": {"regrade": 9.0},
    }
    shown = "\n".join(page(figure))
    assert "1010 reads/s for 20 s: 7.0% of a core; for 1,000 reads/s 6.9%" in shown
    assert "| nci | 2,000 | 1,000 | 10 | 100 |" in shown
    assert "| regrade | 9 |" in shown
