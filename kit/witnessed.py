"""Whether an instruction and its verdict stand in the history that a quorum of witnesses has seen."""

from inspection.custody.canonical import canonical
from inspection.custody.leaf import EntryType, read_leaf
from inspection.custody.policy import TrustPolicy
from inspection.custody.proof import TlogProof, check_proof, read_proof
from inspection.errors import DomainError, NotTrusted
from inspection.messages.entries import InstructionEntry
from inspection.messages.refund import InstructionEvent, InstructionProof
from inspection.record import InspectionRecord
from kit.errors import Contradiction, Malformed, Untrusted


def check_witnessed(
    event: InstructionEvent, record: InspectionRecord, policy: TrustPolicy, origin: str
) -> None:
    """Raise Untrusted, Malformed or Contradiction unless the policy accepts what proves this event.

    Without a quorum a missing proof is no fault: the receipt holds, and the entry may not be shown any more.
    """
    if event.proof is None:
        if policy.detects_forks:
            raise Untrusted(f"the event has no proof that {policy.quorum} has seen it")
        return
    _check_entry(event.verdict.index, event.verdict.leaf, event.proof.verdict, policy, origin)
    index = _check_instruction(event, event.proof, record, origin)
    _check_entry(index, event.proof.leaf, event.proof.instruction, policy, origin)


def _check_entry(index: int, leaf: bytes, proof: str, policy: TrustPolicy, origin: str) -> None:
    found = _read(proof)
    try:
        accepted = check_proof(found, leaf, policy)
    except NotTrusted as error:
        raise Untrusted(f"proof of entry {index}: {error}") from error
    except DomainError as error:
        raise Malformed(f"proof of entry {index}: {error}") from error
    if (accepted.checkpoint.origin, found.index) != (origin, index):
        raise Contradiction(f"the proof is of entry {found.index} of {accepted.checkpoint.origin}")


def _read(proof: str) -> TlogProof:
    try:
        return read_proof(proof.encode())
    except (DomainError, UnicodeEncodeError) as error:
        raise Malformed(f"proof: {error}") from error


def _check_instruction(
    event: InstructionEvent, proof: InstructionProof, record: InspectionRecord, origin: str
) -> int:
    """The entry must say what the event says, the order as the commitment that the station signed."""
    try:
        leaf = read_leaf(proof.leaf)
    except DomainError as error:
        raise Malformed(f"leaf of the instruction: {error}") from error
    place = (leaf.log, leaf.type, leaf.id)
    if place != (origin, EntryType.REFUND_INSTRUCTION, f"instruction:{event.instruction.id}"):
        raise Contradiction("the proof is of another entry than the instruction's own")
    told = event.instruction.model_dump(exclude={"order"}) | {"order_commitment": record.personal.order}
    try:
        said = InstructionEntry.read(canonical(leaf.body))  # an older one has fewer fields
    except DomainError as error:
        raise Malformed(f"body of the instruction's entry: {error}") from error
    if said != InstructionEntry.model_validate(told):
        raise Contradiction("the instruction is not what its entry in the ledger says")
    return leaf.seq
