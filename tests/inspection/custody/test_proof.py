"""The proof file: what it proves, to whom, and what is no proof."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from inspection.custody.checkpoint import Checkpoint, add_signatures, cosign, issue_checkpoint
from inspection.custody.merkle import leaf_hash, node_hash, root_of
from inspection.custody.note import Algorithm, note_key, read_note
from inspection.custody.policy import TrustedLog, TrustedWitness, TrustPolicy
from inspection.custody.proof import MAX_PROOF_BYTES, TlogProof, check_proof, read_proof
from inspection.errors import BadMessage, BadProof, DomainError, QuorumMissing, WrongLog

ORIGIN = "centre.example/site/s1"
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
WITNESS = note_key("w.example", WITNESS_KEY, Algorithm.COSIGNATURE_ED25519)
POLICY = TrustPolicy(
    logs=(TrustedLog(key=note_key(ORIGIN, LOG_KEY)),),
    witnesses=(TrustedWitness(name="W", key=WITNESS),),
    quorum="W",
)
LEAVES = [b"zero", b"one", b"two"]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
SIGNED = issue_checkpoint(LOG_KEY, Checkpoint(origin=ORIGIN, size=3, root=root_of(HASHES)))
NOTE = add_signatures(SIGNED, cosign(WITNESS_KEY, WITNESS.name, read_note(SIGNED).text, 1_700_000_000))
PROOF = TlogProof(index=1, hashes=(HASHES[0], HASHES[2]), checkpoint=NOTE)


def test_a_proof_proves_its_leaf_offline() -> None:
    accepted = check_proof(read_proof(PROOF.to_bytes()), b"one", POLICY)
    assert (accepted.checkpoint.size, accepted.witnessed) == (3, True)
    last = TlogProof(index=2, hashes=(node_hash(HASHES[0], HASHES[1]),), checkpoint=NOTE)
    assert check_proof(last, b"two", POLICY).cosigned[0].at_s == 1_700_000_000


def test_the_file_reads_as_the_spec_shows_it() -> None:
    proof = TlogProof(index=0, hashes=(HASHES[1],), checkpoint=NOTE, extra=b"age")
    lines = proof.to_bytes().decode().split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra YWdl", "index 0"]
    assert lines[4:7] == ["", ORIGIN, "3"]
    assert PROOF.to_bytes().startswith(b"c2sp.org/tlog-proof@v1\nindex 1\n")
    assert PROOF.to_bytes().endswith(b"\n\n" + NOTE)


@pytest.mark.parametrize(("leaf", "index"), [(b"two", 1), (b"one", 0), (b"one", 2), (b"one", 3)])
def test_a_proof_proves_no_other_leaf_and_no_other_place(leaf: bytes, index: int) -> None:
    with pytest.raises(BadProof):
        check_proof(TlogProof(index=index, hashes=PROOF.hashes, checkpoint=NOTE), leaf, POLICY)


def test_a_proof_under_a_checkpoint_without_its_witness_is_not_enough() -> None:
    with pytest.raises(QuorumMissing):
        check_proof(TlogProof(index=1, hashes=PROOF.hashes, checkpoint=SIGNED), b"one", POLICY)


def test_a_proof_from_another_log_is_named_so() -> None:
    other = issue_checkpoint(LOG_KEY, Checkpoint(origin="other.example", size=3, root=root_of(HASHES)))
    with pytest.raises(WrongLog):
        check_proof(TlogProof(index=1, hashes=PROOF.hashes, checkpoint=other), b"one", POLICY)


def test_every_flipped_bit_of_a_proof_is_noticed() -> None:
    whole = PROOF.to_bytes()
    for bit in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DomainError):
            check_proof(read_proof(bytes(changed)), b"one", POLICY)


def test_a_proof_cut_anywhere_is_noticed() -> None:
    whole = PROOF.to_bytes()
    for cut in range(len(whole)):
        with pytest.raises(DomainError):
            check_proof(read_proof(whole[:cut]), b"one", POLICY)


HEAD = b"c2sp.org/tlog-proof@v1\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        NOTE,
        HEAD + b"\n" + NOTE,
        HEAD + b"index 1",
        HEAD + b"index 1\n\nno note",
        HEAD + b"index 01\n\n" + NOTE,
        HEAD + b"index -1\n\n" + NOTE,
        HEAD + b"index 9223372036854775808\n\n" + NOTE,
        HEAD + b"extra YQ\nindex 1\n\n" + NOTE,
        HEAD + b"index 1\nextra YQ==\n\n" + NOTE,
        HEAD + b"extra YQ==\nextra YQ==\nindex 1\n\n" + NOTE,
        HEAD + b"index 1\nAAAA\n\n" + NOTE,
        HEAD + b"index 1\n" + b"\xff" * 44 + b"\n\n" + NOTE,
        HEAD + b"index 1\r\n\n" + NOTE,
        HEAD + b"index 1\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + NOTE,
        b"c2sp.org/tlog-proof@v2\nindex 1\n\n" + NOTE,
        bytes(MAX_PROOF_BYTES + 1),
    ],
)
def test_what_is_no_proof_is_refused(content: bytes) -> None:
    with pytest.raises(BadMessage):
        read_proof(content)


def test_a_proof_that_no_reader_would_take_is_not_written() -> None:
    for wrong in (
        TlogProof(index=-1, hashes=(), checkpoint=NOTE),
        TlogProof(index=1, hashes=(b"short",), checkpoint=NOTE),
        TlogProof(index=1, hashes=(), checkpoint=b"no note"),
        TlogProof(index=1, hashes=(), checkpoint=NOTE, extra=bytes(MAX_PROOF_BYTES)),
    ):
        with pytest.raises(BadMessage):
            wrong.to_bytes()


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.none() | st.binary(max_size=100),
)
def test_a_proof_comes_back(index: int, hashes: list[bytes], extra: bytes | None) -> None:
    proof = TlogProof(index=index, hashes=tuple(hashes), checkpoint=NOTE, extra=extra)
    assert read_proof(proof.to_bytes()) == proof


def one_byte_changed(place: int, bit: int) -> bytes:
    content = bytearray(PROOF.to_bytes())
    content[place % len(content)] ^= 1 << bit
    return bytes(content)


@example(PROOF.to_bytes())
@given(st.binary() | st.builds(one_byte_changed, st.integers(0, 4095), st.integers(0, 7)))
def test_any_bytes_are_a_proof_in_its_one_spelling_or_refused(content: bytes) -> None:
    for whole in (content, HEAD + content + b"\n\n" + NOTE, HEAD + b"index 1\n" + content + b"\n" + NOTE):
        try:
            proof = read_proof(whole)
        except BadMessage:
            continue
        assert proof.to_bytes() == whole
