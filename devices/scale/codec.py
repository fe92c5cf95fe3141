"""What the codecs of all dialects share; touches no port.

A line is taken whole or not at all. Looking for a weight inside a damaged line would find `2.73 g` in
`12.73 g`: no scale here has a check, so a line that does not fit its dialect to the last column is noise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from devices.framing import Decoder, ReadLines
from devices.scale.frames import Answer, Command, Frame, Refusal, Said, Shown, Status, Weighing

LONGEST = 64
"""Bytes of a line; every weight is shorter."""
CRLF = b"\r\n"
COLUMN = r" *[+-]? *(?:\d{1,9}(?:\.\d{0,6})?|\.\d{1,6})"
"""A number with its padding and its sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One way in which scales speak."""

    name: str
    question: Command
    """Asks for the weight of now, stable or not."""
    decoder: Callable[[], Decoder[Said]]
    """Of what the scale says."""
    write: Callable[[Said], bytes]
    """The bytes of what a scale says; raises ValueError for what this dialect has no words for."""
    show: Callable[[Shown], Said | None]
    """What a scale says that shows this; None where it would say nothing."""
    host_end: bytes = CRLF
    """Behind each command."""

    def host_decoder(self) -> Decoder[Command]:
        """Of what the host says."""
        return ReadLines(_command, longest=LONGEST)

    def encode(self, frame: Frame) -> bytes:
        """The bytes of a frame, either way."""
        if isinstance(frame, Command):
            return frame.text.encode("ascii") + self.host_end
        return self.write(frame)

    def decode(self, *, from_host: bool) -> Decoder[Any]:
        """A fresh decoder."""
        return self.host_decoder() if from_host else self.decoder()


def _command(line: bytes) -> Command | None:
    text = printable(line)
    return Command(text=text) if text is not None else None


def printable(line: bytes) -> str | None:
    """A line of ASCII without control characters as text; None for any other."""
    return line.decode("ascii") if line.isascii() and line.decode("ascii").isprintable() else None


def lines(read: Callable[[str], Said | None]) -> Callable[[], Decoder[Said]]:
    """A maker of decoders of lines; `read` gets printable ASCII."""

    def read_line(line: bytes) -> Said | None:
        text = printable(line)
        return read(text) if text is not None else None

    def decoder() -> Decoder[Said]:
        return ReadLines[Said](read_line, longest=LONGEST)

    return decoder


def line(text: str) -> bytes:
    """A line of a scale."""
    return text.encode("ascii") + CRLF


def wordless(said: Said) -> ValueError:
    """For what a dialect cannot say."""
    return ValueError(f"this dialect has no words for {said}")


def no_more(said: Said) -> bytes:
    """The bytes of what most dialects write alike: answers and refusals are their own text."""
    match said:
        case Answer():
            return line(said.text)
        case Refusal():
            return line(said.code)
        case Status() | Weighing():
            raise wordless(said)
