"""A witness's decisions: one row for each answer that the protocol knows."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from inspection.custody.checkpoint import Checkpoint, add_signatures, issue_checkpoint
from inspection.custody.merkle import EMPTY_ROOT, leaf_hash, root_of
from inspection.custody.note import note_key, read_note
from inspection.custody.tiles import TreeView
from inspection.custody.witnessing import (
    MAX_REQUEST_BYTES,
    Accept,
    AddCheckpoint,
    Refuse,
    Seen,
    decide,
    read_add_checkpoint,
    read_conflict,
)
from inspection.errors import BadMessage

ORIGIN = "centre.example/site/s1"
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
KEYS = [note_key(ORIGIN, LOG_KEY), note_key("other.example", OTHER_KEY)]
HASHES = [leaf_hash(b"%d" % number) for number in range(12)]
ROOTS = [root_of(HASHES[:size]) for size in range(len(HASHES) + 1)]

# The request of C2SP tlog-witness, as the spec shows it.
PUBLISHED = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa \
Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa \
opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6265UEjw6QUXTS5Rovnzv++qbSzm9Q=
""".encode()


def signed(
    size: int, root: bytes | None = None, key: Ed25519PrivateKey = LOG_KEY, origin: str = ORIGIN
) -> bytes:
    return issue_checkpoint(key, Checkpoint(origin=origin, size=size, root=root or ROOTS[size]))


def consistency(old: int, new: int) -> tuple[bytes, ...]:
    return TreeView(new, lambda level, index, width: b"".join(HASHES[:width])).consistency(old)


def request(old: int, new: int, proof: tuple[bytes, ...] | None = None, note: bytes = b"") -> AddCheckpoint:
    asked = consistency(old, new) if proof is None else proof
    return AddCheckpoint(old_size=old, proof=asked, checkpoint=note or signed(new))


def seen(size: int) -> Seen | None:
    return Seen(size=size, root=ROOTS[size]) if size else None


def test_the_request_that_the_spec_shows_comes_back_byte_for_byte() -> None:
    found = read_add_checkpoint(PUBLISHED)
    assert (found.old_size, len(found.proof), found.origin) == (20852014, 4, "example.com/behind-the-sofa")
    assert found.to_bytes() == PUBLISHED


@pytest.mark.parametrize("new", range(1, 13))
def test_every_true_growth_is_accepted_and_seen_from_then_on(new: int) -> None:
    for old in range(new + 1):
        decision = decide(read_add_checkpoint(request(old, new).to_bytes()), seen(old), KEYS)
        assert isinstance(decision, Accept)
        assert decision.seen == Seen(size=new, root=ROOTS[new])
        assert decision.checkpoint.origin == ORIGIN


def test_a_log_without_entries_is_accepted_with_the_root_of_nothing_only() -> None:
    assert isinstance(decide(request(0, 0, ()), None, KEYS), Accept)
    wrong = decide(request(0, 0, (), signed(0, HASHES[0])), None, KEYS)
    assert isinstance(wrong, Refuse)
    assert (wrong.status, wrong.reason) == (409, "fork")


FORGED = add_signatures(signed(6), *read_note(signed(5)).signatures)


@pytest.mark.parametrize(
    ("asked", "known", "status", "reason"),
    [
        (request(0, 5, (), signed(5, origin="unknown.example")), 0, 404, "wrong_log"),
        (request(0, 5, (), signed(5, key=OTHER_KEY)), 0, 403, "bad_signature"),
        (request(0, 6, (), FORGED), 0, 403, "bad_signature"),
        (request(6, 5, ()), 6, 400, "old_too_large"),
        (request(0, 5), 4, 409, "stale"),
        (request(3, 5), 4, 409, "stale"),
        (request(5, 6), 4, 409, "stale"),
        (request(5, 6), 0, 409, "stale"),
        (request(5, 5, (), signed(5, ROOTS[4])), 5, 409, "fork"),
        (request(5, 5, (HASHES[0],)), 5, 422, "bad_proof"),
        (request(0, 5, (HASHES[0],)), 0, 422, "bad_proof"),
        (request(4, 6, ()), 4, 422, "bad_proof"),
        (request(4, 6, consistency(5, 6)), 4, 422, "bad_proof"),
        (request(4, 6, consistency(4, 6), signed(6, ROOTS[7])), 4, 422, "bad_proof"),
    ],
)
def test_every_other_request_has_its_answer(
    asked: AddCheckpoint, known: int, status: int, reason: str
) -> None:
    decision = decide(asked, seen(known), KEYS)
    assert isinstance(decision, Refuse)
    assert (decision.status, decision.reason) == (status, reason)
    assert decision.body.endswith("\n")
    if status == 409:
        assert decision.content_type == "text/x.tlog.size"
        assert read_conflict(decision.body.encode()) == known
    else:
        assert decision.content_type.startswith("text/plain")


def test_a_rewritten_log_cannot_be_made_to_follow_what_was_seen() -> None:
    rewritten = [leaf_hash(b"other"), *HASHES[1:8]]
    view = TreeView(8, lambda level, index, width: b"".join(rewritten[:width]))
    for old in range(1, 8):
        asked = request(old, 8, view.consistency(old), signed(8, view.root()))
        decision = decide(asked, seen(old), KEYS)
        assert isinstance(decision, Refuse)
        assert (decision.status, decision.reason) == (422, "bad_proof")


def test_a_checkpoint_that_is_none_is_a_bad_request() -> None:
    text_only = AddCheckpoint(
        old_size=0, proof=(), checkpoint=b"a\nb\nc\n\n" + signed(1).partition(b"\n\n")[2]
    )
    decision = decide(text_only, None, KEYS)
    assert isinstance(decision, Refuse)
    assert (decision.status, decision.reason) == (400, "bad_message")


NOTE = signed(5)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        NOTE,
        b"old 4\n",
        b"old 04\n\n" + NOTE,
        b"old\n\n" + NOTE,
        b"old -1\n\n" + NOTE,
        b"new 4\n\n" + NOTE,
        b"old 4\nAAAA\n\n" + NOTE,
        b"old 4\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + NOTE,
        b"old 4\n\nno checkpoint\n",
        b"old 4\n\n" + NOTE[:-1],
        bytes(MAX_REQUEST_BYTES + 1),
    ],
)
def test_what_is_no_request_is_refused(content: bytes) -> None:
    with pytest.raises(BadMessage):
        read_add_checkpoint(content)


def one_byte_changed(place: int, bit: int) -> bytes:
    content = bytearray(PUBLISHED)
    content[place % len(content)] ^= 1 << bit
    return bytes(content)


@example(PUBLISHED)
@given(st.binary() | st.builds(one_byte_changed, st.integers(0, 4095), st.integers(0, 7)))
def test_any_bytes_are_a_request_in_its_one_spelling_or_refused(content: bytes) -> None:
    for whole in (content, content + b"\n\n" + NOTE, b"old 4\n" + content + b"\n" + NOTE):
        try:
            found = read_add_checkpoint(whole)
        except BadMessage:
            continue
        assert found.to_bytes() == whole


@pytest.mark.parametrize("body", [b"", b"5", b"05\n", b"5\n\n", b"five\n", b"\xff\n", b"-1\n"])
def test_a_conflict_s_answer_is_one_number(body: bytes) -> None:
    with pytest.raises(BadMessage):
        read_conflict(body)


def test_a_request_that_no_witness_would_take_is_not_written() -> None:
    for wrong in (
        AddCheckpoint(old_size=-1, proof=(), checkpoint=NOTE),
        AddCheckpoint(old_size=1, proof=(EMPTY_ROOT,) * 64, checkpoint=NOTE),
        AddCheckpoint(old_size=1, proof=(), checkpoint=b""),
    ):
        with pytest.raises(BadMessage):
            wrong.to_bytes()
