"""With a quorum in its policy a refund system pays only what the witnesses have seen too."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.checkpoint import Checkpoint, cosign, issue_checkpoint, read_checkpoint_text
from inspection.custody.note import Algorithm, Note, note_key, read_note
from inspection.custody.policy import TrustedLog, TrustedWitness, TrustPolicy
from inspection.custody.proof import read_proof
from inspection.custody.signing import public_bytes
from inspection.messages.refund import InstructionEvent, InstructionProof
from inspection.messages.webhook import sign_webhook
from inspection.messages.webhook_keys import SigningKey
from kit.errors import Contradiction, Malformed, Rejected, Untrusted
from kit.receiver import Trust, check_event, signed_body

GOLDEN = Path(__file__).parents[1] / "golden/messages/refund.InstructionEvent.json"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
"""The example key: of the log, and of the webhooks."""
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
NAME = "pay.example/witness"
NOW_S = 1_769_846_400
Change = Callable[[bytes], bytes]


@pytest.fixture
def event() -> InstructionEvent:
    return InstructionEvent.read(GOLDEN.read_bytes().rstrip())


@pytest.fixture
def proof(event: InstructionEvent) -> InstructionProof:
    assert event.proof is not None
    return event.proof


@pytest.fixture
def trust(event: InstructionEvent) -> Trust:
    policy = TrustPolicy(
        logs=(TrustedLog(key=note_key(event.verdict.origin, KEY)),),
        witnesses=(TrustedWitness(name="ours", key=note_key(NAME, WITNESS, Algorithm.COSIGNATURE_ED25519)),),
        quorum="ours",
    )
    return Trust(
        webhook_keys=(SigningKey(KEY).verifying(),),
        log_key=public_bytes(KEY),
        origin=event.verdict.origin,
        merchant="m1",
        policy=policy,
    )


def check(event: InstructionEvent, trust: Trust, **changes: Any) -> InstructionEvent:
    body = event.model_copy(update=changes).to_json()
    return check_event(
        signed_body(sign_webhook((SigningKey(KEY),), event.instruction.id, NOW_S, body), body), trust, NOW_S
    )


def noted(proof: str, change: Change) -> str:
    """The proof with another checkpoint under it."""
    found = read_proof(proof.encode())
    return replace(found, checkpoint=change(found.checkpoint)).to_bytes().decode()


def without_cosignature(note: bytes) -> bytes:
    found = read_note(note)
    return Note(text=found.text, signatures=found.signatures[:1]).to_bytes()


def cosigned_by_another(note: bytes) -> bytes:
    found = read_note(without_cosignature(note))
    line = cosign(Ed25519PrivateKey.generate(), NAME, found.text, NOW_S)
    return Note(text=found.text, signatures=(*found.signatures, line)).to_bytes()


def of_another_history(note: bytes) -> bytes:
    """The log signs whatever it likes; the witness did not."""
    told = read_checkpoint_text(read_note(note).text)
    return issue_checkpoint(KEY, Checkpoint(origin=told.origin, size=told.size, root=bytes(32)))


def with_a_broken_line(note: bytes) -> bytes:
    found = read_note(note)
    own, line = found.signatures
    broken = replace(line, signature=line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
    return Note(text=found.text, signatures=(own, broken)).to_bytes()


def test_what_the_quorum_has_seen_is_believed(event: InstructionEvent, trust: Trust) -> None:
    assert check(event, trust) == event


@pytest.mark.parametrize("which", ["instruction", "verdict"])
@pytest.mark.parametrize(
    "change", [without_cosignature, cosigned_by_another, of_another_history, with_a_broken_line]
)
def test_what_it_has_not_seen_is_not(
    event: InstructionEvent, proof: InstructionProof, trust: Trust, which: str, change: Change
) -> None:
    changed = proof.model_copy(update={which: noted(getattr(proof, which), change)})
    with pytest.raises(Untrusted, match="proof of entry"):
        check(event, trust, proof=changed)


def test_an_event_without_a_proof_is_refused_where_a_quorum_is_asked_for(
    event: InstructionEvent, trust: Trust
) -> None:
    with pytest.raises(Untrusted, match="no proof that ours has seen it"):
        check(event, trust, proof=None)


def test_without_a_quorum_a_missing_proof_is_no_fault_and_a_wrong_one_is(
    event: InstructionEvent, proof: InstructionProof, trust: Trust
) -> None:
    assert trust.policy is not None
    lax = replace(trust, policy=replace(trust.policy, quorum="none"))
    assert check(event, lax, proof=None).proof is None
    changed = proof.model_copy(update={"verdict": noted(proof.verdict, of_another_history)})
    with pytest.raises(Untrusted):
        check(event, lax, proof=changed)


def test_a_receiver_without_a_policy_goes_by_the_receipt_alone(event: InstructionEvent, trust: Trust) -> None:
    assert check(event, replace(trust, policy=None), proof=None).verdict == event.verdict


def test_whoever_has_the_webhook_key_alone_cannot_change_the_amount(
    event: InstructionEvent, trust: Trust
) -> None:
    dearer = event.instruction.model_copy(update={"target_total_minor": 9_032})
    with pytest.raises(Contradiction, match="not what its entry in the ledger says"):
        check(event, trust, instruction=dearer)


def test_the_proofs_are_of_the_entries_that_the_event_names(
    event: InstructionEvent, proof: InstructionProof, trust: Trust
) -> None:
    swapped = InstructionProof(leaf=proof.leaf, instruction=proof.verdict, verdict=proof.instruction)
    with pytest.raises(Rejected):
        check(event, trust, proof=swapped)
    verdict_as_instruction = proof.model_copy(update={"leaf": event.verdict.leaf})
    with pytest.raises(Contradiction):
        check(event, trust, proof=verdict_as_instruction)


def test_a_policy_for_another_log_believes_nothing(event: InstructionEvent, trust: Trust) -> None:
    assert trust.policy is not None
    other = TrustedLog(key=note_key("other.example/site/s1", KEY))
    with pytest.raises(Untrusted):
        check(event, replace(trust, policy=replace(trust.policy, logs=(other,))))


@pytest.mark.parametrize("which", ["instruction", "verdict"])
@pytest.mark.parametrize("text", ["", "c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v2\nindex 0\n\nx"])
def test_what_is_no_proof_is_malformed(
    event: InstructionEvent, proof: InstructionProof, trust: Trust, which: str, text: str
) -> None:
    with pytest.raises(Malformed):
        check(event, trust, proof=proof.model_copy(update={which: text}))


def test_a_leaf_that_is_none_is_malformed(
    event: InstructionEvent, proof: InstructionProof, trust: Trust
) -> None:
    with pytest.raises(Malformed):
        check(event, trust, proof=proof.model_copy(update={"leaf": b"{}"}))
