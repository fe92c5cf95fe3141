"""What falls short, as sentences made of the figures: nobody has to remember to be honest."""

from collections.abc import Iterator
from statistics import fmean

from models.evaluation.book import Book, GradeResult, SetResult
from models.evaluation.sets import SETS

MUCH_ECE = 0.10
PEERS_COST = 1 / 3
"""Of a peer's CPU time: what the comparison is to take at most."""
MANY_ALARMS = 0.05
MANY_UNGRADED = 0.10
LITTLE_RECALL = 0.80
ROUNDED = 0.0005
"""The floors are known to three digits."""
AIMED = {"rendered": 0.80, "sealed": 0.80}
"""Kappa that rendered returns of unseen objects and lights are to reach."""
WELL_AGREED = 0.6
"""Kappa; below it two graders are not said to agree substantially (Landis and Koch, 1977)."""


def shortfalls(book: Book) -> list[str]:
    """Every sentence that the figures call for, sets first."""
    found = [line for name, set_ in book.sets.items() for line in _of_set(book, name, set_)]
    found += [line for name, result in book.grades.items() for line in _of_grades(name, result)]
    for name, alarms in book.alarms.items():
        if alarms.rate.value > MANY_ALARMS:
            found.append(
                f"{name}: {alarms.rate.value:.1%} of the intact packages are called different; "
                f"at most {MANY_ALARMS:.0%} were meant to be."
            )
    return found + list(_beside_peers(book)) + _about_deciding(book)


def _beside_peers(book: Book) -> Iterator[str]:
    """What ships beside each peer, over the sets that both have."""
    for peer in dict.fromkeys(row.peer for row in book.peers):
        theirs = {row.set: row for row in book.peers if row.peer == peer and row.set in book.sets}
        ours = {name: book.sets[name].rows[0] for name in theirs}
        areas = [(row.auroc.value, theirs[name].auroc) for name, row in ours.items() if row.auroc]
        costs = [(row.cpu_ms, theirs[name].cpu_ms) for name, row in ours.items()]
        if not areas:
            continue
        area, their_area = (fmean(column) for column in zip(*areas, strict=True))
        cost, their_cost = (fmean(column) for column in zip(*costs, strict=True))
        of = ", ".join(ours)
        if area <= their_area:
            yield f"mean of {of}: AUROC {area:.3f}, {peer} reaches {their_area:.3f}."
        if cost > their_cost * PEERS_COST:
            yield (
                f"mean of {of}: {cost:.0f} CPU-ms a picture, the aim was a third of the {their_cost:.0f} "
                f"of {peer}."
            )


def _of_set(book: Book, name: str, set_: SetResult) -> Iterator[str]:
    row = set_.rows[0]
    if row.auroc is None:
        return
    area = row.auroc.value
    known = SETS.get(name)
    if known and known.aim and area < known.aim:
        yield f"{name}: AUROC {area:.3f} is below the aim of {known.aim:.3f}."
    elif known and known.aim and row.auroc.low < known.aim:
        yield f"{name}: the aim of {known.aim:.3f} lies inside the interval; it is reached, not proven."
    if known and known.floor and area < known.floor - ROUNDED:
        yield f"{name}: AUROC {area:.3f} is below that of plain features ({known.floor:.3f})."
    best = max(set_.shortcut_auroc.items(), key=lambda pair: pair[1])
    if best[1] >= row.auroc.low:
        yield (
            f"{name}: the shortcut {best[0].replace('_', ' ')} alone reaches {best[1]:.3f}, "
            f"which is not clearly below {area:.3f}."
        )
    for peer in book.peers:
        if peer.set == name and peer.auroc > area:
            yield f"{name}: {peer.peer} on {peer.backbone} reaches {peer.auroc:.4f}, more than {area:.4f}."
    yield from _at_the_limit(name, set_)


def _at_the_limit(name: str, set_: SetResult) -> Iterator[str]:
    row = set_.rows[0]
    if row.ece and row.ece.value > MUCH_ECE:
        yield f"{name}: the probability of a difference is off by {row.ece.value:.2f} on average (ECE)."
    if row.recall_at_5fa and row.recall_at_5fa.value < LITTLE_RECALL:
        yield f"{name}: at 5 % false alarms only {row.recall_at_5fa.value:.0%} of the bad ones are found."
    if not set_.called or name not in SETS:
        return
    (_, fine), *rest = set_.called.items()
    if fine.of and fine.called / fine.of > MANY_ALARMS:
        yield f"{name}: {fine.called / fine.of:.1%} of the good test pictures lie beyond the shipped limit."
    missed = [kind for kind, one in rest if one.of and one.called / one.of < LITTLE_RECALL]
    if missed:
        yield f"{name}: at the shipped limit less than {LITTLE_RECALL:.0%} is found of {', '.join(missed)}."


def _of_grades(name: str, result: GradeResult) -> Iterator[str]:
    if "hidden" in name:
        spans = {"kappa": (result.kappa, 0.0), "new against the rest": (result.new_against_rest, 0.5)}
        for what, (span, chance) in spans.items():
            if span and not span.low <= chance <= span.high:
                yield (
                    f"{name}: {what} is {span.value:.2f} [{span.low:.2f}, {span.high:.2f}], not chance "
                    f"({chance:g}): something beside the evidence gives the class away."
                )
        return
    if "only" in name:
        return  # shown for comparison; it does not ship
    aim = AIMED.get(name)
    if aim and result.kappa and result.kappa.value < aim:
        yield f"grade on {name}: kappa {result.kappa.value:.3f} is below the aim of {aim:.2f}."
    if result.kappa and result.kappa.value < WELL_AGREED:
        yield f"grade on {name}: kappa {result.kappa.value:.2f} is no substantial agreement."
    if result.ungraded > MANY_UNGRADED:
        yield f"grade on {name}: {result.ungraded:.0%} stay ungraded and go to a person."
    for grade, span in result.recall.items():
        if span and span.value < LITTLE_RECALL:
            yield f"grade on {name}: only {span.value:.0%} of the {grade} ones are called {grade}."
    if result.confidently_wrong and result.confidently_wrong.value > 0:
        yield f"grade on {name}: {result.confidently_wrong.value:.1%} are graded wrong with 90 % and more."


def _about_deciding(book: Book) -> list[str]:
    covered = [row.coverage_at_budget for set_ in book.sets.values() for row in set_.rows[:1]]
    covered += [result.coverage_at_budget for result in book.grades.values()]
    none = sum(not share for share in covered)
    if not none:
        return []
    return [
        f"On {none} of {len(covered)} sets nothing may be decided alone at a budget of 1 %: it takes 299 "
        "accepted items without an error to show it, and half of a set's test items are fewer."
    ]
