"""A mirror follows the ledger whatever was withheld from it, and no fault of it stops the signing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from inspection.custody.leaf import leaf_hash_hex
from kit.export import bodiless_line
from server.ledger.checkpoints import Kept
from server.ledger.mirror import Mirror, MirrorKeeper

LEAVES = [b'{"a":%d}' % at for at in range(8)]


def kept(size: int) -> Kept:
    return Kept(size=size, root=bytes(32), note=b"note", signed_at="")


def shown_from(least: int) -> list[bytes]:
    """The ledger's lines, without the bodies before an index."""
    return [bodiless_line(leaf_hash_hex(leaf)) for leaf in LEAVES[:least]] + LEAVES[least:]


def copy(folder: Path, lines: list[bytes], size: int) -> None:
    with capture_logs() as logs:
        MirrorKeeper(folder, lambda page: lines[page.start : page.stop])(kept(size))
    assert logs == []


def test_a_mirror_that_is_set_up_after_retention_began_has_the_hashes_of_what_is_withheld(
    tmp_path: Path,
) -> None:
    copy(tmp_path, shown_from(5), 8)
    assert list(Mirror(tmp_path).lines()) == shown_from(5)


@pytest.mark.parametrize("had", [0, 5])
def test_a_mirror_that_stayed_behind_what_was_withheld_since_catches_up(tmp_path: Path, had: int) -> None:
    copy(tmp_path, shown_from(had), 4)
    copy(tmp_path, shown_from(6), 8)
    assert list(Mirror(tmp_path).lines()) == shown_from(had)[:4] + shown_from(6)[4:]


def test_a_mirror_of_other_withheld_leaves_is_not_written_to(tmp_path: Path) -> None:
    copy(tmp_path, [bodiless_line("0" * 64)] * 4, 4)
    with capture_logs() as logs:
        MirrorKeeper(tmp_path, lambda page: shown_from(6)[page.start : page.stop])(kept(8))
    assert "holds a copy of another ledger" in logs[0]["reason"]
    assert Mirror(tmp_path).size == 4


def closed(_: range) -> list[bytes]:
    raise OperationalError("SELECT", {}, OSError("disk I/O error"))


@pytest.mark.parametrize(
    ("stray", "read"), [("leaves-x.jsonl", lambda _: LEAVES), ("notes.txt", closed)], ids=["file", "database"]
)
def test_whatever_befalls_a_mirror_is_said_and_holds_nothing_up(
    tmp_path: Path, stray: str, read: Callable[[range], list[bytes]]
) -> None:
    (tmp_path / stray).touch()
    with capture_logs() as logs:
        MirrorKeeper(tmp_path, read)(kept(8))
    assert [line["event"] for line in logs] == ["mirror.behind"]
