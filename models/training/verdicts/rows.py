"""Reads confirmed verdicts for learning, and says what is missing."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inspection.confirmed import MAX_LINE_BYTES, MAX_ROWS, Confirmed, read_confirmed
from inspection.errors import BadMessage
from inspection.splitting import groups
from models.errors import BadTrainingSet, TooFewVerdicts
from models.features import GRADES
from models.judging import item_digest

LEAST_GROUPS = 3
"""Days (or days tied together by an item) without which nothing can be held out twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """A file of confirmed verdicts as it was read."""

    name: str
    sha256: str
    rows: tuple[Confirmed, ...]

    @property
    def days(self) -> tuple[str, ...]:
        """Every day of it, sorted."""
        return tuple(sorted({row.day.isoformat() for row in self.rows}))

    @property
    def items(self) -> tuple[str, ...]:
        """What a fitted file keeps of the items' ids, sorted."""
        return tuple(sorted({item_digest(row.unit) for row in self.rows}))


def read_verdicts(path: Path) -> Verdicts:
    """Read a file of confirmed verdicts; raises BadTrainingSet that names the line that is none."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            lines = []
            while line := stream.readline(MAX_LINE_BYTES + 1):
                digest.update(line)
                lines.append(line)
                if len(lines) > MAX_ROWS:
                    break
        rows = tuple(read_confirmed(lines))
    except OSError as error:
        raise BadTrainingSet(f"{path}: {error.strerror}") from error
    except BadMessage as error:
        raise BadTrainingSet(f"{path}, {error}") from error
    return Verdicts(name=path.name, sha256=digest.hexdigest(), rows=rows)


def check_enough(rows: Sequence[Confirmed], *, least: int, least_per_grade: int) -> None:
    """Raises TooFewVerdicts and says how many of what are missing."""
    counted = Counter(row.grade for row in rows)
    items = len({row.unit for row in rows})
    missing = [
        f"{least_per_grade - counted[grade]} more that are {grade}"
        for grade in GRADES
        if counted[grade] < least_per_grade
    ]
    if items < least:
        missing.insert(0, f"{least - items} more items")
    if len(groups(rows)) < LEAST_GROUPS:
        missing.append(f"verdicts of at least {LEAST_GROUPS} days that share no item")
    if missing:
        raise TooFewVerdicts(
            f"{items} confirmed items are too few to learn from; needed: {', '.join(missing)}"
        )
