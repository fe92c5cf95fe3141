"""One webhook to a refund system: to a vetted address, without redirects, its answer never shown.

The address is a merchant's word, so it could point into the centre's own network. Every address that
the name resolves to must be allowed, and the connection goes to one of exactly those, so that a name
that resolves otherwise a moment later changes nothing.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from server.errors import EndpointRefused

MOST_READ = 64 * 1024
GONE = 410
DOWN = frozenset({429, 502, 503, 504})
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last four bytes are the IPv4 address that a packet comes out at."""
OURS = tuple(map(ipaddress.IPv6Network, ("64:ff9b:1::/48", "::/96", "fec0::/10")))
"""Local translation (RFC 8215), IPv4-compatible and site-local: never public, though Python calls them so."""


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
    peer_down: bool = False
    """True when the next instruction would fare no better."""


class Gateway(Protocol):
    """Hands a signed body to a refund system."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Try once; never raises for what the peer does."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """Where a refund system may live: anywhere public, and in the networks that are named."""

    networks: tuple[str, ...] = ()
    loopback: bool = False

    def allows(self, address: Address) -> bool:
        """True when a webhook may go there."""
        plain = _inner(address)
        if plain.is_loopback:
            return self.loopback or self._named(plain)
        public = plain.is_global and not plain.is_multicast and not any(plain in each for each in OURS)
        return public or self._named(plain)

    def _named(self, address: Address) -> bool:
        return any(address in ipaddress.ip_network(network) for network in self.networks)


def _inner(address: Address) -> Address:
    """The IPv4 address inside a mapped, 6to4 or NAT64 one: that is where a packet ends up."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL taken apart."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def at(self, address: Address) -> str:
        """The URL with one of its addresses in place of the name."""
        host = f"[{address}]" if address.version == 6 else str(address)
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def read_url(url: str) -> Target:
    """Take a URL apart; raises EndpointRefused for one that no webhook goes to."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EndpointRefused("the endpoint is not a URL") from error
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.fragment:
        raise EndpointRefused("the endpoint must be an https URL without a user and without a fragment")
    if not url.isascii() or any(char.isspace() for char in url):
        raise EndpointRefused("the endpoint must be a URL in ASCII, without blanks")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    default = 443 if parts.scheme == "https" else 80
    return Target(scheme=parts.scheme, host=parts.hostname, port=port or default, path=path)


async def vet(target: Target, policy: AddressPolicy) -> tuple[Address, ...]:
    """Resolve the name; raises EndpointRefused unless every address may be posted to."""
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # the latter for an empty label, or one beyond 63 letters
        raise EndpointRefused(f"{target.host} cannot be resolved") from error
    addresses = tuple(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found))
    if not addresses or not all(policy.allows(address) for address in addresses):
        raise EndpointRefused(f"{target.host} leads into a network where no refund system may be")
    if target.scheme == "http" and not all(address.is_loopback for address in addresses):
        raise EndpointRefused("plain http is for this machine only: use https")
    return addresses


class WebhookGateway:
    """Posts by HTTPS, or by plain HTTP on this machine; each time over a line of its own.

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

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Try once, within the timeout, all of it together."""
        try:
            target = read_url(url)
            async with asyncio.timeout(self._timeout_s):
                address = (await vet(target, self._policy))[0]
                return await self._send(target, address, headers, body)
        except EndpointRefused as error:
            return Attempt(result=Result.RETRY, answer=str(error), peer_down=True)
        except (TimeoutError, httpx.TimeoutException):
            return Attempt(
                result=Result.RETRY, answer=f"no answer within {self._timeout_s:g} s", peer_down=True
            )
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
            return Attempt(result=Result.RETRY, answer=f"no answer: {type(error).__name__}", peer_down=True)

    async def _send(
        self, target: Target, address: Address, headers: Mapping[str, str], body: bytes
    ) -> Attempt:
        request = self._client.build_request(
            "POST",
            target.at(address),
            content=body,
            headers={**headers, "host": target.authority, "content-type": "application/json"},
            extensions={"sni_hostname": target.host, "timeout": httpx.Timeout(self._timeout_s).as_dict()},
        )
        answer = await self._client.send(request, stream=True)
        try:
            await _drain(answer)
        finally:
            await answer.aclose()
        return judge(answer.status_code, answer.headers.get("retry-after"))


async def _drain(answer: httpx.Response) -> None:
    """Read a little, so that the refund system can end in peace; a long answer is cut off."""
    seen = 0
    async for chunk in answer.aiter_raw():
        seen += len(chunk)
        if seen > MOST_READ:
            return


def judge(status: int, retry_after: str | None) -> Attempt:
    """What a status means. Pure. Source: Standard Webhooks 1.0, "Responses"."""
    answer = f"HTTP {status}"
    if 200 <= status < 300:
        return Attempt(result=Result.DELIVERED, answer=answer)
    if status == GONE:
        return Attempt(result=Result.GONE, answer=answer)
    wait = retry_after if retry_after and retry_after.isascii() and retry_after.isdigit() else ""
    return Attempt(
        result=Result.RETRY,
        answer=answer,
        retry_after_s=float(wait[:9]) if wait else None,
        peer_down=status in DOWN,
    )
