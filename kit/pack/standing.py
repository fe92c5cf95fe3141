"""In which signed tree a case is proven, and who says so."""

from dataclasses import dataclass

from inspection.custody.note import write_base64
from inspection.custody.policy import accept, read_policy
from inspection.custody.proof import read_proof
from kit.pack.case import EvidenceCase
from kit.pack.told import Both, say

QR_LINES = 3
"""Origin, size and root: what a reader compares with the log itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The newest checkpoint that the case is proven in."""

    origin: str
    size: int
    root: str
    """Base64, as in the checkpoint."""
    log_key: str
    """The log's verifier key, as in a policy."""
    witnesses: Both
    code: str
    """The checkpoint's first lines, for a QR code."""


def standing(case: EvidenceCase) -> Standing:
    """Check the newest checkpoint by the case's own policy; raises NotTrusted or BadMessage."""
    note = read_proof(case.entries[-1].proof).checkpoint
    policy = read_policy(case.policy)
    accepted = accept(policy, note)
    names = ", ".join(each.name for each in accepted.cosigned)
    told = say("pack.witnessed", names=names) if policy.detects_forks else say("pack.not_witnessed")
    checkpoint = accepted.checkpoint
    return Standing(
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=write_base64(checkpoint.root),
        log_key=accepted.log.to_text(),
        witnesses=told,
        code="\n".join(note.decode().split("\n")[:QR_LINES]),
    )
