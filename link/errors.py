"""The tree of link errors, cut by remedy.

LinkError
|-- Unreachable     nobody answers, or the line broke: try again later
|-- Overloaded      the peer answers but cannot now: try again after `retry_after_s`
|-- Refused         the peer understood and said no: fix the request or the set-up
`-- NotSent         it breaks a rule of ours and never left: fix the caller or the set-up
"""

from collections.abc import Mapping


class LinkError(Exception):
    """Anything that keeps a message from being exchanged; `str()` is a sentence for a person."""

    code = "link_error"


class Unreachable(LinkError):
    """Nobody answers, or the line broke on the way: what was sent may or may not have arrived."""

    code = "unreachable"


class Overloaded(LinkError):
    """The peer answers but cannot now, or our own bounded queue is full."""

    code = "overloaded"

    def __init__(self, sentence: str, *, status: int = 0, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        """HTTP status, 0 where it is our own queue that is full."""
        self.retry_after_s = retry_after_s


class Refused(LinkError):
    """The peer understood and said no; sending the same again does not help."""

    code = "refused"

    def __init__(
        self,
        sentence: str,
        *,
        status: int,
        problem: Mapping[str, object] | None = None,
        media_type: str = "",
        content: bytes = b"",
    ) -> None:
        super().__init__(sentence)
        self.status = status
        """HTTP status, or the MQTT return code."""
        self.problem: Mapping[str, object] = problem or {}
        """The RFC 9457 problem document, where the peer sent one."""
        self.media_type = media_type
        """Content-Type of an HTTP peer's answer, without parameters; empty where it gave none."""
        self.content = content
        """The answer itself, for protocols whose refusals say more than a status; bounded by the link."""


class NotSent(LinkError):
    """The message breaks a rule of ours and never left."""

    code = "not_sent"
