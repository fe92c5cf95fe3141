"""Put seeded attacks before three verifiers and count: `python -m tests.kit.mutations_run --count 10000`.

Prints a page for docs/peers; every attack can be made again from its class and number.
"""

import argparse
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle, islice
from random import Random

from tests.kit.judges import JUDGES
from tests.kit.mutations import DETECTED, UNDETECTED


@dataclass(kw_only=True)
class Tally:
    """What came of the attacks."""

    made: Counter[str] = field(default_factory=Counter)
    """Attacks by class."""
    right: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By class and verifier: as often as it said what must be said."""
    wrong: list[str] = field(default_factory=list)
    """Attacks on which somebody was wrong, one line each."""
    took_s: float = 0.0


def attacks(count: int) -> Iterator[tuple[str, int]]:
    """Class and number, each class in its turn."""
    names = [*DETECTED, *UNDETECTED]
    return ((name, turn // len(names)) for turn, name in enumerate(islice(cycle(names), count)))


def run(count: int) -> Tally:
    """Make attacks and judge them."""
    tally, began = Tally(), time.monotonic()
    for name, number in attacks(count):
        attack = DETECTED.get(name) or UNDETECTED[name]
        case = attack(Random(f"{name}/{number}"))
        said = {judge: decide(case) for judge, decide in JUDGES.items()}
        tally.made[name] += 1
        for judge, verdict in said.items():
            tally.right[name, judge] += verdict == case.expected
        if set(said.values()) != {case.expected}:
            tally.wrong.append(f"{name}/{number}: must be {case.expected}, was {said}")
    tally.took_s = time.monotonic() - began
    return tally


def page(tally: Tally) -> str:
    """The tally in Markdown."""
    total = sum(tally.made.values())
    bad = sum(tally.made[name] for name in DETECTED)
    lines = [
        f"# Mutations of the ledger, {datetime.now(UTC):%Y-%m-%d}",
        "",
        f"`make mutations ARGS='--count {total}'`; Python {platform.python_version()}, {tally.took_s:.0f} s. "
        "Each attack is put before three verifiers that share no code: `regrade verify`, the one file "
        "`regrade_verify.py`, and the tests' own, written from the specifications. They must agree.",
        "",
        f"**{bad} attacks that must be found: {_share(tally, DETECTED, bad)}.** "
        f"{total - bad} that nothing can find from these files: accepted by all, as listed below. "
        f"Disagreements: {len(tally.wrong)}.",
        "",
        "## Found",
        "",
        *_table(tally, list(DETECTED)),
        "",
        "## Not to be found from these files",
        "",
        "What helps stands in docs/ledger.md, beside each of them.",
        "",
        *_table(tally, list(UNDETECTED)),
    ]
    lines += ["", "## Wrong", "", *(f"- {line}" for line in tally.wrong)] if tally.wrong else []
    return "\n".join(lines) + "\n"


def _share(tally: Tally, names: Iterable[str], bad: int) -> str:
    found = {judge: sum(tally.right[name, judge] for name in names) for judge in JUDGES}
    return ", ".join(f"{judge} {count} ({count / bad:.2%})" for judge, count in found.items())


def _table(tally: Tally, names: list[str]) -> Iterator[str]:
    yield f"| class | attacks | {' | '.join(JUDGES)} |"
    yield "|---|---|" + "---|" * len(JUDGES)
    for name in names:
        counts = " | ".join(str(tally.right[name, judge]) for judge in JUDGES)
        yield f"| {name} | {tally.made[name]} | {counts} |"


def main() -> int:
    """Print the page; 1 when any verifier was wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=10_000)
    tally = run(parser.parse_args().count)
    print(page(tally), end="")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
