"""The figures of read return reasons, as Markdown."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from inspection.claims.grams import shipped
from inspection.claims.understanding import ReasonReader
from inspection.returns import ReturnReason
from models.evaluation.reasons import Read, by_claim, confusion, figures

GROUPS = (
    ("test", "zh"),
    ("test", "en"),
    ("hard", "any"),
    ("fresh", "any"),
    ("blind", "any"),
    ("calibration", "zh"),
    ("calibration", "en"),
)
UNSEEN = ("test", "hard", "fresh")
"""Neither learnt from nor tuned on."""
HEAD = (
    "set", "texts", "accuracy", "uncertain", "right when answered", "claim right", "calibration error",
    "a phrase in", "first phrase right", "letter groups alone",
)  # fmt: skip


def sentence_lines(reads: Sequence[Read]) -> Iterator[str]:
    """Everything about our own sentences."""
    yield from ("## Our own sentences", "")
    yield from _table(HEAD, (_row(name, language, reads) for name, language in GROUPS))
    unseen = [one for one in reads if one.sentence.split in UNSEEN]
    yield from ("", f"### What was answered, of the {len(unseen)} sentences of {', '.join(UNSEEN)}", "")
    answers = [*map(str, ReturnReason), "uncertain"]
    rows = ((str(truth), *_counts(row, answers)) for truth, row in confusion(unseen).items())
    yield from _table(("claimed \\ answered", *answers), rows)
    yield from ("", "### Recall of each claim, of the same", "")
    found = ((str(claim), *map(str, row)) for claim, row in by_claim(unseen).items())
    yield from _table(("claim", "texts", "right reason answered", "the very claim"), found)


def intent_lines(intents: Mapping[str, Counter[str]]) -> Iterator[str]:
    """Everything about the questions to a shop, none of which is a reason."""
    whole = sum(intents.values(), Counter[str]())
    count = whole.total()
    false = count - whole["uncertain"] - whole["no_reason"]
    yield from ("## Questions to a shop (none gives a reason)", "")
    yield (
        f"{count:,} texts of {len(intents)} intents: uncertain {whole['uncertain'] / count:.1%}, "
        f"surely no reason given {whole['no_reason'] / count:.1%}, "
        f"read as a reason {false / count:.2%} ({false})."
    )
    yield ""
    answers = [*map(str, ReturnReason), "no_reason", "uncertain"]
    rows = ((intent, *_counts(row, answers)) for intent, row in sorted(intents.items()))
    yield from _table(("intent", *answers), rows)


def model_line(other: ReasonReader | None = None) -> str:
    """Which model it was, and whether another one read the texts without a known phrase."""
    weights = shipped()
    without, with_one = weights.tuning.certain_from
    told = (
        f"Model {weights.sha256[:16]}; answers from a share of {with_one:.2f} where a known phrase stands, "
        f"of {without:.2f} where none does."
    )
    if other is None:
        return told
    return f"{told} English without a known phrase is read by the embedding, from {other.certain_from:.2f}."


def _row(name: str, language: str, reads: Sequence[Read]) -> tuple[str, ...]:
    group = [one for one in reads if (one.sentence.split, one.sentence.language) == (name, language)]
    found = figures(group)
    shares = (
        found.accuracy,
        found.uncertain,
        found.right,
        found.claim_right,
        found.calibration_error,
        found.phrases_answered,
        found.phrases_right,
        found.grams_accuracy,
    )
    title = name if language == "any" else f"{name}, {language}"
    return (title, str(found.count), *(f"{share:.1%}" for share in shares))


def _counts(row: Counter[str], answers: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(row[answer] or "") for answer in answers)


def _table(head: Sequence[str], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    for line in (tuple(head), ("---",) * len(head), *rows):
        yield f"| {' | '.join(line)} |"
