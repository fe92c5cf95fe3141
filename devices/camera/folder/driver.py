"""A camera that plays a folder: the view's picture is the newest complete file in it.

For cameras whose own program stores pictures, for tests and for the demo. A file should be moved
into place; one that is still being written is waited for. A broken newest picture is never replaced
by an older one: that would be a picture of the item before.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import Field

from devices.camera.picture import MIB, check_size, live_view, media_type_of
from devices.camera.settings import CameraSettings
from devices.device import Clock, CountFault, LiveView
from devices.driver import Driver, Kind, Surroundings
from devices.errors import DeviceFault, LinkLost
from inspection.readings import Frame

STABLE_S = 0.02
"""A file must stay the same for so long."""
TRIES = 50
"""A picture that is still growing after a second is given up."""

UNFINISHED = (".tmp", ".part", ".partial", ".new", ".crdownload", "~")


class FolderConfig(CameraSettings):
    """A folder into which something else puts pictures."""

    driver: Literal["folder"]
    folder: Path
    stale_after_s: int | None = Field(default=None, ge=1)
    """Refuse a picture older than this: its camera may have stopped. None takes any age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One file and the state it was seen in."""

    path: Path
    size: int
    changed_ns: int
    inode: int


class FolderCamera:
    """A Camera over a folder."""

    def __init__(self, config: FolderConfig, *, clock: Clock) -> None:
        self.view = config.view
        self.counts: Counter[str] = Counter()
        """`frames` and `bytes`."""
        self._config = config
        self._clock = clock
        self._shown: tuple[Found, LiveView | None] | None = None

    async def __aenter__(self) -> Self:
        if not self._config.folder.is_dir():
            raise LinkLost(f"the folder {self._config.folder} is not there", reason="folder_missing")
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._shown = None

    async def watch(self) -> None:
        """Wait for ever: a folder is looked at when a picture is wanted."""
        await asyncio.Event().wait()

    async def capture(self) -> Frame:
        """Return the picture that the view shows as of this call.

        Raises DeviceFault (no picture, still being written, too large, cut short, no picture at all)
        or LinkLost (the folder is gone).
        """
        found = await self._stable()
        self._refuse_stale(found)
        content = await asyncio.to_thread(self._read, found)
        media_type = self._checked(content)
        self.counts["frames"] += 1
        self.counts["bytes"] += len(content)
        return Frame(
            view=self.view,
            camera=self._config.name,
            content=content,
            media_type=media_type,
            captured_at=self._clock(),
        )

    def latest(self) -> LiveView | None:
        """What the view shows now; reads the file only when it changed."""
        try:
            found = self._newest()
            if found is None:
                return None
            if self._shown is None or self._shown[0] != found:
                self._shown = (found, self._live(found))
            return self._shown[1]
        except (DeviceFault, LinkLost):
            return None

    def _live(self, found: Found) -> LiveView | None:
        content = self._read(found)
        try:
            media_type = self._checked(content)
        except DeviceFault:
            return None
        return live_view(content, media_type, datetime.fromtimestamp(found.changed_ns / 1e9, UTC))

    async def _stable(self) -> Found:
        """Wait until the newest file stays the same for a moment."""
        before = self._newest()
        for _ in range(TRIES):
            if before is None:
                raise DeviceFault(f"no picture of the view {self.view} is there", reason="no_picture")
            await asyncio.sleep(STABLE_S)
            now = self._newest()
            if now == before:
                return before
            before = now
        raise DeviceFault(f"the picture of the view {self.view} keeps changing", reason="picture_unfinished")

    def _refuse_stale(self, found: Found) -> None:
        limit_s = self._config.stale_after_s
        age_s = self._clock().timestamp() - found.changed_ns / 1e9
        if limit_s is not None and age_s > limit_s:
            raise DeviceFault(
                f"the picture of the view {self.view} is {age_s:.0f} s old: is its camera running?",
                reason="picture_stale",
            )

    def _newest(self) -> Found | None:
        try:
            with os.scandir(self._config.folder) as entries:
                files = list(_pictures(entries))
        except OSError as error:
            raise LinkLost(f"the folder {self._config.folder} is gone", reason="folder_missing") from error
        return max(files, key=lambda found: (found.changed_ns, found.path.name), default=None)

    def _read(self, found: Found) -> bytes:
        limit = self._config.largest_mib * MIB
        try:
            with found.path.open("rb") as file:
                content = file.read(limit + 1)
        except OSError as error:
            raise DeviceFault(
                f"the picture of the view {self.view} went away", reason="picture_unfinished"
            ) from error
        check_size(len(content), view=self.view, largest_bytes=limit)
        return content

    def _checked(self, content: bytes) -> str:
        return media_type_of(content, view=self.view, largest_bytes=self._config.largest_mib * MIB)


def _pictures(entries: Iterator["os.DirEntry[str]"]) -> Iterator[Found]:
    for entry in entries:
        if entry.name.startswith(".") or entry.name.endswith(UNFINISHED):
            continue
        try:
            state = entry.stat()
        except FileNotFoundError:
            continue
        if entry.is_file():
            yield Found(
                path=Path(entry.path), size=state.st_size, changed_ns=state.st_mtime_ns, inode=state.st_ino
            )


def _build(config: FolderConfig, around: Surroundings, count: CountFault) -> FolderCamera:
    return FolderCamera(config, clock=around.clock)


FOLDER = Driver(kind=Kind.CAMERA, title="camera that plays a folder", config=FolderConfig, build=_build)
