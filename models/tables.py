"""The answers as rich tables, in the words of a language."""

from collections.abc import Iterator, Mapping

from rich.table import Table
from rich.text import Text

from inspection.detector import Detection
from inspection.grading import Grading
from inspection.words.catalog import Words
from models.answers import area_mm2
from models.readiness import Readiness, ViewReadiness

SHORT_HASH = 16
CARD_COLUMNS = ("view", "shots", "limit", "left_out", "false_alarms", "bound", "bank")


def card_parts(card: Readiness, words: Words) -> Iterator[Table | Text]:
    """The readiness card from top to bottom."""
    table = Table(title=words.say("card.title", sku=card.sku), title_justify="left")
    for column in CARD_COLUMNS:
        table.add_column(words.say(f"card.{column}"), overflow="fold")
    for view in card.views:
        table.add_row(*card_row(view))
    yield table
    for view in card.views:
        if view.missing:
            yield Text(f"{view.view}: {words.say('card.needs_more', count=view.missing)}")
        if view.few:
            yield Text(f"{view.view}: {words.say('card.few', count=view.shots)}")
    yield Text(words.say("card.expected", share=f"{card.unit_false_alarm:.0%}"))
    yield Text(f"{words.say('card.backbone')}: {card.backbone.name} {card.backbone.sha256[:SHORT_HASH]}")
    yield Text(words.say("card.blind") + ":")
    pixels = max((view.least_pixels or 0 for view in card.views), default=0)
    for code in card.blind:
        if code != "small" or pixels:
            yield Text(f"  - {words.say(f'blind.{code}', pixels=pixels)}")


def card_row(view: ViewReadiness) -> tuple[str, ...]:
    """One view; a dash where it has too few photos to say."""
    if view.limit is None or view.median_left_out is None or view.largest_left_out is None:
        return (view.view, str(view.shots), "-", "-", "-", "-", "-")
    return (
        view.view,
        str(view.shots),
        f"{view.limit:.2f}",
        f"{view.median_left_out:.2f}, {view.largest_left_out:.2f}",
        f"{view.false_alarms} / {view.shots}",
        f"{view.false_alarm_bound:.1%}",
        (view.bank_sha256 or "")[:SHORT_HASH],
    )


def graded_parts(
    detection: Detection, grading: Grading, words: Words, view_mm2: Mapping[str, float]
) -> Iterator[Table | Text]:
    """Grade, reasons, scores and findings of one item."""
    condition = f" ({words.name(grading.condition)})" if grading.condition else ""
    yield Text(words.name(grading.grade) + condition, style="bold")
    for reason in grading.reasons:
        yield Text(f"  {words.why(reason)}")
    yield scores_table(detection, words)
    for finding in grading.findings:
        parts = (words.name(finding.kind), words.name(finding.severity), finding.view)
        area = f"{words.say('graded.area')} {finding.area_ppm / 10_000:.1f} %"
        if (square := area_mm2(finding, view_mm2)) is not None:
            area += f" ({square} mm²)"
        yield Text(f"  {' · '.join(parts)} · {area}")
    yield Text(f"  {detection.total_ms:.0f} ms ({detection.model_ms:.0f} ms model)", style="dim")


def scores_table(detection: Detection, words: Words) -> Table:
    """One row per view: its score, or why there is none."""
    table = Table(words.say("card.view"), words.say("graded.score"), words.say("graded.chance"))
    scores = {view.view: view for view in detection.views}
    for view, quality in detection.quality.items():
        score = scores.get(view)
        if score:
            table.add_row(view, f"{score.score:.2f} / {score.limit:.2f}", chance(score.p_value_ppm))
        else:
            faults = " ".join(words.name(fault) for fault in quality.faults)
            table.add_row(view, faults or words.say("graded.not_compared"), "-")
    return table


def chance(p_value_ppm: int) -> str:
    """A p-value as percent; below one in ten thousand a fit says nothing precise."""
    return f"{p_value_ppm / 10_000:.2f} %" if p_value_ppm >= 100 else "< 0.01 %"
