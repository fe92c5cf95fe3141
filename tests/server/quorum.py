"""A centre whose trust policy asks for a witness, and that witness."""

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.checkpoint import cosign
from inspection.custody.note import Algorithm, note_key, read_note
from inspection.custody.policy import TrustedWitness
from server.ledger.cosignatures import keep_cosignature
from server.refunds.gate import lets_go

if TYPE_CHECKING:
    from server.centre import Centre

WITNESS = Ed25519PrivateKey.from_private_bytes(sha256(b"witness").digest())
WITNESS_KEY = note_key("finance.example/w", WITNESS, Algorithm.COSIGNATURE_ED25519)
AT_S = 1_777_900_000


def with_quorum(centre: "Centre") -> "Centre":
    """The centre under a policy that asks for one witness."""
    witness = TrustedWitness(name="finance", key=WITNESS_KEY, url="http://127.0.0.1:9/")
    return replace(centre, trust=replace(centre.trust, witnesses=(witness,), quorum="finance"))


async def let_witness_see(centre: "Centre") -> int:
    """The witness cosigns the newest checkpoint; returns its size."""
    kept = await centre.checkpoints.now()
    line = cosign(WITNESS, WITNESS_KEY.name, read_note(kept.note).text, AT_S)
    site, size = centre.site, kept.size
    await centre.writer.submit(lambda c: keep_cosignature(c, site, size, "finance", line, AT_S))
    await centre.writer.submit(lambda c: lets_go(c, site, size))
    return size
