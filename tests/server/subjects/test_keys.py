"""The key store: what is sealed under a person's key is gone with it, from every file and copy."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inspection.errors import BadSeal
from server.errors import BadKeys, BadRequest
from server.subjects.backup import back_up, none_holds_from
from server.subjects.keys import FILE_NAME, SubjectKeys
from server.subjects.personal import open_waiting, seal_waiting

WRAP = bytes(range(32))
PLACE = "unit/m1/R1/1/1"


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[SubjectKeys]:
    store = SubjectKeys(tmp_path, WRAP)
    yield store
    store.close()


def wrapped_key(folder: Path, subject: str) -> bytes:
    with sqlite3.connect(folder / FILE_NAME) as file:
        row = file.execute("SELECT wrapped FROM keys WHERE subject = ?", (subject,)).fetchone()
    file.close()
    return bytes(row[0])


def test_a_value_opens_in_its_own_place_only(keys: SubjectKeys) -> None:
    sealed = keys.seal(keys.secrets.customer("m1", "C-1"), b"Ann", PLACE)
    assert keys.open(sealed, PLACE) == b"Ann"
    with pytest.raises(BadSeal, match="not made for"):
        keys.open(sealed, "unit/m1/R1/1/2")
    with pytest.raises(BadSeal, match="not made for"):
        keys.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), PLACE)


@pytest.mark.parametrize("content", [b"", b"\x01", b"\x02" + bytes(60), b"in the clear"])
def test_what_was_never_sealed_is_named(keys: SubjectKeys, content: bytes) -> None:
    with pytest.raises(BadSeal, match="no value sealed"):
        keys.open(content, PLACE)


def test_the_same_person_has_one_key_and_another_merchant_knows_another_person(keys: SubjectKeys) -> None:
    names = keys.secrets
    assert names.customer("m1", "C-1") == names.customer("m1", "C-1")
    others = {
        names.customer("m2", "C-1"),
        names.customer("m1", "C-2"),
        names.inspector("C-1"),
        names.tag("C-1"),
    }
    assert len(others | {names.customer("m1", "C-1")}) == 5
    first, second = (keys.seal(names.customer("m1", "C-1"), b"x", PLACE) for _ in range(2))
    assert first[:17] == second[:17]
    assert first != second


def test_a_pseudonym_needs_the_secret(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, other = SubjectKeys(tmp_path, WRAP), SubjectKeys(tmp_path / "other", WRAP[::-1])
    assert one.secrets.customer("m1", "C-1") != other.secrets.customer("m1", "C-1")
    assert "C-1" not in repr(one.secrets) and WRAP.hex() not in repr(one.secrets)
    one.close()
    other.close()


def test_a_destroyed_key_leaves_what_it_sealed_as_erased(keys: SubjectKeys) -> None:
    ann, bob = keys.secrets.customer("m1", "C-1"), keys.secrets.customer("m1", "C-2")
    hers, his = keys.seal(ann, b"Ann", PLACE), keys.seal(bob, b"Bob", PLACE)
    assert keys.destroy(ann)
    assert keys.open(hers, PLACE) is None
    assert keys.open(his, PLACE) == b"Bob"
    assert not keys.destroy(ann)


def test_a_new_key_of_an_erased_person_does_not_open_what_was_erased(keys: SubjectKeys) -> None:
    ann = keys.secrets.customer("m1", "C-1")
    before = keys.seal(ann, b"before", PLACE)
    keys.destroy(ann)
    after = keys.seal(ann, b"after", PLACE)
    assert keys.open(before, PLACE) is None
    assert keys.open(after, PLACE) == b"after"


def test_no_file_holds_a_destroyed_key(keys: SubjectKeys, tmp_path: Path) -> None:
    subjects = [keys.secrets.customer("m1", f"C-{number}") for number in range(300)]
    keys.ensure(subjects)
    gone, kept = wrapped_key(tmp_path, subjects[7]), wrapped_key(tmp_path, subjects[8])
    keys.destroy(subjects[7])
    keys.compact()
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert gone not in everything
    assert subjects[7].encode() not in everything
    assert kept in everything
    keys.copy_to(tmp_path / "backup.sqlite")
    assert gone not in (tmp_path / "backup.sqlite").read_bytes()


def test_keys_outlive_the_process(tmp_path: Path) -> None:
    first = SubjectKeys(tmp_path, WRAP)
    sealed = first.seal(first.secrets.inspector("i1"), b"Ines", "inspector/i1")
    first.close()
    again = SubjectKeys(tmp_path, WRAP, read_only=True)
    assert again.open(sealed, "inspector/i1") == b"Ines"
    again.close()
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0


def test_another_wrap_secret_opens_nothing(tmp_path: Path) -> None:
    first = SubjectKeys(tmp_path, WRAP)
    sealed = first.seal(first.secrets.inspector("i1"), b"Ines", "inspector/i1")
    first.close()
    wrong = SubjectKeys(tmp_path, WRAP[::-1])
    with pytest.raises(BadSeal, match="`wrap` secret"):
        wrong.open(sealed, "inspector/i1")
    wrong.close()


def test_a_file_that_is_no_key_store_keeps_the_centre_from_starting(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"not a database" * 100)
    with pytest.raises(BadKeys, match="its own backup"):
        SubjectKeys(tmp_path, WRAP)


def test_a_newer_key_store_is_refused(tmp_path: Path) -> None:
    SubjectKeys(tmp_path, WRAP).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as file:
        file.execute("PRAGMA user_version=2")
    file.close()
    with pytest.raises(BadKeys, match="version 2"):
        SubjectKeys(tmp_path, WRAP)


def test_backups_of_the_key_store_are_kept_for_days_only(keys: SubjectKeys, tmp_path: Path) -> None:
    ann, out, noon = (
        keys.secrets.customer("m1", "C-1"),
        tmp_path / "out",
        datetime(2026, 5, 4, 12, tzinfo=UTC),
    )
    sealed = keys.seal(ann, b"Ann", PLACE)
    first, _ = back_up(keys, out, 7, noon)
    (out / "subjects-notes.sqlite").write_bytes(b"not ours")
    keys.destroy(ann)
    gone = wrapped_in(first)
    assert gone != []
    for day in (1, 6, 8):
        target, over = back_up(keys, out, 7, noon + timedelta(days=day))
        assert over == ((first,) if day == 8 else ())
        assert wrapped_in(target) == []
    assert not first.exists() and (out / "subjects-notes.sqlite").exists()
    with pytest.raises(BadRequest, match="exists"):
        back_up(keys, out, 7, noon + timedelta(days=8))
    assert keys.open(sealed, PLACE) is None


@pytest.mark.parametrize("days", [1, 7, 30])
def test_with_a_run_each_day_no_backup_holds_the_key_from_the_day_that_is_certified(
    keys: SubjectKeys, tmp_path: Path, days: int
) -> None:
    ann, out = keys.secrets.customer("m1", "C-1"), tmp_path / "out"
    erased_at = datetime(2026, 5, 4, 12, tzinfo=UTC)
    keys.ensure([ann])
    back_up(keys, out, days, erased_at)
    keys.destroy(ann)
    held = {}
    for day in range(1, days + 2):
        back_up(keys, out, days, erased_at + timedelta(days=day))
        held[day] = any(wrapped_in(path) for path in out.iterdir())
    assert (held[days], held[days + 1]) == (True, False)
    assert none_holds_from(erased_at, days) == erased_at + timedelta(days=days + 1)


def wrapped_in(path: Path) -> list[bytes]:
    with sqlite3.connect(path) as file:
        rows = file.execute("SELECT wrapped FROM keys").fetchall()
    file.close()
    return [bytes(row[0]) for row in rows]


def test_what_waits_after_a_restore_is_sealed_until_somebody_is_erased(keys: SubjectKeys) -> None:
    sealed = seal_waiting(keys, "C-1 and her salts")
    assert "C-1" not in sealed and open_waiting(keys, sealed) == "C-1 and her salts"
    keys.destroy(keys.secrets.transit())
    assert open_waiting(keys, sealed) is None
