"""Trust policies that a centre starts with, and what follows from witnesses: decisions without a line."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspection.custody.witnessing import SIZE, AddCheckpoint
from link.errors import Refused
from server.errors import BadSettings
from server.keys import read_keys
from server.ledger.trust import FILE_NAME, own_key, read_trust
from server.ledger.witnessing import Behind, OtherHistory, is_late, read_refusal
from server.refunds.gate import AWAITING, BEHIND, QUEUED, Gate

if TYPE_CHECKING:
    from tests.server.ledger.conftest import Cosigner

ORIGIN = "centre.test/site/s1"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("quorum none", "does not name this log"),
        ("log LOG\nquorum a", "is no trust policy"),
        ("log LOG\nwitness a WITNESS\nquorum a", "no URL"),
        ("log LOG\nwitness é WITNESS\nquorum none", "ASCII"),
        ("nonsense", "is no trust policy"),
        ("log LOG\nwitness a WITNESS http://witness.example\nquorum a", "in the clear"),
        ("log LOG\nwitness a WITNESS ftp://witness.example\nquorum none", "no web address"),
    ],
)
def test_a_policy_that_could_never_work_keeps_the_centre_from_starting(
    tmp_path: Path, cosigners: list["Cosigner"], lines: str, said: str
) -> None:
    public = read_keys(tmp_path).log_public
    text = lines.replace("LOG", own_key(ORIGIN, public).to_text())
    (tmp_path / FILE_NAME).write_text(text.replace("WITNESS", cosigners[0].key.to_text()) + "\n")
    with pytest.raises(BadSettings, match=said):
        read_trust(tmp_path, ORIGIN, public)


# decisions


@pytest.mark.parametrize(
    ("required", "covered", "leaf_seq", "state"),
    [
        (False, 7, 7, AWAITING),
        (False, 8, 7, QUEUED),
        (True, 0, 0, AWAITING),
        (True, 7, 7, AWAITING),
        (True, 8, 7, QUEUED),
        (True, 99, 7, QUEUED),
    ],
)
def test_an_instruction_goes_when_a_checkpoint_covers_its_entry(
    required: bool, covered: int, leaf_seq: int, state: str
) -> None:
    gate = Gate(required=required, covered=covered)
    assert gate.state(leaf_seq + 1) == state
    assert gate.state(leaf_seq + 1, behind=True) == BEHIND


@pytest.mark.parametrize(
    ("since_s", "late"), [(None, False), (100.0, False), (99.9, False), (99.0, True), (0.0, True)]
)
def test_waiting_is_late_after_its_limit(since_s: float | None, late: bool) -> None:
    assert is_late(since_s, 1000.0, 900.5) is late


def refused(status: int, content: bytes = b"", media_type: str = SIZE) -> Refused:
    return Refused("no", status=status, content=content, media_type=media_type)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (refused(409, b"3\n"), Behind(size=3)),
        (refused(409, b"0\n"), Behind(size=0)),
        (refused(409, b"9\n"), Behind(size=9)),
        (refused(409, b"10\n"), OtherHistory(detail="it cosigned 10 entries, and we signed no more than 9")),
        (refused(409, b"5\n"), OtherHistory(detail="it cosigned another root for 5 entries")),
        (refused(409, b"", "text/plain"), OtherHistory(detail="it cosigned another root for 5 entries")),
        (refused(422), OtherHistory(detail="it finds no way from its size 5 to our 9")),
        (refused(409, b"five\n"), None),
        (refused(403), None),
        (refused(404), None),
        (refused(400), None),
    ],
)
def test_what_a_witnesss_refusal_means(error: Refused, meaning: Behind | OtherHistory | None) -> None:
    asked = AddCheckpoint(old_size=5, proof=(), checkpoint=b"")
    assert read_refusal(error, asked, 9) == meaning
