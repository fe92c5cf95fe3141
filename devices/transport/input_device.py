"""A Linux input device, such as a scanner that plays a keyboard, read by us alone."""

import errno
import os
from fcntl import ioctl

from devices.errors import WrongSetUp
from devices.transport.serial import OpenPort, PortStream, refusal

EVIOCGRAB = 0x40044590
"""`_IOW('E', 0x90, int)` of linux/input.h: its keys reach no other program."""


class InputFile:
    """An open device file that never waits."""

    def __init__(self, path: str) -> None:
        self._handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)

    def fileno(self) -> int:
        """The handle."""
        return self._handle

    def grab(self) -> None:
        """Take it for us alone; raises OSError."""
        ioctl(self._handle, EVIOCGRAB, 1)

    def read(self, size: int = 1, /) -> bytes:
        """What is there; raises OSError where the device is gone."""
        try:
            content = os.read(self._handle, size)
        except BlockingIOError:
            return b""
        if not content:
            raise OSError(errno.EIO, "the device hung up")
        return content

    def close(self) -> None:
        """Let it go; a grab ends with it."""
        os.close(self._handle)


class InputStream(PortStream):
    """One input device; with `grab` nobody else sees what is typed on it."""

    def __init__(self, name: str, *, grab: bool) -> None:
        super().__init__(name)
        self._grab = grab

    def _open(self) -> OpenPort:
        try:
            port = InputFile(self.name)
        except OSError as error:
            raise refusal(self.name, error) from error
        try:
            if self._grab:
                port.grab()
        except OSError as error:
            port.close()
            if error.errno == errno.ENOTTY:
                words = f"{self.name} is no input device: take one of /dev/input/by-id/"
                raise WrongSetUp(words, reason="not_a_keyboard") from error
            raise refusal(self.name, error) from error
        return port
