"""Which rules the centre works under, as entries: one at each change, noticed when the centre starts."""

import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType
from inspection.messages.entries import PolicyEntry, PolicyKind
from inspection.policy import Policy
from server.db.tables import noted_policies
from server.ledger.entries import entry_of
from server.ledger.log import Log
from server.ledger.trust import FILE_NAME as TRUST

LONGEST_NAME = 64
CENTRE = "centre"
"""Who put a policy in force that was found in the centre's folder."""


def policy_sha256(policy: Policy) -> str:
    """Hash of a refund policy's canonical bytes: the one that stations put into their records."""
    return hashlib.sha256(canonical(policy.to_wire())).hexdigest()


def rules_in_force(directory: Path, policy: Policy) -> Iterator[tuple[PolicyKind, str, str]]:
    """Kind, name and hash of the rules that the centre starts with."""
    yield PolicyKind.REFUND, policy.id, policy_sha256(policy)
    trust = directory / TRUST
    if trust.is_file():
        yield PolicyKind.TRUST, TRUST, hashlib.sha256(trust.read_bytes()).hexdigest()


def note_policy(
    connection: Connection, log: Log, kind: PolicyKind, name: str, sha256: str, at: str
) -> int | None:
    """Append that these rules hold from here on; None where the newest entry of the kind says so already."""
    mine = (noted_policies.c.site == log.site, noted_policies.c.kind == kind.value)
    known = connection.execute(select(noted_policies.c.sha256).where(*mine)).scalar()
    if known == sha256:
        return None
    body = PolicyEntry(kind=kind, name=name[:LONGEST_NAME], sha256=sha256, by=CENTRE)
    place = log.append(connection, entry_of(EntryType.POLICY, body, f"{kind}/{secrets.token_hex(8)}"), at)
    row = {"site": log.site, "kind": kind.value, "sha256": sha256, "leaf_seq": place.seq}
    fresh = insert(noted_policies).values(row)
    connection.execute(fresh.on_conflict_do_update(index_elements=["site", "kind"], set_=row))
    return place.seq
