"""Rules of stations: enrolment by a one-time code, revocation, standing."""

import base64
import hashlib
import secrets
from datetime import datetime

from sqlalchemy import Connection

from inspection.custody.leaf import EntryType
from inspection.custody.sealing import commit
from inspection.custody.signing import Domain, check_public_key, key_id, verify
from inspection.messages.base import time_text
from inspection.messages.entries import ApprovalEntry, ApprovalKind, KeyAddEntry, KeyRevokeEntry
from inspection.messages.station import (
    Enrolment,
    EnrolmentRequest,
    InspectorMessage,
    StationStanding,
)
from server.access import Caller, Scope, new_key, revoke_station_keys
from server.catalogue.repository import has_merchant
from server.errors import BadCode, BadRequest, Conflict, NotFound
from server.keys import ServerKeys
from server.ledger.entries import entry_of
from server.ledger.log import Entry, Log
from server.ledger.refill import recovering_from
from server.stations import repository
from server.stations.schemas import KeyRequest, NewInspector

CODE_BYTES = 10
"""80 bits: nobody guesses one within its quarter of an hour."""


def make_key(connection: Connection, log: Log, wanted: KeyRequest, by: str, now: datetime) -> str:
    """Make an API key for all but a station; raises BadRequest or NotFound.

    A console's key is a person's name from then on: that `by` made it stands in the ledger, because whoever
    could make a second one unseen would be two persons.
    """
    named = wanted.merchant is not None
    if wanted.scope != "references" and (wanted.scope == "shop") != named:
        raise BadRequest("a shop's key names its merchant, one for references may, and no other key does")
    if wanted.merchant is not None and not has_merchant(connection, log.site, wanted.merchant):
        raise NotFound(f"no merchant {wanted.merchant} is served here; add it first")
    caller = Caller(scope=Scope(wanted.scope), merchant=wanted.merchant)
    key = new_key(connection, log.site, caller, wanted.label, time_text(now))
    if caller.scope == Scope.CONSOLE:
        log.append(connection, _named(key, wanted.label, by, now), time_text(now))
    return key


def _named(key: str, label: str, by: str, now: datetime) -> Entry:
    """The entry that says who may act under a name; of the key only a hash's beginning."""
    name = f"console-key/{hashlib.sha256(key.encode()).hexdigest()[:32]}"
    body = ApprovalEntry(
        kind=ApprovalKind.STATEMENT, subject=name, reason=f"console key for {label}", by=(by,), at=now
    )
    return entry_of(EntryType.APPROVAL, body, name)


def make_code() -> str:
    """A fresh enrolment code: 16 base32 characters in four groups."""
    text = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode()
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def offer_code(connection: Connection, site: str, station: str, code: str, expires_at: datetime) -> None:
    """Let one station enrol with this code until it expires."""
    repository.add_code(connection, site, _hash(code), station, time_text(expires_at))


def check_proof(request: EnrolmentRequest) -> None:
    """Raise BadSignature unless the key may be enrolled and its holder signed the code."""
    check_public_key(request.public_key)
    verify(request.public_key, Domain.ENROLMENT, request.code.encode("ascii"), request.signature)


def enrol(
    connection: Connection, log: Log, keys: ServerKeys, request: EnrolmentRequest, at: str
) -> Enrolment:
    """Use the code up, record the key in the ledger, and give the station what it needs.

    What the station had before ends here: its API keys at once, its device key for every start to come.
    Raises BadCode, or Conflict for a key that is enrolled already. The caller has checked the proof.
    """
    station = repository.use_code(connection, log.site, _hash(request.code), at)
    if station is None:
        raise BadCode("the enrolment code is unknown, used or older than its 15 minutes: ask for a new one")
    key = key_id(request.public_key)
    repository.add_station(connection, log.site, station, at)
    if not repository.add_key(connection, log.site, key, station, request.public_key, at):
        raise Conflict("this key is enrolled already: let the station make a new one")
    repository.close_keys(connection, log.site, station, key, at)
    revoke_station_keys(connection, log.site, station, at)
    log.append(connection, _key_added(log.site, station, key, request.public_key), at)
    caller = Caller(scope=Scope.STATION, station=station)
    return Enrolment(
        station=station,
        site=log.site,
        origin=log.origin,
        api_key=new_key(connection, log.site, caller, f"station {station}", at),
        log_public_key=keys.log_public,
        sealing_public_key=keys.sealing_public,
        badge_salt=keys.badge_salt,
    )


def revoke(connection: Connection, log: Log, station: str, at: str) -> tuple[str, ...]:
    """Let no key of a station be good any more, and record it; raises NotFound when it has none."""
    revoked = repository.revoke_keys(connection, log.site, station, at)
    if not revoked:
        raise NotFound(f"station {station[:32]!r} has no key that is good")
    revoke_station_keys(connection, log.site, station, at)
    for key in revoked:
        body = KeyRevokeEntry(station=station, site=log.site, key=key)
        log.append(connection, entry_of(EntryType.KEY_REVOKE, body), at)
    return tuple(revoked)


def standing(connection: Connection, log: Log, station: str, now: datetime) -> StationStanding:
    """What the centre knows of a station's key; raises NotFound when none is good."""
    key = repository.newest_key(connection, log.site, station)
    if key is None:
        raise NotFound(f"station {station} has no key that is good: enrol it again")
    boot, counter = repository.newest_boot(connection, log.site, key) or (None, 0)
    size, lacking_from = lacking(connection, log, station)
    return StationStanding(
        station=station,
        site=log.site,
        key=key,
        boot=boot,
        counter=counter,
        centre_time=now,
        ledger_size=size,
        recovering_from=lacking_from,
    )


def lacking(connection: Connection, log: Log, station: str) -> tuple[int, int | None]:
    """How long the ledger is, and from which entry on it lacks what this station may hold."""
    return log.head(connection).size, recovering_from(connection, log.site, station)


def inspector_of(wanted: NewInspector, site: str, badge_salt: bytes) -> InspectorMessage:
    """The inspector as stations know them; raises BadRequest for another site."""
    if wanted.site != site:
        raise NotFound(f"this centre serves site {site}, not {wanted.site}")
    return InspectorMessage(
        id=wanted.id,
        display_name=wanted.display_name,
        badge_commitment=commit(badge_salt, wanted.badge),
        language=wanted.language,
        role=wanted.role,
    )


def _key_added(site: str, station: str, key: str, public_key: bytes) -> Entry:
    return entry_of(
        EntryType.KEY_ADD, KeyAddEntry(station=station, site=site, key=key, public_key=public_key)
    )


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode("ascii")).hexdigest()
