"""All 914 Ed25519 edge cases of C2SP CCTV: which signatures our one rule takes, and which keys may enter.

The rule (`inspection/custody/signing.py`) has no cofactor and compares R byte for byte: a signature whose
torsion parts do not cancel, or whose R has a second encoding or small order, never verifies.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from inspection.custody.signing import check_public_key, verify_bytes
from inspection.errors import BadSignature

VECTORS = Path(__file__).parents[4] / "shared/vectors/ledger/c2sp-cctv/ed25519/ed25519vectors.json"

pytestmark = pytest.mark.skipif(
    not VECTORS.exists(), reason="Ed25519 edge cases are not beside this checkout"
)


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(VECTORS.read_text())
    assert len(found) == 914
    return found


def flags(case: dict[str, Any]) -> set[str]:
    return set(case["flags"] or ())


def verifies(case: dict[str, Any]) -> bool:
    try:
        verify_bytes(bytes.fromhex(case["key"]), case["msg"].encode(), bytes.fromhex(case["sig"]))
    except BadSignature:
        return False
    return True


def may_be_enrolled(key: str) -> bool:
    try:
        check_public_key(bytes.fromhex(key))
    except BadSignature:
        return False
    return True


def test_the_rule_takes_109_and_only_those_that_the_text_says(cases: list[dict[str, Any]]) -> None:
    taken = [case for case in cases if verifies(case)]
    assert len(taken) == 109
    assert not any({"non_canonical_R", "low_order_R"} & flags(case) for case in taken)
    # the flag was worked out for the k as sent, so it says nothing about a signature made with another k
    as_sent = [case for case in taken if "reencoded_k" not in flags(case)]
    assert not any("low_order_residue" in flags(case) for case in as_sent)


def test_the_rule_refuses_nothing_else(cases: list[dict[str, Any]]) -> None:
    wrong = {"low_order_residue", "low_order_R", "non_canonical_R", "reencoded_k"}
    assert all(verifies(case) for case in cases if not wrong & flags(case))


def test_keys_of_small_order_or_in_a_second_encoding_may_not_enter(cases: list[dict[str, Any]]) -> None:
    crafted = {case["key"] for case in cases if {"low_order_A", "non_canonical_A"} & flags(case)}
    keys = {case["key"] for case in cases}
    assert (len(keys), len(crafted)) == (22, 14)
    assert {key for key in keys if may_be_enrolled(key)} == keys - crafted


def test_under_keys_that_may_enter_it_takes_what_libsodium_takes(cases: list[dict[str, Any]]) -> None:
    """43 in number: what PyNaCl 1.6.2 took of the whole set when it was tried."""
    left = [case for case in cases if may_be_enrolled(case["key"]) and verifies(case)]
    assert len(left) == 43
    assert not any("reencoded_k" in flags(case) for case in left)
