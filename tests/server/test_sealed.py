"""Secrets of rows open at their own place, and nowhere else."""

import pytest

from inspection.errors import BadSeal
from server.sealed import Sealer

WRAP = bytes(range(32))


def test_a_sealed_secret_opens_at_its_place() -> None:
    sealed = Sealer(WRAP).seal(b"whsec_x", "endpoint/m1")
    assert b"whsec" not in sealed
    assert Sealer(WRAP).open(sealed, "endpoint/m1") == b"whsec_x"


def test_the_same_secret_never_looks_the_same() -> None:
    sealer = Sealer(WRAP)
    assert sealer.seal(b"x", "here") != sealer.seal(b"x", "here")


@pytest.mark.parametrize(
    ("wrap", "place", "cut"),
    [(WRAP, "endpoint/m2", 0), (bytes(32), "endpoint/m1", 0), (WRAP, "endpoint/m1", 3)],
)
def test_a_secret_moved_or_cut_or_under_another_key_is_refused(wrap: bytes, place: str, cut: int) -> None:
    sealed = Sealer(WRAP).seal(b"secret", "endpoint/m1")
    with pytest.raises(BadSeal):
        Sealer(wrap).open(sealed[: len(sealed) - cut], place)
