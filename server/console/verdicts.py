"""The latest verdicts: which bin, which unit, what grade, and who decided."""

from nicegui import ui

from inspection.record import ClockState
from inspection.words.catalog import Words
from server.console.marks import draw_bin, rows, text
from server.console.overview import Overview, VerdictRow
from server.console.view import clock_time


def draw_verdicts(overview: Overview, words: Words) -> None:
    """One row of two lines for each."""
    if not overview.verdicts:
        text(words.say("console.no_verdicts"), "quiet", "p")
    with rows():
        for row in overview.verdicts:
            with ui.element("div").classes("entry verdict"):
                _draw_verdict(row, words)


def _draw_verdict(row: VerdictRow, words: Words) -> None:
    draw_bin(row.disposition)
    with _pair():
        text(row.unit, "strong cut")
        text(row.sku, "soft cut")
    text(words.say(f"grade.{row.grade}"), f"chip grade-{row.grade}")
    with _pair():
        text(words.say(f"disposition.{row.disposition}"), "strong cut")
        goes = words.say(f"channel.{row.channel}")
        text(goes, "soft cut").props(f'title="{goes}"')
    with _pair():
        text(words.say(f"console.by_{row.kind}"), "cut")
        unsure = row.clock == ClockState.UNCERTAIN
        said = words.say("clock.uncertain")
        text(f"{row.station} · ▲ {said}" if unsure else row.station, "warn cut" if unsure else "soft cut")
    with _pair("end"):
        text(clock_time(row.recorded_at), "figures")
        number = f"#{row.index}" if row.told else words.say("console.images_missing")
        text(number, "soft figures" if row.told else "warn")


def _pair(css: str = "") -> ui.element:
    """Two short lines, one above the other."""
    return ui.element("div").classes(f"pair {css}")
