"""Files that must last: a crash leaves the old content or the new one, never half of it."""

import os
from pathlib import Path

FRESH = ".fresh"


def replace_file(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Put a whole new file in the place of `path`, durably."""
    fresh = path.with_suffix(FRESH)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)  # not as a umask or a crash before this one left it
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk: a rename lasts only then."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
