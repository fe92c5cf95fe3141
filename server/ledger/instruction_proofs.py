"""What goes with an instruction to a refund system that verifies by a policy of its own."""

from sqlalchemy import Connection

from inspection.messages.refund import InstructionProof
from server.errors import Withheld
from server.ledger.checkpoints import Kept, find
from server.ledger.proofs import prove, read_leaves
from server.refunds.gate import read_gate


def covering(connection: Connection, site: str, index: int, shown: Kept | None) -> Kept | None:
    """The checkpoint to prove an entry by: the witnessed one where it covers it, else the newest shown."""
    covered = read_gate(connection, site).covered
    kept = find(connection, site, covered) if covered > index else shown
    return kept if kept is not None and kept.size > index else None


def instruction_proof(
    connection: Connection, site: str, verdict_seq: int, leaf_seq: int, shown: Kept | None
) -> InstructionProof | None:
    """What proves an instruction and its verdict; None until a checkpoint covers both, or once withheld."""
    kept = covering(connection, site, leaf_seq, shown)
    if kept is None:
        return None
    try:
        (leaf,) = read_leaves(connection, site, leaf_seq, leaf_seq + 1)
    except Withheld:
        return None
    verdict, own = prove(connection, site, kept, (verdict_seq, leaf_seq))
    return InstructionProof(
        leaf=leaf, instruction=own.to_bytes().decode(), verdict=verdict.to_bytes().decode()
    )
