"""A byte stream with a lifetime: what the drivers of serial devices stand on."""

from typing import Protocol, Self


class ByteStream(Protocol):
    """Bytes in both directions; may be entered again after it was left."""

    name: str
    """The port, for sentences."""

    async def __aenter__(self) -> Self:
        """Open; raises LinkLost (missing, busy) or WrongSetUp (not allowed)."""
        ...

    async def __aexit__(self, *exc: object) -> None: ...

    async def read(self) -> bytes:
        """Wait for at least one byte and return all there are; raises LinkLost on a hang-up."""
        ...

    async def write(self, content: bytes) -> None:
        """Write all of it; raises LinkLost on a hang-up."""
        ...
