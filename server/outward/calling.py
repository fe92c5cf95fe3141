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

import aiohttp
from yarl import URL

from server.outward.addresses import AddressPolicy, Target, read_url, vet

MOST_READ = 1024 * 1024
NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
TO_OPEN = 0.5
"""The part of the time in which a line must open: past it, it is still certain that nothing left."""
HEADERS = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "regrade"}


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
    """Calls by HTTPS, or by plain HTTP on this machine.

    Each call has a line of its own unless `keep_s` says for how long one stays open for the next call to the
    same address under the same name. A peer that closes it just when a request leaves gives that no answer,
    so lines are kept only where a request may be made twice.
    """

    def __init__(self, policy: AddressPolicy, *, timeout_s: float, keep_s: float = 0.0) -> None:
        self._policy = policy
        self._timeout_s = timeout_s
        self._keep_s = keep_s
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        most_read: int = MOST_READ,
    ) -> Reply:
        """Call once, all within the timeout; a GET, PUT or DELETE whose line breaks, once more.

        Raises NoAnswer; EndpointRefused for an address that the policy does not allow: nothing was sent then.
        """
        target, begun = read_url(url), False
        try:
            async with asyncio.timeout(self._timeout_s):
                address = (await vet(target, self._policy))[0]
                begun = True
                named = {**HEADERS, **(headers or {}), "host": target.authority}
                return await self._ask(method, target, target.at(address), named, body, most_read)
        except NEVER_LEFT as error:
            raise NoAnswer(f"no answer: {type(error).__name__}", sent=False) from error
        except TimeoutError as error:
            raise NoAnswer(f"no answer within {self._timeout_s:g} s", sent=begun) from error
        except (aiohttp.ClientError, ValueError) as error:  # the latter for a header that HTTP cannot carry
            raise NoAnswer(f"no answer: {type(error).__name__}", sent=True) from error

    async def _ask(
        self, method: str, target: Target, where: str, headers: Mapping[str, str], body: bytes, most_read: int
    ) -> Reply:
        asked = self._opened().request(
            method,
            URL(where, encoded=True),
            data=body or None,
            headers=headers,
            allow_redirects=False,
            server_hostname=target.host,
            skip_auto_headers=("content-type",),
        )
        async with asked as answer:
            content, cut = await _bounded(answer, most_read)
            named = {name.lower(): value for name, value in answer.headers.items()}
            return Reply(status=answer.status, headers=named, content=content, cut=cut)

    def _opened(self) -> aiohttp.ClientSession:
        """The session, made by the first call: it belongs to that one's event loop."""
        if self._session is None:
            kept = {"keepalive_timeout": self._keep_s} if self._keep_s else {"force_close": True}
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=ssl.create_default_context(), **kept),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._timeout_s * TO_OPEN),
                auto_decompress=False,
            )
        return self._session


async def _bounded(answer: aiohttp.ClientResponse, most_read: int) -> tuple[bytes, bool]:
    """The first bytes, decoded by none of the peer's wishes: a small packed answer may be huge."""
    content = bytearray()
    async for chunk in answer.content.iter_any():
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
