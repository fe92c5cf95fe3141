"""One writing process per database: a lock that the kernel lets go when its holder dies."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from server.errors import AlreadyRunning


class WriterLock:
    """Held as long as the process writes; raises AlreadyRunning on entry when another holds it."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_suffix(".lock")
        self._file = -1

    def __enter__(self) -> Self:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise AlreadyRunning(f"another process writes this centre's database ({self._path})") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)
