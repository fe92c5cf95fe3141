"""A record has room for three model files; none is left out."""

from inspection.detector import VersionedFile, bounded_versions

FILES = tuple(VersionedFile(name=name, sha256=name[0] * 64) for name in ("a1", "b1", "c1", "d1"))


def test_few_files_stay_as_they_are() -> None:
    assert bounded_versions(FILES[:3]) == FILES[:3]
    assert bounded_versions(()) == ()


def test_of_many_the_last_place_stands_for_the_rest_and_changes_with_each_of_them() -> None:
    kept = bounded_versions(FILES)
    assert kept[:2] == FILES[:2]
    assert [file.name for file in kept] == ["a1", "b1", "c1-and-d1"]
    changed = (*FILES[:3], VersionedFile(name="d1", sha256="e" * 64))
    assert bounded_versions(changed)[2].sha256 != kept[2].sha256
