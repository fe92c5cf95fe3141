"""Calls to others' systems: to a vetted address, without redirects, with a bounded answer, never echoed.

Who calls has to know one thing when nothing comes back: whether the request may have had its effect. Only a
line that was never opened is certain not to have.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from server.outward.addresses import AddressPolicy, read_url, vet

MOST_READ = 1024 * 1024
NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL, httpx.UnsupportedProtocol)


class NoAnswer(Exception):
    """Nothing came back that can be read."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent
        """False only where it is certain that no byte of the request left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a system answered."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    content: bytes
    """The first `most_read` bytes."""
    cut: bool = False
    """True where the answer was longer: it is no whole document."""


class Caller:
    """Calls by HTTPS, or by plain HTTP on this machine; each time over a line of its own.

    A line is known by its address alone: kept open, one whose certificate was checked for another
    name of the same address would be taken.
    """

    def __init__(self, policy: AddressPolicy, *, timeout_s: float) -> None:
        self._policy = policy
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(),
            trust_env=False,
            follow_redirects=False,
            timeout=timeout_s,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        most_read: int = MOST_READ,
    ) -> Reply:
        """Call once, within the timeout, all of it together.

        Raises NoAnswer; EndpointRefused for an address that the policy does not allow: nothing was sent then.
        """
        target, begun = read_url(url), False
        try:
            async with asyncio.timeout(self._timeout_s):
                address = (await vet(target, self._policy))[0]
                request = self._client.build_request(
                    method,
                    target.at(address),
                    content=body,
                    headers={"accept-encoding": "identity", **(headers or {}), "host": target.authority},
                    extensions={
                        "sni_hostname": target.host,
                        "timeout": httpx.Timeout(self._timeout_s).as_dict(),
                    },
                )
                begun = True
                return await self._reply(request, most_read)
        except TimeoutError as error:
            raise NoAnswer(f"no answer within {self._timeout_s:g} s", sent=begun) from error
        except httpx.TimeoutException as error:
            sent = not isinstance(error, NEVER_LEFT)
            raise NoAnswer(f"no answer within {self._timeout_s:g} s", sent=sent) from error
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
            sent = not isinstance(error, NEVER_LEFT)
            raise NoAnswer(f"no answer: {type(error).__name__}", sent=sent) from error

    async def _reply(self, request: httpx.Request, most_read: int) -> Reply:
        answer = await self._client.send(request, stream=True)
        try:
            content, cut = await _bounded(answer, most_read)
        finally:
            await answer.aclose()
        named = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(status=answer.status_code, headers=named, content=content, cut=cut)


async def _bounded(answer: httpx.Response, most_read: int) -> tuple[bytes, bool]:
    """The first bytes, decoded by none of the peer's wishes: a small packed answer may be huge."""
    content = bytearray()
    async for chunk in answer.aiter_raw():
        content += chunk
        if len(content) > most_read:
            return bytes(content[:most_read]), True
    return bytes(content), False


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The seconds of a Retry-After header; None for none, or for one that cannot be read.

    A date is read against the system's own clock, which `Date` tells; against ours where it does not.
    """
    text = headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return float(text[:9])
    until = _date(text)
    if until is None:
        return None
    return max(0.0, (until - (_date(headers.get("date", "")) or datetime.now(UTC))).total_seconds())


def _date(text: str) -> datetime | None:
    """A date as RFC 9110, section 5.6.7 has it."""
    try:
        found = parsedate_to_datetime(text[:40]) if text else None
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC) if found else None
