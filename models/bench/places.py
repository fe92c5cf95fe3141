"""Where calibrations lie, without anything heavy: the station asks at its start whether there are any."""

from pathlib import Path
from urllib.parse import unquote

FOLDER = ".bench"
ENDING, ACCEPTED = ".rgbench", ".accepted"


def calibrated_views(references: Path) -> list[str]:
    """Every calibrated view of a station, sorted."""
    folder = references / FOLDER
    if not folder.is_dir():
        return []
    return sorted(unquote(path.stem) for path in folder.glob(f"*{ENDING}") if path.is_file())
