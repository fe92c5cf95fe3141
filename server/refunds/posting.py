"""One webhook to a refund system, and what its answer means; the answer's body is never shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from server.errors import EndpointRefused
from server.outward.calling import Caller, NoAnswer, retry_after_s
from server.refunds.breaker import Said

MOST_READ = 64 * 1024
GONE, EARLY = 410, 425
DOWN = frozenset({429, 502, 503, 504})


class Result(StrEnum):
    """What became of one attempt."""

    DELIVERED = "delivered"
    RETRY = "retry"
    GONE = "gone"
    """410: the refund system wants no more; instructions wait until the endpoint is set anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt, in words that hold nothing of what the peer said."""

    result: Result
    answer: str
    retry_after_s: float | None = None
    said: Said = Said.REFUSED
    """What it says of the refund system: whether the next instruction would fare any better."""


class Post(Protocol):
    """Hands a signed body to a refund system."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Try once; never raises for what the peer does."""
        ...


class WebhookPost:
    """Posts to vetted addresses."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Try once, within the caller's timeout."""
        named = {**headers, "content-type": "application/json"}
        try:
            reply = await self._caller.call("POST", url, named, body, most_read=MOST_READ)
        except (EndpointRefused, NoAnswer) as error:
            return Attempt(result=Result.RETRY, answer=str(error), said=Said.DOWN)
        return judge(reply.status, reply.headers)


def judge(status: int, headers: Mapping[str, str]) -> Attempt:
    """What a status means. Pure. Source: Standard Webhooks 1.0, "Responses"."""
    answer = f"HTTP {status}"
    if 200 <= status < 300:
        return Attempt(result=Result.DELIVERED, answer=answer, said=Said.TOOK)
    if status == GONE:
        return Attempt(result=Result.GONE, answer=answer)
    return Attempt(
        result=Result.RETRY,
        answer=answer,
        retry_after_s=retry_after_s(headers),
        said=Said.DOWN if status in DOWN else Said.WAIT if status == EARLY else Said.REFUSED,
    )
