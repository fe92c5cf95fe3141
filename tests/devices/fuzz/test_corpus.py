"""The kept inputs of the fuzzer, asked again; and mutations of them, the same ones each time."""

from random import Random

import pytest

from tests.devices.fuzz.run import MOST_KEPT, STATUS, Outcome, page
from tests.devices.fuzz.targets import CORPUS, TARGETS, Target

MUTATIONS = 300
"""Of each target."""


def inputs(name: str) -> list[bytes]:
    """What is kept of a target, and its seeds."""
    return [*TARGETS[name].seeds, *(path.read_bytes() for path in sorted((CORPUS / name).glob("*")))]


def mutated(content: bytes, chance: Random) -> bytes:
    """One input with a few bytes changed, or cut, or doubled."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(4):
            case 0:
                changed[at:at] = chance.randbytes(chance.randint(1, 8))
            case 1:
                del changed[at : at + chance.randint(1, 8)]
            case 2:
                changed[at:at] = changed[: chance.randint(1, 64)]
            case _:
                changed[at : at + 1] = chance.randbytes(1)
    return bytes(changed)


def ask(target: Target, content: bytes) -> None:
    """Ask, and name the input where it is not answered well."""
    try:
        target.ask(content)
    except Exception as error:
        error.add_note(f"input: {content.hex()}")
        raise


@pytest.mark.parametrize("name", TARGETS)
def test_every_kept_input_is_answered_well(name: str) -> None:
    found = inputs(name)
    assert found
    for content in found:
        ask(TARGETS[name], content)


@pytest.mark.parametrize("name", TARGETS)
def test_mutations_of_the_kept_inputs_are_answered_well(name: str) -> None:
    chance, found = Random(name), inputs(name)
    for _ in range(MUTATIONS):
        ask(TARGETS[name], mutated(chance.choice(found), chance))


def test_the_corpus_has_a_folder_for_nothing_else_and_stays_small() -> None:
    assert {path.name for path in CORPUS.iterdir()} <= set(TARGETS)
    for folder in CORPUS.iterdir():
        assert len(list(folder.iterdir())) <= MOST_KEPT


def test_a_line_of_the_fuzzer_is_read() -> None:
    line = "#27507\tDONE   cov: 61 ft: 303 corp: 62/2124b lim: 135 exec/s: 4584 rss: 75Mb\n"
    [found] = STATUS.finditer(line)
    assert found.groupdict() == {"runs": "27507", "cov": "61", "ft": "303", "rss": "75"}


def test_the_page_names_what_crashed() -> None:
    good = Outcome(runs=1000, branches=7, features=9, growth_mib=0, crash=None)
    bad = Outcome(runs=3, branches=1, features=1, growth_mib=0, crash="KeyError: 0")
    shown = page({"nci": good, "ohaus": bad}, 60)
    assert "**Crashes: 1: ohaus." in shown
    assert "| nci | 1,000 | 7 | 9 | 0 |  |" in shown
    assert good.is_good
    assert not bad.is_good
