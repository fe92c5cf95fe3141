"""Attacks by whoever holds the files and no key: bytes, lines, parts, receipts and proofs."""

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from random import Random

import orjson

from inspection.custody.merkle import leaf_hash
from tests.kit.attacks import (
    Attack,
    Case,
    archive,
    edited,
    lines_or_archive,
)
from tests.kit.world import (
    HELD_RECEIPT,
    large_world,
    text,
    true_world,
)

FIELDS = {
    "leaf origin": rb'"log":"([^"]*)"',
    "leaf seq": rb'"seq":(\d+)',
    "leaf prev": rb'"prev":"([^"]*)"',
    "leaf type": rb'"type":"([^"]*)"',
    "leaf id": rb'"id":"([^"]*)","log"',
    "leaf recorded_at": rb'"recorded_at":"([^"]*)"',
    "leaf version": rb'"type":"[^"]*","v":(\d+)',
    "device signature": rb'"signature":"([^"]*)"',
    "device key": rb'"device":\{"key":"([^"]*)"',
    "body": rb'"body":(\{.*\}),"device"',
    "body grade": rb'"grade":"([^"]*)"',
    "body amount": rb'"target_total_minor":(\d+)',
    "personal commitment": rb'"order":"([0-9a-f]{64})"',
    "evidence hash": rb'"ciphertext_sha256":"([^"]*)"',
    "photo commitment": rb'"plaintext_commitment":"([^"]*)"',
    "station key": rb'"public_key":"([^"]*)"',
}
HEADER_FIELDS = {
    "header": rb"\A(.*)\n",
    "header origin": rb'\A.*?"origin":"([^"]*)"',
    "header size": rb'\A.*?"size":(\d+)',
    "header head": rb'\A.*?"head":"([^"]*)"',
    "header key": rb'\A.*?"log_public_key":"([^"]*)"',
    "checkpoint origin": rb'\A\{"checkpoint":"([^\\]*)',
    "checkpoint size": rb'\A\{"checkpoint":"[^\\]*\\n(\d+)',
    "checkpoint root": rb'\A\{"checkpoint":"[^\\]*\\n\d+\\n([^\\]*)',
    "checkpoint signature": rb'\A\{"checkpoint":"[^"]*?\\n\\n\S+ \S+ ([^\\]*)',
    "checkpoint cosignature": rb'\A\{"checkpoint":"[^"]*?\\n\\n[^"]*?\\n\S+ \S+ ([^\\]*)',
}


def field_attack(pattern: bytes) -> Attack:
    def attack(rng: Random) -> Case:
        return lines_or_archive(rng, edited(rng, archive(true_world()), "leaves.jsonl", pattern))

    return attack


def part_attack(choose: str, pattern: bytes | None = None) -> Attack:
    """One byte of one of the archive's parts."""

    def attack(rng: Random) -> Case:
        world = large_world() if choose.startswith("tile") and rng.random() < 0.2 else true_world()
        name = rng.choice(sorted(name for name in world.files if re.match(choose, name)))
        return edited(rng, archive(world), name, pattern)

    return attack


def on_lines(change: Callable[[Random, list[bytes]], None]) -> Attack:
    """Something done to the order of the lines."""

    def attack(rng: Random) -> Case:
        case = archive(true_world())
        header, *leaves = case.files["leaves.jsonl"].split(b"\n")[:-1]
        change(rng, leaves)
        content = b"".join(line + b"\n" for line in (header, *leaves))
        return lines_or_archive(rng, replace(case, files=case.files | {"leaves.jsonl": content}))

    return attack


def swap(rng: Random, leaves: list[bytes]) -> None:
    one, other = rng.sample(range(len(leaves)), 2)
    leaves[one], leaves[other] = leaves[other], leaves[one]


def move(rng: Random, leaves: list[bytes]) -> None:
    one, other = rng.sample(range(len(leaves)), 2)
    leaves.insert(other, leaves.pop(one))


def copy(rng: Random, leaves: list[bytes]) -> None:
    leaves.insert(rng.randrange(len(leaves) + 1), rng.choice(leaves))


def stranger(rng: Random, leaves: list[bytes]) -> None:
    alien = rng.choice([b"", b"{}", b'"' + b"0" * 64 + b'"', rng.choice(large_world().log.leaves[20:])])
    leaves.insert(rng.randrange(len(leaves) + 1), alien)


def drop(rng: Random, leaves: list[bytes]) -> None:
    del leaves[rng.randrange(len(leaves) - 1)]


def cut(rng: Random, leaves: list[bytes]) -> None:
    del leaves[rng.randrange(len(leaves)) :]


def hide(rng: Random, leaves: list[bytes]) -> None:
    """Only a hash, where retention did not drop a body."""
    at = rng.randrange(1, len(leaves))
    leaves[at] = f'"{leaf_hash(leaves[at]).hex()}"'.encode()


def part_missing(rng: Random) -> Case:
    case = archive(true_world() if rng.random() < 0.7 else large_world())
    name = rng.choice(sorted(case.files.keys() - {"policy", "checkpoints/4", "checkpoints/8"}))
    return replace(case, files={each: case.files[each] for each in case.files if each != name})


def part_stray(rng: Random) -> Case:
    case = archive(true_world())
    name = rng.choice(["tile/0/001", "tile/1/000", "leaves", "checkpoints/x", "a", "tile/entries/000.p/3"])
    return replace(case, files=case.files | {name: rng.choice(list(case.files.values()))})


def parts_swapped(rng: Random) -> Case:
    case = archive(large_world())
    names = sorted(case.files.keys() - {"policy"})
    one, other = rng.sample(names, 2)
    return replace(case, files=case.files | {one: case.files[other], other: case.files[one]})


def receipt_edited(rng: Random) -> Case:
    """A receipt that is not what the log gave out."""
    case = archive(true_world(), checkpoints=())
    value = orjson.loads(case.receipts[0])
    if rng.random() < 0.5:
        name = rng.choice(["signature", "leaf"])
        raw = bytearray(base64.b64decode(value[name]))
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        value[name] = text(bytes(raw))
    else:
        value["index"] = rng.choice([each for each in range(20) if each != HELD_RECEIPT])
    return lines_or_archive(rng, replace(case, receipts=(orjson.dumps(value),)))


def proof_of(rng: Random, **changes: bytes) -> Case:
    index = rng.randrange(true_world().size)
    files = {"leaf": true_world().log.leaves[index], "proof": true_world().proofs[index]}
    return Case(files=files | changes, policy=true_world().policy)


PROOF_PARTS = {
    "proof version": rb"\A([^\n]*)\n",
    "proof index": rb"\nindex (\d+)\n",
    "proof hash": rb"\n([A-Za-z0-9+/]{43}=)(?=\n[^\n]*\n)",
    "proof checkpoint text": rb"\n\n(\S+\n\d+\n\S+\n)\n",
    "proof signature": rb"\n\n\S+ \S+ (\S+)\n",
    "proof cosignature": rb"\n\n[^\n]*\n\S+ \S+ (\S+)\n\Z",
}


def proof_attack(pattern: bytes) -> Attack:
    return lambda rng: edited(rng, proof_of(rng), "proof", pattern)


def proof_lines(rng: Random) -> Case:
    """A hash of the proof dropped, doubled or moved."""
    case = proof_of(rng)
    head, _, note = case.files["proof"].partition(b"\n\n")
    lines = head.split(b"\n")
    at = rng.randrange(2, len(lines))
    how = rng.randrange(3)
    if how == 0:
        del lines[at]
    elif how == 1:
        lines.insert(at, lines[at])
    else:
        lines[2:] = lines[:1:-1]
    return replace(case, files=case.files | {"proof": b"\n".join(lines) + b"\n\n" + note})


def proof_of_other(rng: Random) -> Case:
    """Somebody else's proof."""
    case = proof_of(rng)
    others = [proof for index, proof in true_world().proofs.items() if proof != case.files["proof"]]
    return replace(case, files=case.files | {"proof": rng.choice(others)})


def proof_leaf(rng: Random) -> Case:
    return edited(rng, proof_of(rng), "leaf")
