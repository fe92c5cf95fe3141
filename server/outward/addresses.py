"""Where the centre may call: to vetted addresses only, so that nobody's word leads it into its own network.

An address is a merchant's word. Every address that its name resolves to must be allowed, and the connection
goes to one of exactly those, so that a name that resolves otherwise a moment later changes nothing.
"""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from server.errors import EndpointRefused
from server.settings import ServerSettings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last four bytes are the IPv4 address that a packet comes out at."""
OURS = tuple(map(ipaddress.IPv6Network, ("64:ff9b:1::/48", "::/96", "fec0::/10")))
"""Local translation (RFC 8215), IPv4-compatible and site-local: never public, though Python calls them so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """Where others' systems may be: anywhere public, and in the networks that are named."""

    networks: tuple[str, ...] = ()
    loopback: bool = False

    def allows(self, address: Address) -> bool:
        """True when a request may go there."""
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
    """Take a URL apart; raises EndpointRefused for one that nothing is sent to."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EndpointRefused("the address is not a URL") from error
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.fragment:
        raise EndpointRefused("the address must be an https URL without a user and without a fragment")
    if not url.isascii() or any(char.isspace() for char in url):
        raise EndpointRefused("the address must be a URL in ASCII, without blanks")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    default = 443 if parts.scheme == "https" else 80
    return Target(scheme=parts.scheme, host=parts.hostname, port=port or default, path=path)


async def vet(target: Target, policy: AddressPolicy) -> tuple[Address, ...]:
    """Resolve the name; raises EndpointRefused unless every address may be called."""
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # the latter for an empty label, or one beyond 63 letters
        raise EndpointRefused(f"{target.host} cannot be resolved") from error
    addresses = tuple(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found))
    if not addresses or not all(policy.allows(address) for address in addresses):
        raise EndpointRefused(
            f"{target.host} leads into a network that is neither public nor in the centre's refund_networks"
        )
    if target.scheme == "http" and not all(address.is_loopback for address in addresses):
        raise EndpointRefused("plain http is for this machine only: use https")
    return addresses


def address_policy(settings: ServerSettings) -> AddressPolicy:
    """Where others' systems may be; on this machine too when the centre serves it alone."""
    return AddressPolicy(networks=settings.refund_networks, loopback=settings.local_only)
