"""Backups of the key store: kept for days, so that a destroyed key is soon in none of them.

The certificate of an erasure names the day from which on no backup holds the key; that is true where this
is how backups are made, or where whatever makes them forgets as fast.
"""

from datetime import datetime, timedelta
from pathlib import Path

from server.errors import BadRequest
from server.subjects.keys import SubjectKeys

PREFIX, SUFFIX = "subjects-", ".sqlite"
FORMAT = "%Y%m%dT%H%M%SZ"
EVERY = timedelta(days=1)
"""How often backups are made: one whose time is over goes at the next run, and not before."""


def back_up(keys: SubjectKeys, folder: Path, days: int, now: datetime) -> tuple[Path, tuple[Path, ...]]:
    """Copy the key store into `folder` and delete copies older than `days`; returns both.

    Works beside a running centre. Raises BadRequest where this second has its copy already.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / f"{PREFIX}{now.strftime(FORMAT)}{SUFFIX}"
    if target.exists():
        raise BadRequest(f"{target} exists: one backup a second is enough")
    keys.copy_to(target)
    over = tuple(path for path in sorted(folder.glob(f"{PREFIX}*{SUFFIX}")) if is_over(path.name, days, now))
    for path in over:
        path.unlink()
    return target, over


def is_over(name: str, days: int, now: datetime) -> bool:
    """True for a backup whose time is over; False for a file that is not named as one. Pure."""
    try:
        made = datetime.strptime(name, f"{PREFIX}{FORMAT}{SUFFIX}").replace(tzinfo=now.tzinfo)
    except ValueError:
        return False
    return made < now - timedelta(days=days)


def none_holds_from(erased_at: datetime, days: int) -> datetime:
    """From when on no backup holds a key that was destroyed at `erased_at`, with a run each day. Pure."""
    return erased_at + timedelta(days=days) + EVERY
