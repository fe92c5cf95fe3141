"""Who may call what: API keys with one scope each, and the scopes that every route declares.

A key is 32 random bytes behind a prefix that tells its scope to a person; the centre keeps only its
SHA-256. It is looked up by that hash, so the time of a look-up says nothing about the key.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency
from sqlalchemy import Connection, insert, update

from server.db.rows import run
from server.db.tables import api_keys
from server.errors import NoKey, WrongScope

KEY_BYTES = 32
LONGEST_KEY = 80
# Asked with every request: composing it anew each time takes longer than SQLite takes to answer.
CALLER = (
    "SELECT scope, merchant, station, label FROM api_keys WHERE site = ? AND hash = ? AND revoked_at IS NULL"
)


class Scope(StrEnum):
    """What a key is good for."""

    STATION = "station"
    SHOP = "shop"
    CONSOLE = "console"
    AUDITOR = "auditor"
    REFERENCES = "references"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who holds the key: a shop has a merchant, a station has a station; references may have a merchant."""

    scope: Scope
    merchant: str | None = None
    station: str | None = None
    label: str = ""
    """What whoever made the key called it."""


Authenticate = Callable[[str], Awaitable[Caller]]
"""From an API key to its caller; raises NoKey."""


class Needs:
    """A route's declaration: which scopes may call it. Gives the Caller to the route."""

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = frozenset(scopes)

    async def __call__(self, request: Request) -> Caller:
        """Admit the request; raises NoKey or WrongScope."""
        authenticate: Authenticate = request.app.state.centre.authenticate
        caller = await authenticate(_bearer(request))
        if caller.scope not in self.scopes:
            wanted = " or ".join(sorted(self.scopes))
            raise WrongScope(f"this route needs a key of scope {wanted}; yours is {caller.scope}")
        return caller


def needs(*scopes: Scope) -> Dependency:
    """Declare the scopes of a route: `caller: Annotated[Caller, needs(Scope.SHOP)]`."""
    declared: Dependency = Depends(Needs(*scopes))
    return declared


def new_key(connection: Connection, site: str, caller: Caller, label: str, at: str) -> str:
    """Make a key for a caller, keep its hash, and return it: this once."""
    key = f"{caller.scope}_{secrets.token_urlsafe(KEY_BYTES)}"
    row = {"site": site, "hash": _hash(key), "label": label, "created_at": at}
    connection.execute(
        insert(api_keys).values(
            **row, scope=caller.scope.value, merchant=caller.merchant, station=caller.station
        )
    )
    return key


def find_caller(connection: Connection, site: str, key: str) -> Caller:
    """Return who holds a key; raises NoKey when nobody does, or no longer."""
    rows = run(connection, CALLER, (site, _hash(key)))
    if not rows:
        raise NoKey("the API key is unknown or revoked")
    scope, merchant, station, label = rows[0]
    return Caller(scope=Scope(scope), merchant=merchant, station=station, label=label)


def revoke_station_keys(connection: Connection, site: str, station: str, at: str) -> None:
    """Let no API key of a station open anything any more."""
    mine = (api_keys.c.site == site, api_keys.c.station == station, api_keys.c.revoked_at.is_(None))
    connection.execute(update(api_keys).where(*mine).values(revoked_at=at))


def _bearer(request: Request) -> str:
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not key or len(key) > LONGEST_KEY:
        raise NoKey("this route needs `Authorization: Bearer <API key>`")
    return key


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def own_merchant(caller: Caller) -> str:
    """The merchant of a shop's key; raises WrongScope for a key without one."""
    if caller.merchant is None:
        raise WrongScope("this key belongs to no merchant")
    return caller.merchant


def may_touch(caller: Caller, merchant: str) -> None:
    """Raise WrongScope where the key is bound to another merchant; one bound to none is for all."""
    if caller.merchant not in (None, merchant):
        raise WrongScope(f"this key is of merchant {caller.merchant}, not of {merchant}")


def own_station(caller: Caller) -> str:
    """The station of a station's key; raises WrongScope for a key without one."""
    if caller.station is None:
        raise WrongScope("this key belongs to no station")
    return caller.station
