"""How far the witnesses' quorum has seen the log, worked out from the cosignatures that are kept."""

from sqlalchemy import Connection

from inspection.custody.policy import TrustPolicy, accept
from inspection.errors import NotTrusted
from server.ledger.checkpoints import find, newest, with_cosignatures
from server.ledger.cosignatures import newest_cosigned
from server.refunds.gate import Gate

LOOKED_AT = 64
"""Cosigned checkpoints, newest first, that are tried at the start; an older one would let go little."""


def meets(policy: TrustPolicy, note: bytes) -> bool:
    """True when the policy asks for a quorum, and this checkpoint has it. Pure."""
    try:
        return accept(policy, note).witnessed
    except NotTrusted:
        return False


def is_witnessed(connection: Connection, site: str, size: int, policy: TrustPolicy) -> bool:
    """True when the checkpoint of this size meets the quorum with what has come so far."""
    kept = find(connection, site, size)
    return kept is not None and meets(policy, with_cosignatures(connection, site, kept))


def gate_by(connection: Connection, site: str, policy: TrustPolicy) -> Gate:
    """The gate under today's policy: what an earlier policy accepted counts for nothing."""
    if not policy.detects_forks:
        last = newest(connection, site)
        return Gate(required=False, covered=last.size if last else 0)
    sizes = newest_cosigned(connection, site, LOOKED_AT)
    met = (size for size in sizes if is_witnessed(connection, site, size, policy))
    return Gate(required=True, covered=next(met, 0))
