"""How an answer goes wrong: late, broken, slow, refused, or with an error in spite of its effect."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import orjson
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from demo.strict.faults import Fault

RETRY_AFTER_S = 1
MEDUSA = b'{"type":"invalid_data","message":"Order already has an existing active order change"}'
"""What Medusa 2.21.2 answers with status 400 after it has recorded the refund."""
Act = Callable[[], Awaitable[Response]]


class Broken(Response):
    """The line breaks in the middle of the answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half, and end the connection."""
        headers = [(b"content-length", str(len(self.body)).encode()), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        raise ConnectionResetError("broken on purpose")


def said(value: object, status: int = 200, **headers: str) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(value), status, headers, media_type="application/json")


def error(
    status: int, text: str, *, code: str | None = None, kind: str = "invalid_request_error"
) -> Response:
    """An error in Stripe's words."""
    return said({"error": {"type": kind, "message": text} | ({"code": code} if code else {})}, status)


async def spoilt(fault: Fault | None, patience_s: float, act: Act) -> Response:
    """Answer one request as its fault says; without one, as `act` does."""
    if fault is Fault.ERROR_BEFORE:
        return error(503, "down on purpose", kind="api_error")
    if fault is Fault.THROTTLED:
        answer = error(429, "slow down", code="rate_limit", kind="rate_limit_error")
        answer.headers["retry-after"] = str(RETRY_AFTER_S)
        return answer
    if fault is Fault.STALE:
        return error(409, "another request has it in hand", code="idempotency_key_in_use")
    if fault in (Fault.TIMEOUT_BEFORE, Fault.LATE_EFFECT):
        await asyncio.sleep(patience_s)
        return await act() if fault is Fault.LATE_EFFECT else error(504, "too late", kind="api_error")
    return await _afterwards(fault, patience_s, await act())


async def _afterwards(fault: Fault | None, patience_s: float, answer: Response) -> Response:
    """It is done; only the answer goes wrong."""
    if answer.status_code >= 300:
        return answer
    if fault is Fault.ERROR_AFTER:
        return error(500, "failed on purpose, afterwards", kind="api_error")
    if fault is Fault.REFUSED_AFTER:
        return Response(MEDUSA, 400, media_type="application/json")
    if fault is Fault.RESET:
        return Broken(bytes(answer.body), 200)
    if fault is Fault.TIMEOUT_AFTER:
        await asyncio.sleep(patience_s)
    if fault is Fault.DRIP:
        body = bytes(answer.body)
        headers = {"content-length": str(len(body)), "content-type": "application/json"}
        return StreamingResponse(_drip(body, patience_s), 200, headers)
    return answer


async def _drip(body: bytes, patience_s: float) -> AsyncIterator[bytes]:
    for at in range(len(body)):
        await asyncio.sleep(patience_s / len(body))
        yield body[at : at + 1]
