"""The newest checkpoint that was signed, in a file outside of the database.

A database that was restored from a backup looks sound by itself; this file remembers how far the log
had come. It only ever moves up, and it has moved before a checkpoint is shown to anybody.
"""

from collections.abc import Sequence
from pathlib import Path

from inspection.custody.checkpoint import Checkpoint, open_checkpoint
from inspection.custody.note import VerifierKey
from inspection.errors import BadMessage, NotTrusted
from server.disk import replace_file
from server.errors import LedgerBroken

FILE_NAME = "checkpoint.newest"


class Guard:
    """The file, and the keys whose checkpoints count."""

    def __init__(self, directory: Path, keys: Sequence[VerifierKey]) -> None:
        self._path = directory / FILE_NAME
        self._keys = tuple(keys)

    @property
    def path(self) -> Path:
        """Where it lies: beside `keys.json`."""
        return self._path

    def open(self, note: bytes) -> Checkpoint:
        """The checkpoint of a note of this log; raises BadMessage, BadSignature or WrongLog."""
        return open_checkpoint(note, self._keys)

    def read(self) -> Checkpoint | None:
        """The checkpoint it holds, None before the first; raises LedgerBroken for anything else."""
        try:
            return self.open(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, NotTrusted, BadMessage) as error:
            raise LedgerBroken(
                f"{self._path} is no checkpoint of this log ({error}): it says how far the log had come; "
                "bring it back from where it was copied to, or ask a witness"
            ) from error

    def move_up(self, note: bytes) -> None:
        """Keep a newer checkpoint durably; one that is not longer changes nothing."""
        new, kept = self.open(note), self.read()
        if kept is not None and new.size <= kept.size:
            return
        replace_file(self._path, note)
