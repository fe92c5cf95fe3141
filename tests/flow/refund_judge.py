"""What came of a soak of refunds, held against its script: pure but for the books that it is given."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.strict.faults import Rates, fails_later
from inspection.refund_exceptions import CaseKind
from tests.flow.refund_script import PERHAPS, Plot, Script

LIVE = ("pending", "succeeded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What everybody says at the end."""

    refunds: Sequence[Mapping[str, Any]]
    """Of both refund systems: every movement of money."""
    paid: Mapping[str, int]
    """By unit, by the centre's books."""
    cases: Mapping[str, frozenset[str]]
    """By unit: every kind of case that it ever had."""
    seed: int
    rates: Rates


def wrong(script: Script, books: Books) -> Iterator[str]:
    """Every refund that was not settled exactly once to the cent, and every case that was not planned."""
    moved, by_hand, live = _money(books.refunds)
    for plot in script.plots:
        unit = plot.unit
        if moved[unit] != plot.expected_minor:
            yield f"{unit} ({plot.story}): {moved[unit]} was paid, {plot.expected_minor} is owed"
        if by_hand[unit] != plot.by_hand_minor and plot.story.value != "another_refund_of_the_payment":
            yield f"{unit} ({plot.story}): {by_hand[unit]} was paid by hand, not {plot.by_hand_minor}"
        whole = plot.expected_minor + plot.by_hand_minor
        if books.paid.get(unit, 0) != whole:
            yield f"{unit} ({plot.story}): the centre's books say {books.paid.get(unit, 0)}, not {whole}"
        yield from _cases(plot, books)
    known = {plot.unit for plot in script.plots}
    yield from (
        f"{unit}: {amount} was paid for nothing" for unit, amount in moved.items() if unit not in known
    )
    # what failed of an older instruction is paid again under the newest, beside what that one owed more
    failed = {row["key"].partition("#")[0] for row in books.refunds if row["status"] == "failed"}
    for key, count in live.items():
        if count > 1 and key.partition("#")[0] not in failed:
            yield f"{key}: paid {count} times"


def _money(refunds: Iterable[Mapping[str, Any]]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """By unit what the centre moved, what others did, and by instruction how often it was paid."""
    moved, by_hand, live = Counter[str](), Counter[str](), Counter[str]()
    for row in refunds:
        if row["status"] not in LIVE:
            continue
        if row["key"].startswith("hand/"):
            by_hand[row["key"].removeprefix("hand/")] += row["amount"]
        else:
            moved[row["key"].partition("#")[0]] += row["amount"]
            live[row["key"].rpartition("/")[0]] += 1
    return moved, by_hand, live


def _cases(plot: Plot, books: Books) -> Iterator[str]:
    had = books.cases.get(plot.unit, frozenset())
    allowed = {kind.value for kind in PERHAPS} | ({plot.case.value} if plot.case else set())
    if plot.case is CaseKind.REFUND_WITHOUT_RETURN:
        allowed.add(CaseKind.ALREADY_REFUNDED.value)
    if plot.case and plot.case.value not in had:
        yield f"{plot.unit} ({plot.story}): no case of {plot.case.value}"
    if strange := had - allowed:
        yield f"{plot.unit} ({plot.story}): unplanned cases {', '.join(sorted(strange))}"
    late = {CaseKind.LATE_FAILURE.value, CaseKind.REJECTED.value}
    planned = fails_later(books.seed, f"{plot.unit}#1/1", books.rates)
    if had & late and not planned:
        yield f"{plot.unit} ({plot.story}): a case of {', '.join(sorted(had & late))} without a failure"


def late_failures(script: Script, books: Books) -> tuple[int, int]:
    """Refunds that failed after they were done, and units that had a case of it."""
    failed = {row["key"].partition("#")[0] for row in books.refunds if row["status"] == "failed"}
    late = {CaseKind.LATE_FAILURE.value, CaseKind.REJECTED.value}
    seen = {plot.unit for plot in script.plots if books.cases.get(plot.unit, frozenset()) & late}
    return len(failed), len(seen & failed)


def kinds_of(rows: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Cases by unit, from rows of unit and kind."""
    found: dict[str, set[str]] = defaultdict(set)
    for unit, kind in rows:
        found[unit].add(kind)
    return {unit: frozenset(kinds) for unit, kinds in found.items()}
