"""What a class of a site's own detector means, read from its name alone.

    scratch             a defect, by the code of its kind
    missing:cap         the place where a part is missing
    part:screw@top*4    a part that is seen; fewer than 4 of them in view `top` is a missing part

`@view` left out: it must be seen in every view. `*count` left out: once.
"""

import re
from dataclasses import dataclass

from inspection.findings import DefectKind

PART = re.compile(r"(?P<sign>part|missing):(?P<part>[a-z0-9][a-z0-9_-]{0,31})(?P<rest>@.*|\*.*)?")
EXPECTED = re.compile(r"(?:@(?P<view>[A-Za-z0-9][A-Za-z0-9_-]{0,31}))?(?:\*(?P<count>[1-9][0-9]?))?")

NAMED_KINDS = tuple(kind for kind in DefectKind if kind is not DefectKind.DEVIATION)
"""A deviation is what nobody can name, so no class is called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a box of one class says."""

    kind: DefectKind
    part: str | None = None
    """Name of the part, where it is about one."""
    expected: int = 0
    """How many must be seen; 0 where a box is itself the finding."""
    view: str | None = None
    """The only view where they must be seen; None for every view."""


def meaning_of(name: str) -> Meaning:
    """The meaning of a class; raises ValueError with a sentence for a name that has none."""
    if name in NAMED_KINDS:
        return Meaning(kind=DefectKind(name))
    found = PART.fullmatch(name)
    rest = EXPECTED.fullmatch(found["rest"] or "") if found else None
    if found is None or rest is None or (found["sign"] == "missing" and found["rest"]):
        kinds = ", ".join(NAMED_KINDS)
        raise ValueError(f"class {name[:64]!r} is neither a defect ({kinds}) nor part:NAME nor missing:NAME")
    count = int(rest["count"] or 1) if found["sign"] == "part" else 0
    return Meaning(kind=DefectKind.MISSING_PART, part=found["part"], expected=count, view=rest["view"])
