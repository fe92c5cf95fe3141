"""A defect is worse the more of the item it covers."""

import pytest

from inspection.findings import DefectKind, Severity
from inspection.severity import BOUNDS, severity_of


@pytest.mark.parametrize("kind", BOUNDS)
def test_severity_rises_with_the_share_of_the_item(kind: DefectKind) -> None:
    major, critical = BOUNDS[kind]
    assert severity_of(kind, major - 1) == Severity.MINOR
    assert severity_of(kind, major) == Severity.MAJOR
    assert severity_of(kind, critical) == Severity.CRITICAL


def test_a_kind_without_bounds_has_no_severity_by_its_size() -> None:
    with pytest.raises(KeyError):
        severity_of(DefectKind.DEVIATION, 1)
