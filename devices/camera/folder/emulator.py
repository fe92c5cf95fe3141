"""Puts pictures into the folder of a folder camera, as a camera's own program would."""

import os
import shutil
from pathlib import Path


class FolderCameraEmulator:
    """Plays one view; makes the folder where it is missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number = 0
        folder.mkdir(parents=True, exist_ok=True)

    def show(self, picture: Path) -> Path:
        """Show a picture file in place of the one before; returns where it lies."""
        waiting = self.folder / ".incoming"
        shutil.copyfile(picture, waiting)
        return self._reveal(waiting, picture.suffix)

    def show_bytes(self, content: bytes, suffix: str = ".jpg") -> Path:
        """Show these bytes, whatever they are."""
        waiting = self.folder / ".incoming"
        waiting.write_bytes(content)
        return self._reveal(waiting, suffix)

    def clear(self) -> None:
        """Show nothing."""
        self._drop_all_but(None)

    def break_picture(self) -> None:
        """Cut the picture that is shown in the middle, as a broken transfer does."""
        for path in self._shown():
            content = path.read_bytes()
            self.show_bytes(content[: len(content) // 2], path.suffix)

    def _reveal(self, waiting: Path, suffix: str) -> Path:
        os.utime(waiting)
        self._number += 1
        place = self.folder / f"picture-{os.getpid()}-{self._number:06d}{suffix}"
        waiting.replace(place)
        self._drop_all_but(place)
        return place

    def _shown(self) -> list[Path]:
        return [path for path in self.folder.iterdir() if not path.name.startswith(".")]

    def _drop_all_but(self, kept: Path | None) -> None:
        for path in self._shown():
            if path != kept:
                path.unlink()
