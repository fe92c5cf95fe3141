"""Two more verifiers, one of them in the standard library alone: all must always agree."""

import hashlib
import io
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.custody.leaf import leaf_hash_hex
from inspection.custody.policy import write_policy
from kit.verify import verify_log
from tests.kit import reference

Log = Any


def holds(content: bytes, demanded: str, index: int) -> bool:
    """Follow `prev` from a demanded leaf hash at an index down to the first line."""
    lines = content.split(b"\n")[1:-1]
    for at in range(index, -1, -1):
        if at >= len(lines) or hashlib.sha256(b"\x00" + lines[at]).hexdigest() != demanded:
            return False
        demanded = json.loads(lines[at])["prev"]
    return demanded == "0" * 64


def by_the_specifications(content: bytes, log: Log) -> bool:
    """The verifier of reference.py on the same lines."""
    trust = reference.read_trust(write_policy(log.policy()))
    try:
        return not reference.check_log({"leaves.jsonl": content}, trust, [], [])
    except reference.DECIDED:
        return False


@st.composite
def attacks(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """A few things done to a log of twelve entries, one after the other."""
    what = st.sampled_from(["flip", "drop", "swap", "copy", "cut"])
    return draw(st.lists(st.tuples(what, st.integers(0, 11), st.integers(0, 11)), max_size=4))


def attack(leaves: list[bytes], what: str, one: int, other: int) -> None:
    """Do one thing, where there still is something to do it to."""
    one, other = min(one, len(leaves) - 1), min(other, len(leaves) - 1)
    if one < 0:
        return
    match what:
        case "flip":
            at = other * 17 % len(leaves[one])
            leaves[one] = leaves[one][:at] + bytes([leaves[one][at] ^ 1]) + leaves[one][at + 1 :]
        case "drop":
            del leaves[one]
        case "swap":
            leaves[one], leaves[other] = leaves[other], leaves[one]
        case "copy":
            leaves.insert(one, leaves[other])
        case "cut":
            del leaves[one:]


@given(done=attacks(), index=st.integers(0, 11))
@settings(max_examples=400, deadline=None)
def test_both_verifiers_agree_on_whatever_is_done(
    log: Log, done: list[tuple[str, int, int]], index: int
) -> None:
    leaves = list(log.leaves)
    for what, one, other in done:
        attack(leaves, what, one, other)
    content = log.export(leaves)
    whole = holds(content, leaf_hash_hex(log.leaves[-1]), 11) and len(leaves) == 12
    report = verify_log(io.BytesIO(content), log.receipt(index), log.public)
    assert report.verified == whole == by_the_specifications(content, log)
    proven = holds(content, leaf_hash_hex(log.leaves[index]), index)
    first_bad = min((problem.index for problem in report.problems if problem.index is not None), default=99)
    assert proven or first_bad <= index
