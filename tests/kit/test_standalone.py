"""The one file in every pack: short enough to be read, and no more lenient than the program."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.merkle import leaf_hash
from inspection.custody.note import Algorithm, note_key, read_note
from inspection.custody.policy import write_policy
from inspection.custody.signing import public_bytes, verify_bytes
from inspection.custody.tiles import TileReader, TreeView, tile_path
from inspection.errors import BadSignature
from kit.tree import GrowingTree
from tests.kit.attacks import ACCEPT, REJECT, Case
from tests.kit.attacks_on_files import proof_of
from tests.kit.judges import JUDGES, standalone_module
from tests.kit.world import STORY, key, new_log, pack_of, tell, text, true_world, world_of

MOST_LINES = 300
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
NEUTRAL = (1).to_bytes(32, "little")


def with_neutral_r(secret: Ed25519PrivateKey, message: bytes) -> bytes:
    """A signature whose R is the neutral point: S = k a fulfils R = [S]B - [k]A (RFC 8032, section 5.1.7)."""
    digest = bytearray(hashlib.sha512(secret.private_bytes_raw()).digest()[:32])
    digest[0] &= 0xF8
    digest[31] = digest[31] & 0x7F | 0x40
    hashed = hashlib.sha512(NEUTRAL + public_bytes(secret) + message).digest()
    s = int.from_bytes(hashed, "little") * int.from_bytes(digest, "little") % GROUP_ORDER
    return NEUTRAL + s.to_bytes(32, "little")


def test_an_auditor_reads_it_in_one_sitting() -> None:
    lines = Path(standalone_module().__file__ or "").read_text().splitlines()
    assert len(lines) <= MOST_LINES
    assert max(map(len, lines)) <= 110


def test_it_takes_no_signature_whose_r_has_small_order() -> None:
    public, signature = public_bytes(key("log")), with_neutral_r(key("log"), b"said")
    key("log").public_key().verify(signature, b"said")  # cryptography alone takes it
    with pytest.raises(BadSignature, match="small order"):
        verify_bytes(public, b"said", signature)
    assert not standalone_module().signed(public, signature, b"said")
    assert standalone_module().signed(public, key("log").sign(b"said"), b"said")


@pytest.mark.parametrize("judge", JUDGES.values(), ids=JUDGES)
def test_a_proof_under_a_signature_with_a_small_r_is_refused(judge: Callable[[Case], str]) -> None:
    case = proof_of(Random("a true proof"))
    head, _, note = case.files["proof"].partition(b"\n\n")
    signature = read_note(note).signatures[0]
    forged = with_neutral_r(key("log"), read_note(note).text.encode())
    true, small = (text(signature.key_id + each).encode() for each in (signature.signature, forged))
    assert note.count(true) == 1
    changed = replace(case, files=case.files | {"proof": head + b"\n\n" + note.replace(true, small)})
    assert (judge(case), judge(changed)) == (ACCEPT, REJECT)


@pytest.mark.parametrize("judge", JUDGES.values(), ids=JUDGES)
def test_entries_proven_in_another_trusted_log_are_refused(judge: Callable[[Case], str]) -> None:
    other = replace(true_world().log, origin="centre.example/site/s2", key=key("log of s2"))
    mine = other.policy()
    both = replace(mine, logs=(*true_world().log.policy().logs, *mine.logs))
    files = pack_of(true_world().log, world_of(other).proofs)
    photos = {name: content for name, content in true_world().pack.items() if "photos" in name}
    case = Case(files=files | photos, policy=write_policy(both))
    assert judge(replace(case, files=true_world().pack)) == ACCEPT
    assert judge(case) == REJECT


@pytest.mark.parametrize("judge", JUDGES.values(), ids=JUDGES)
@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-01-31T08:13:00.000000Z", ACCEPT),
        ("2026-W05-6T08:13:00.000000Z", REJECT),
        ("2026-1-31T8:13:0.0Z", REJECT),
        ("2026-01-31T24:00:00.000000Z", REJECT),
        ("2026-02-30T08:13:00.000000Z", REJECT),
        ("2026-01-31 08:13:00.000000Z", REJECT),
        ("\u0662026-01-31T08:13:00.000000Z", REJECT),
    ],
)
def test_a_time_has_one_spelling(judge: Callable[[Case], str], at: str, expected: str) -> None:
    log = tell(new_log(), STORY[:-1])
    log.at = at
    STORY[-1](log)
    files = world_of(log).files
    for shown in (files, {"leaves.jsonl": files["leaves.jsonl"]}):
        assert judge(Case(files=shown, policy=true_world().policy)) == expected


@pytest.mark.parametrize("judge", JUDGES.values(), ids=JUDGES)
@pytest.mark.parametrize(
    ("quorum", "expected"),
    [
        ("group g any w1 w2", ACCEPT),
        ("group g 1 w1 w2", ACCEPT),
        ("group a any w1\ngroup g any a w2", ACCEPT),
        ("group g 2 w1 w2", REJECT),
        ("group g 2 w1 w1", REJECT),
        ("group g any w1 w1", REJECT),
        ("group a any w1\ngroup b any w1\ngroup g 2 a b", REJECT),
        ("group a any w1 w2\ngroup g 2 a w1", REJECT),
        ("group g 01 w1 w2", REJECT),
        ("group g +1 w1 w2", REJECT),
    ],
)
def test_nobody_counts_twice_for_a_quorum(judge: Callable[[Case], str], quorum: str, expected: str) -> None:
    second = note_key("w2.example", key("w2"), Algorithm.COSIGNATURE_ED25519).to_text()
    policy = true_world().policy.decode().replace("quorum w1", f"witness w2 {second}\n{quorum}\nquorum g")
    assert judge(Case(files=true_world().files, policy=policy.encode())) == expected


def test_proofs_in_trees_of_any_shape_hold_for_their_own_place_alone() -> None:
    alone, leaves = standalone_module(), [b"%d" % number for number in range(40)]
    policy = alone.Policy(true_world().policy.decode())
    log = replace(true_world().log, leaves=leaves)
    for size in range(1, len(leaves) + 1):
        view, note = TreeView(size, tiles_over(leaves[:size])), log.checkpoint(size)
        for index in range(size):
            hashes = [text(each) for each in view.inclusion(index)]
            assert accepts(policy, index, hashes, note, leaves[index])
            assert not accepts(policy, index, [*hashes, text(bytes(32))], note, leaves[index])
            assert not hashes or not accepts(policy, index, hashes[:-1], note, leaves[index])
            wrong = (index + 1, index ^ 1, index + size, size)
            assert not any(accepts(policy, each, hashes, note, leaves[index]) for each in wrong)


def accepts(policy: object, index: int, hashes: list[str], note: bytes, leaf: bytes) -> bool:
    proof = "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *hashes]).encode() + b"\n\n" + note
    module = standalone_module()
    try:
        return bool(module.check_proof(proof, leaf, policy)[0] == index)
    except module.Failed:
        return False


def tiles_over(leaves: list[bytes]) -> TileReader:
    tiles: dict[tuple[int, int], bytes] = {}
    tree = GrowingTree(on_tile=lambda level, index, content: tiles.update({(level, index): content}))
    tree.add_all(map(leaf_hash, leaves))
    tree.finish()
    return lambda level, index, width: tiles[level, index][: 32 * width]


@pytest.mark.parametrize("index", [0, 7, 999, 1000, 1234067, 10**9])
@pytest.mark.parametrize("width", [1, 255, 256])
def test_tiles_lie_where_the_program_puts_them(index: int, width: int) -> None:
    part = [bytes(32)] * width
    assert standalone_module().tile_path(1, 256 * index, part) == tile_path(1, index, width)
