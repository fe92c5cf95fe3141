"""A case before a verifier, and how to change one byte of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from inspection.custody.policy import TrustPolicy, read_policy, write_policy
from tests.kit.world import (
    Files,
    World,
    true_world,
)

REJECT, REMARK, ACCEPT = "reject", "remark", "accept"


@dataclass(frozen=True, kw_only=True)
class Case:
    """Something put before the verifiers."""

    files: Files
    """Of an archive or a pack; `leaves.jsonl` alone for lines; `leaf` and `proof` for a proof."""
    policy: bytes
    receipts: tuple[bytes, ...] = ()
    checkpoints: tuple[bytes, ...] = ()
    expected: str = REJECT


Attack = Callable[[Random], Case]


def archive(world: World, **changes: Any) -> Case:
    """The archive of a world before somebody who holds an older checkpoint and a receipt."""
    held = true_world()
    case = Case(
        files=dict(world.files), policy=held.policy, receipts=held.receipts, checkpoints=held.checkpoints
    )
    return replace(case, **changes)


def naive(world: World, **changes: Any) -> Case:
    """The archive before somebody who holds nothing, and asks for no witness."""
    lax = without_quorum(true_world().policy)
    return replace(Case(files=dict(world.files), policy=lax), **changes)


def without_quorum(policy: bytes) -> bytes:
    return write_policy(TrustPolicy(logs=read_policy(policy).logs))


def lines_or_archive(rng: Random, case: Case) -> Case:
    """Half of the attacks on lines are seen through the lines alone."""
    if rng.random() < 0.5:
        return replace(case, files={"leaves.jsonl": case.files["leaves.jsonl"]})
    return case


def edit(rng: Random, content: bytes, start: int = 0, end: int | None = None) -> bytes:
    """Change, drop or insert one byte of a part of it; never without effect."""
    end = len(content) if end is None else end
    at = rng.randrange(start, end)
    how = rng.randrange(4)
    if how == 0:
        return content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :]
    if how == 1:
        other = rng.choice([each for each in b"0123456789abcdefABCDEF+/=" if each != content[at]])
        return content[:at] + bytes([other]) + content[at + 1 :]
    if how == 2:
        return content[:at] + content[at + 1 :]
    return content[:at] + bytes([rng.randrange(32, 127)]) + content[at:]


def edited(rng: Random, case: Case, name: str, pattern: bytes | None = None) -> Case:
    """The case with one byte of a file changed, inside group 1 of some match of the pattern."""
    content = case.files[name]
    spans = [match.span(1) for match in re.finditer(pattern, content)] if pattern else [(0, len(content))]
    start, end = rng.choice([span for span in spans if span[0] < span[1]])
    return replace(case, files=case.files | {name: edit(rng, content, start, end)})
