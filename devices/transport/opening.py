"""From the `port` of a setting to a byte stream: a device file, or `tcp://host:port`."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator

from devices.transport.base import ByteStream
from devices.transport.serial import SerialStream
from devices.transport.tcp import TcpStream

TCP = "tcp://"
Character = Literal["8N1", "7E1", "7O1", "7N1", "8E1"]
"""Data bits, parity and stop bits of a serial line."""


def _checked(port: str) -> str:
    """What is refused is not repeated: somebody may have put a password there."""
    if port.startswith(TCP):
        tcp_address(port)
    elif not port or "\0" in port or "://" in port:
        raise ValueError("a port is a device file or tcp://host:port")
    return port


Port = Annotated[str, AfterValidator(_checked)]
"""Device file, better one of `/dev/serial/by-id/`, or `tcp://host:port` of an Ethernet-serial server."""


def tcp_address(port: str) -> tuple[str, int]:
    """Host and number of `tcp://host:port`; raises ValueError in words."""
    parts = urlsplit(port)
    try:
        number = parts.port
        (parts.hostname or "").encode("idna")  # else the error comes up when it is connected to
    except ValueError:
        number = None
    if not parts.hostname or not number or parts.path or parts.username:
        raise ValueError("an address is tcp://host:port and nothing more")
    return parts.hostname, number


def open_stream(port: str, baud: int, character: Character = "8N1") -> ByteStream:
    """The stream behind a port; it is opened when it is entered. Over TCP the server knows rate and bits."""
    if port.startswith(TCP):
        return TcpStream(*tcp_address(port))
    return SerialStream(port, baud=baud, character=character)
