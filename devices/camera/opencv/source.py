"""Where an OpenCV camera's pictures come from, and what may be said of it.

A password never stands in the settings, in a sentence or in the log: it comes out of the environment at the
moment of opening, and goes nowhere but to the camera.
"""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, quote, urlsplit

from devices.errors import LinkLost, WrongSetUp

SCHEMES = ("rtsp", "rtsps", "http", "https")


class SourceKind(StrEnum):
    """What opens it, and what its end means."""

    DEVICE = "device"
    STREAM = "stream"
    FILE = "file"
    """Played again and again, at its own pace: for trials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One place of pictures."""

    kind: SourceKind
    target: str
    """As in the settings: a number or path, or an address without a password."""
    shown: str
    """For sentences: an address without user and parameters, where cameras keep their secrets."""


def read_source(text: str) -> Source:
    """Read the `source` of a setting; raises ValueError in words."""
    if text.isdecimal() and len(text) <= 3:
        return Source(kind=SourceKind.DEVICE, target=text, shown=f"/dev/video{int(text)}")
    if "://" in text:
        parts = _address(text)
        return Source(kind=SourceKind.STREAM, target=text, shown=_without_secrets(parts))
    if not text or "\0" in text:
        raise ValueError("a source is a number, a path, or an address such as rtsp://host/path")
    kind = SourceKind.DEVICE if text.startswith("/dev/") else SourceKind.FILE
    return Source(kind=kind, target=text, shown=text)


def _address(text: str) -> SplitResult:
    parts = urlsplit(text)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError(f"an address begins with one of {', '.join(SCHEMES)} and has a host")
    if parts.password is not None:
        raise ValueError(
            "no password in the address: put it into the environment, its name into password_env"
        )
    return parts


def _without_secrets(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def has_user(source: Source) -> bool:
    """Whether the address names a user, whom a password can belong to."""
    return source.kind is SourceKind.STREAM and bool(urlsplit(source.target).username)


def with_password(source: Source, variable: str | None) -> str:
    """What is opened, with the password of the environment in it; raises WrongSetUp where there is none."""
    if variable is None:
        return source.target
    password = os.environ.get(variable)
    if not password:
        raise WrongSetUp(
            f"the password of {source.shown} is not in the environment as {variable}", reason="no_password"
        )
    parts = urlsplit(source.target)
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}").geturl()


def check_device(path: str, shown: str) -> None:
    """Raise LinkLost or WrongSetUp where a device file is not there or not ours: OpenCV does not say."""
    if not Path(path).exists():
        raise LinkLost(f"{shown} is not there: is the cable plugged in?", reason="port_missing")
    if not os.access(path, os.R_OK | os.W_OK):
        raise WrongSetUp(f"{shown} may not be opened: add this user to video", reason="port_forbidden")
