"""Request bodies: bounded before anything reads them, then read as one message."""

from collections.abc import AsyncIterator
from re import Pattern
from typing import TypeVar

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as AsgiMessage

from inspection.messages.base import Message
from server.errors import BadRequest, LengthMissing, NotTaken, TooLarge
from server.metrics import Metrics
from server.problems import problem_of

M = TypeVar("M", bound=Message)


class BodyLimit:
    """Refuses a body beyond the limit: by its Content-Length at once, else where it passes the limit.

    Paths under one of `own`, or that fit `own_form`, bound their bodies themselves.
    """

    def __init__(
        self, app: ASGIApp, *, limit: int, own: tuple[str, ...], own_form: Pattern[str], metrics: Metrics
    ) -> None:
        self._app = app
        self._limit = limit
        self._own = own
        self._own_form = own_form
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a bounded body."""
        if scope["type"] != "http" or self._is_own(scope["path"]):
            await self._app(scope, receive, send)
        elif announced(scope) > self._limit:
            error = self._too_large()
            self._metrics.problems.labels(error.code).inc()
            await problem_of(error)(scope, receive, send)
        else:
            await self._app(scope, self._bounded(receive), send)

    def _is_own(self, path: str) -> bool:
        return path.startswith(self._own) or self._own_form.fullmatch(path) is not None

    def _bounded(self, receive: Receive) -> Receive:
        seen = 0

        async def counted() -> AsgiMessage:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit:
                raise self._too_large()
            return message

        return counted

    def _too_large(self) -> TooLarge:
        return TooLarge(f"a body here may have {self._limit} bytes")


def announced(scope: Scope) -> int:
    """The Content-Length; 0 when there is none, or none that is a number."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def body_length(request: Request, limit: int, what: str) -> int:
    """The announced length of a streamed body; raises LengthMissing, TooLarge or NotTaken."""
    text = request.headers.get("content-length", "")
    if not text.isdigit():
        raise LengthMissing("say how many bytes come: Content-Length is needed here")
    length = int(text[:20])
    if length > limit:
        raise TooLarge(f"{what} may have {limit} bytes, this one has {length}")
    if length == 0:
        raise NotTaken("the body is empty")
    return length


async def discard(chunks: AsyncIterator[bytes], length: int) -> None:
    """Read what is known already, so that the sender sees its answer and not a broken line."""
    seen = 0
    async for chunk in chunks:
        seen += len(chunk)
        if seen > length:
            raise TooLarge(f"more bytes came than the {length} announced")


async def read_body(request: Request, kind: type[M]) -> M:
    """Read the body as a message; raises BadMessage that names the field."""
    content = await request.body()
    if not content:
        raise BadRequest(f"the body is empty; it should be a {kind.__name__}")
    return kind.read(content)
