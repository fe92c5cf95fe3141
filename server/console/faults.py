"""What stations count as faults, in short words: codes of several trees, with the uplink's prefixes."""

from collections.abc import Mapping

from inspection.words.catalog import Words

SPACES = ("console.fault_", "hold.", "error.", "refusal.", "fault.", "exception.")
"""Where a code may have its words, nearest first."""
PREFIXES = ("refused_", "held_", "uplink_", "centre_")
"""What a station puts before a code to say who reported it."""
MOST_FAULTS = 3


def top_faults(faults: Mapping[str, int], words: Words) -> tuple[tuple[str, int], ...]:
    """The most frequent, as (what, how often since its start); several codes may mean the same."""
    counted: dict[str, int] = {}
    for code, count in faults.items():
        said = fault(words, code)
        counted[said] = counted.get(said, 0) + count
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return tuple(ordered[:MOST_FAULTS])


def fault(words: Words, code: str) -> str:
    """What happened, without the advice to the person at the bench; a code without words stays one."""
    bare = next((code.removeprefix(each) for each in PREFIXES if code.startswith(each)), code)
    known = (words.texts.get(f"{space}{name}") for name in (code, bare) for space in SPACES)
    return first_sentence(next((said for said in known if said), code))


def first_sentence(said: str) -> str:
    """The sentence that says what is wrong: our words put it before what to do."""
    ends = [at for end in (". ", "。", "！", "! ") if (at := said.find(end)) > 0]
    return said[: min(ends)] if ends else said.rstrip(".。!！")
