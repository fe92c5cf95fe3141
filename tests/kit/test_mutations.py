"""What is done to a log, its archive, its proofs and its packs is found, by three verifiers alike."""

from collections.abc import Callable
from random import Random

import pytest

from tests.kit.attacks import ACCEPT, Case, archive
from tests.kit.attacks_on_files import proof_of
from tests.kit.attacks_on_packs import pack
from tests.kit.judges import JUDGES
from tests.kit.mutations import DETECTED, UNDETECTED
from tests.kit.mutations_run import page, run
from tests.kit.world import large_world, true_world

CLASSES = len(DETECTED) + len(UNDETECTED)


@pytest.mark.parametrize("judge", JUDGES.values(), ids=JUDGES)
def test_what_nobody_touched_is_accepted(judge: Callable[[Case], str]) -> None:
    lines = {"leaves.jsonl": true_world().files["leaves.jsonl"]}
    cases = [archive(true_world()), archive(large_world()), archive(true_world(), files=lines)]
    cases += [pack(true_world().pack), proof_of(Random("a true proof"))]
    assert [judge(case) for case in cases] == [ACCEPT] * len(cases)


def test_every_attack_is_found_by_all_three_or_is_listed_as_one_that_nothing_finds() -> None:
    tally = run(17 * CLASSES)
    assert tally.wrong == []
    assert len(tally.made) == CLASSES


@pytest.mark.soak
def test_ten_thousand_attacks() -> None:
    assert run(10_000).wrong == []


def test_the_page_counts_what_was_done() -> None:
    shown = page(run(CLASSES))
    assert f"**{len(DETECTED)} attacks that must be found: regrade verify {len(DETECTED)} (100.00%)" in shown
    assert all(f"| {name} | 1 | 1 | 1 | 1 |" in shown for name in (*DETECTED, *UNDETECTED))
