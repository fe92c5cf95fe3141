"""Trust policies: how a file is read, and which checkpoints it accepts."""

from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from inspection.custody.checkpoint import Checkpoint, add_signatures, cosign, issue_checkpoint
from inspection.custody.merkle import leaf_hash
from inspection.custody.note import Algorithm, note_key, read_note
from inspection.custody.policy import (
    Cosigned,
    TrustedLog,
    TrustedWitness,
    TrustPolicy,
    WitnessGroup,
    accept,
    read_policy,
    write_policy,
)
from inspection.errors import BadMessage, BadSignature, DomainError, QuorumMissing, WrongLog

ORIGIN = "centre.example/site/s1"
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG = note_key(ORIGIN, LOG_KEY)
NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
WITNESS_KEYS = {
    name: Ed25519PrivateKey.from_private_bytes(bytes([at] * 32)) for at, name in enumerate(NAMES, start=1)
}
VKEYS = {
    name: note_key(f"{name}.example", key, Algorithm.COSIGNATURE_ED25519)
    for name, key in WITNESS_KEYS.items()
}
NOTE = issue_checkpoint(LOG_KEY, Checkpoint(origin=ORIGIN, size=1, root=leaf_hash(b"one")))

# The example of C2SP tlog-policy, with keys filled in.
EXAMPLE = f"""log {LOG.to_text()}

witness X1 {VKEYS["X1"].to_text()}
witness X2 {VKEYS["X2"].to_text()}
witness X3 {VKEYS["X3"].to_text()}
group X-witnesses 2 X1 X2 X3

witness Y1 {VKEYS["Y1"].to_text()}
witness Y2 {VKEYS["Y2"].to_text()}
witness Y3 {VKEYS["Y3"].to_text()}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""
POLICY = read_policy(EXAMPLE.encode())
NO_WITNESS = TrustPolicy(logs=(TrustedLog(key=LOG),))


def cosigned_by(*names: str, at_s: int = 1_700_000_000) -> bytes:
    text = read_note(NOTE).text
    return add_signatures(
        NOTE, *(cosign(WITNESS_KEYS[name], f"{name}.example", text, at_s) for name in names)
    )


def test_the_example_of_the_spec_is_read() -> None:
    assert [log.key for log in POLICY.logs] == [LOG]
    assert [witness.name for witness in POLICY.witnesses] == list(NAMES)
    assert POLICY.groups == (
        WitnessGroup(name="X-witnesses", threshold=2, members=("X1", "X2", "X3")),
        WitnessGroup(name="Y-witnesses", threshold=1, members=("Y1", "Y2", "Y3")),
        WitnessGroup(name="X-and-Y", threshold=2, members=("X-witnesses", "Y-witnesses")),
    )
    assert POLICY.detects_forks


@pytest.mark.parametrize(
    ("names", "met"),
    [
        ((), False),
        (("X1", "X2"), False),
        (("X1", "Y1"), False),
        (("Y1", "Y2", "Y3"), False),
        (("X1", "X3", "Y2"), True),
        (NAMES, True),
    ],
)
def test_a_checkpoint_is_accepted_when_the_quorum_cosigned(names: tuple[str, ...], met: bool) -> None:
    note = cosigned_by(*names)
    if not met:
        with pytest.raises(QuorumMissing, match=names[0] if names else "cosigned: none"):
            accept(POLICY, note)
        return
    accepted = accept(POLICY, note)
    assert (accepted.checkpoint.size, accepted.log, accepted.witnessed) == (1, LOG, True)
    assert accepted.cosigned == tuple(Cosigned(name=name, at_s=1_700_000_000) for name in names)


def test_without_a_quorum_a_checkpoint_is_accepted_and_not_called_witnessed() -> None:
    assert not NO_WITNESS.detects_forks
    assert not accept(NO_WITNESS, NOTE).witnessed
    accepted = accept(NO_WITNESS, cosigned_by("X1"))
    assert (accepted.witnessed, accepted.cosigned) == (False, ())


def test_one_wrong_cosignature_by_a_known_witness_spoils_the_checkpoint() -> None:
    other = issue_checkpoint(LOG_KEY, Checkpoint(origin=ORIGIN, size=2, root=leaf_hash(b"one")))
    line = cosign(WITNESS_KEYS["Y3"], "Y3.example", read_note(other).text, 1)
    with pytest.raises(BadSignature):
        accept(POLICY, add_signatures(cosigned_by("X1", "X2", "Y1"), line))


def test_a_witness_s_name_on_another_key_counts_for_nothing() -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(bytes([99] * 32))
    line = cosign(stranger, "Y1.example", read_note(NOTE).text, 1)
    with pytest.raises(QuorumMissing):
        accept(POLICY, add_signatures(cosigned_by("X1", "X2"), line))


def test_the_latest_time_of_a_witness_that_cosigned_twice_is_told() -> None:
    twice = add_signatures(
        cosigned_by("X1", "X2", "Y1", at_s=20), *read_note(cosigned_by("X1", at_s=30)).signatures
    )
    assert {each.name: each.at_s for each in accept(POLICY, twice).cosigned} == {"X1": 30, "X2": 20, "Y1": 20}


def test_a_policy_accepts_no_other_log() -> None:
    other = issue_checkpoint(LOG_KEY, Checkpoint(origin="other.example", size=1, root=leaf_hash(b"one")))
    with pytest.raises(WrongLog):
        accept(NO_WITNESS, other)
    with pytest.raises(WrongLog):
        accept(TrustPolicy(), NOTE)


def test_the_keys_of_a_log_are_those_under_its_name() -> None:
    new, other = (note_key(name, Ed25519PrivateKey.generate()) for name in (ORIGIN, "elsewhere"))
    policy = TrustPolicy(logs=tuple(TrustedLog(key=key) for key in (LOG, other, new)))
    assert policy.log_keys(ORIGIN) == (LOG.public_key, new.public_key)
    assert policy.log_keys("nowhere") == ()


def test_every_flipped_bit_of_a_cosigned_checkpoint_is_noticed() -> None:
    strict = TrustPolicy(
        logs=POLICY.logs,
        witnesses=POLICY.witnesses[:1],
        quorum="X1",
    )
    note = cosigned_by("X1")
    accept(strict, note)
    for bit in range(8 * len(note)):
        changed = bytearray(note)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DomainError):
            accept(strict, bytes(changed))


def test_a_policy_is_written_as_it_is_read() -> None:
    urls = TrustPolicy(
        logs=(TrustedLog(key=LOG, url="https://centre.example/site/s1"),),
        witnesses=(TrustedWitness(name="W", key=VKEYS["X1"], url="http://127.0.0.1:1"),),
        quorum="W",
    )
    for policy in (POLICY, NO_WITNESS, urls, TrustPolicy()):
        assert read_policy(write_policy(policy)) == policy
    assert write_policy(TrustPolicy()) == b"quorum none\n"


def test_blanks_comments_and_a_missing_last_newline_do_not_matter() -> None:
    spaced = EXAMPLE.replace(" ", " \t ").replace("\n", "\t\n  # a comment\n\n")
    assert read_policy(spaced.encode()) == POLICY
    assert read_policy(EXAMPLE.rstrip("\n").encode()) == POLICY
    assert read_policy("# ä\nquorum none".encode()) == TrustPolicy()


def test_a_name_is_its_bytes() -> None:
    vkey = VKEYS["X1"].to_text().encode()
    read = read_policy(b"witness \xff\xe2\x84\xaa " + vkey + b"\nquorum \xff\xe2\x84\xaa\n")
    assert read_policy(write_policy(read)) == read
    with pytest.raises(BadMessage):
        read_policy(b"witness K " + vkey + b"\nquorum \xe2\x84\xaa\n")


W1, W2 = (f"witness {name} {VKEYS[name].to_text()}\n" for name in ("X1", "X2"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no quorum"),
        ("quorum none\nquorum none\n", "line 2 .*quorum line already"),
        ("quorum X1\n" + W1, "line 1 .*not defined"),
        ("quorum\n", "must read"),
        ("quorum none none\n", "must read"),
        (W1 + W1 + "quorum none\n", "line 2 .*taken"),
        (W1 + W1.replace(" X1 ", " X9 ") + "quorum none\n", "twice"),
        (f"log {LOG.to_text()}\n" * 2 + "quorum none\n", "log key stands twice"),
        (f"log {VKEYS['X1'].to_text()}\nquorum none\n", "type 0x04, not 0x01"),
        (f"witness W {LOG.to_text()}\nquorum none\n", "type 0x01, not 0x04"),
        (W1.replace(" X1 ", " none ") + "quorum none\n", "taken"),
        ("group G any X1\n" + W1 + "quorum none\n", "line 1 .*not defined"),
        (W1 + "group G any none\nquorum none\n", "not defined"),
        (W1 + "group G any G\nquorum none\n", "not defined"),
        (W1 + "group G any\nquorum none\n", "must read"),
        (W1 + "group G 0 X1\nquorum none\n", "threshold"),
        (W1 + "group G 2 X1\nquorum none\n", "threshold"),
        (W1 + "group G 01 X1\nquorum none\n", "threshold"),
        (W1 + "group G some X1\nquorum none\n", "threshold"),
        (W1 + "group G 2 X1 X1\nquorum G\n", "member stands twice"),
        (W1 + W2 + "group G all X1\ngroup H any X1 X2\nquorum H\n", "member stands twice"),
        ("log\nquorum none\n", "must read"),
        ("log no-key\nquorum none\n", "line 1 .*verifier key"),
        ("witness W\nquorum none\n", "must read"),
        ("Quorum none\n", "unknown word"),
        ("quorum none\r\n", "control"),
        ("quorum none\x7f\n", "control"),
    ],
)
def test_a_file_that_is_no_policy_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(BadMessage, match=why):
        read_policy(text.encode())


def test_a_policy_cannot_be_made_of_parts_that_contradict_each_other() -> None:
    with pytest.raises(BadMessage, match="no witness and no group"):
        TrustPolicy(quorum="nobody")
    with pytest.raises(BadMessage, match="asks for 2 of 1"):
        TrustPolicy(
            witnesses=POLICY.witnesses, groups=(WitnessGroup(name="G", threshold=2, members=("X1",)),)
        )
    with pytest.raises(BadMessage, match="line 1"):
        write_policy(TrustPolicy(witnesses=(TrustedWitness(name="two words", key=VKEYS["X1"]),)))


def test_a_policy_with_32_of_everything_is_read() -> None:
    keys = [Ed25519PrivateKey.from_private_bytes(bytes([at] * 32)) for at in range(100, 132)]
    logs = tuple(TrustedLog(key=note_key(f"log{at}", key)) for at, key in enumerate(keys))
    witnesses = tuple(
        TrustedWitness(name=f"W{at}", key=note_key(f"w{at}", key, Algorithm.COSIGNATURE_ED25519))
        for at, key in enumerate(keys)
    )
    names = ["W0", *(f"G{at}" for at in range(32))]
    groups = tuple(
        WitnessGroup(name=name, threshold=1, members=(member,)) for member, name in pairwise(names)
    )
    policy = TrustPolicy(logs=logs, witnesses=witnesses, groups=groups, quorum="G31")
    assert read_policy(write_policy(policy)) == policy
    assert policy.is_met_by(["W0"])
    assert not policy.is_met_by(["W1"])


@st.composite
def policies(draw: st.DrawFn) -> TrustPolicy:
    free = list(NAMES[: draw(st.integers(1, len(NAMES)))])
    witnesses = tuple(TrustedWitness(name=name, key=VKEYS[name]) for name in free)
    groups: list[WitnessGroup] = []
    for at in range(draw(st.integers(0, 3))):
        members = draw(st.lists(st.sampled_from(free), min_size=1, unique=True))
        threshold = draw(st.integers(1, len(members)))
        groups.append(WitnessGroup(name=f"G{at}", threshold=threshold, members=tuple(members)))
        free = [name for name in free if name not in members] + [f"G{at}"]
    return TrustPolicy(witnesses=witnesses, groups=tuple(groups), quorum=draw(st.sampled_from(free)))


def has_witnessed(policy: TrustPolicy, name: str, cosigned: set[str]) -> bool:
    """The spec's sentence about groups, read literally."""
    for group in policy.groups:
        if group.name == name:
            return sum(has_witnessed(policy, member, cosigned) for member in group.members) >= group.threshold
    return name in cosigned


@given(policies(), st.sets(st.sampled_from(NAMES)))
def test_a_quorum_is_met_exactly_when_the_spec_says_so(policy: TrustPolicy, cosigned: set[str]) -> None:
    known = cosigned & {witness.name for witness in policy.witnesses}
    assert policy.is_met_by(known) == has_witnessed(policy, policy.quorum, known)
    assert read_policy(write_policy(policy)) == policy


def without_lines(gone: set[int]) -> bytes:
    lines = EXAMPLE.split("\n")
    return "\n".join(line for at, line in enumerate(lines) if at not in gone).encode()


@example(EXAMPLE.encode())
@given(st.binary() | st.sets(st.integers(0, EXAMPLE.count("\n")), max_size=3).map(without_lines))
def test_any_bytes_are_a_policy_or_refused(content: bytes) -> None:
    try:
        policy = read_policy(content)
    except BadMessage:
        return
    assert read_policy(write_policy(policy)) == policy
