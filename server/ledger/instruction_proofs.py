"""What goes with an instruction to a refund system that verifies by a policy of its own."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from inspection.messages.refund import InstructionProof
from server.db.ledger_tables import leaves
from server.ledger.checkpoints import Kept, find
from server.ledger.proofs import prove
from server.ledger.standing import standing_of
from server.refunds.gate import read_gate

Places = tuple[int, int]
"""Indexes of the verdict and of the instruction's own entry."""


def instruction_proofs(
    connection: Connection, site: str, wanted: Mapping[str, Places], shown: Kept | None
) -> dict[str, InstructionProof]:
    """What proves each instruction and its verdict; none of one that no checkpoint covers, or withheld.

    The checkpoint is the witnessed one where that covers the entry, else the newest shown.
    """
    found: dict[str, InstructionProof] = {}
    witnessed = find(connection, site, read_gate(connection, site).covered)
    least, left = standing_of(connection, site).min_index, dict(wanted)
    for kept in (witnessed, shown):
        if kept is not None:
            mine = {name: at for name, at in left.items() if max(at) < kept.size}
            left = {name: at for name, at in left.items() if name not in mine}
            shown_ones = {name: at for name, at in mine.items() if at[1] >= least}
            found |= _prove_all(connection, site, kept, shown_ones)
    return found


def _prove_all(
    connection: Connection, site: str, kept: Kept, wanted: Mapping[str, Places]
) -> dict[str, InstructionProof]:
    """All on one view of the tree: neighbours share its tiles."""
    indexes = [index for at in wanted.values() for index in at]
    proofs = iter([proof.to_bytes().decode() for proof in prove(connection, site, kept, indexes)])
    own = (leaves.c.site == site, leaves.c.seq.in_([at[1] for at in wanted.values()]))
    told = {row.seq: row.leaf for row in connection.execute(select(leaves.c.seq, leaves.c.leaf).where(*own))}
    made: dict[str, InstructionProof] = {}
    for name, (_, leaf_seq) in wanted.items():
        verdict, instruction = next(proofs), next(proofs)
        if told.get(leaf_seq):
            made[name] = InstructionProof(leaf=told[leaf_seq], instruction=instruction, verdict=verdict)
    return made
