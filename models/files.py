"""Files that a person names on the command line."""

from pathlib import Path

import typer


def picture_bytes(path: Path) -> bytes:
    """The bytes of a picture, never more than a picture may have; raises BadParameter with the reason."""
    from models.images import MAX_BYTES  # here: OpenCV takes longer to load than a command to answer

    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from error
