"""The parts of the console page; each draws itself from one overview and knows when to do it again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from inspection.words.catalog import Words
from server.console.bench_cards import draw_stations, seen_of
from server.console.chart import draw_today
from server.console.faults import first_sentence
from server.console.ledger import draw_alarms, draw_ledger
from server.console.marks import mark, rows, text
from server.console.overview import Overview
from server.console.verdicts import draw_verdicts
from server.console.view import REFUND_STATES, TO_LOOK_AT, clock_time, deadline, tiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One area of the page."""

    css: str
    title: str | None
    slice_of: Callable[[Overview, Words], Any]
    """What it shows: it is drawn again only when this changes."""
    draw: Callable[[Overview, Words], None]


def _draw_tiles(overview: Overview, words: Words) -> None:
    for tile in tiles(overview):
        with ui.element("div").classes(f"tile {tile.tone}"):
            with ui.element("div").classes("number"):
                ui.label(f"{tile.number:,}")
                if tile.mark:
                    mark(tile.mark, tile.tone)
            text(words.say(f"console.{tile.key}"), "caption", "div")


def _draw_queue(overview: Overview, words: Words) -> None:
    if not overview.queue:
        text(words.say("console.no_deadlines"), "quiet", "p")
    with rows():
        for unit in overview.queue:
            shape, tone, said = deadline(words, unit.left_s)
            with ui.element("div").classes("entry"):
                mark(shape, tone)
                text(unit.id, "strong cut")
                text(unit.sku, "soft cut")
                text(said, f"{tone} end")


def _draw_refunds(overview: Overview, words: Words) -> None:
    with rows():
        for state in REFUND_STATES:
            many = overview.refunds.get(state, 0)
            alarm = many and state in TO_LOOK_AT
            with ui.element("div").classes("entry"):
                mark("✕" if alarm else "●" if state == "settled" else "○", "bad" if alarm else "soft")
                text(
                    words.say(f"console.refund_{state}"),
                    "cut bad" if alarm else "cut" if many else "cut soft",
                )
                text(f"{many:,}", "figures strong end" if many else "figures soft end")


def _draw_refused(overview: Overview, words: Words) -> None:
    if not overview.refusals:
        text(words.say("console.no_refused"), "quiet", "p")
    with rows():
        for row in overview.refusals:
            with ui.element("div").classes("entry"):
                mark("▲", "warn")
                text(clock_time(row.refused_at), "soft figures")
                text(row.station, "strong figures")
                said = words.say(f"refusal.{row.reason}")
                text(first_sentence(said), "cut").props(f'title="{said}"')


ALARMS = Part(
    css="panel alarms",
    title=None,
    slice_of=lambda o, _: o.ledger.alarms,
    draw=lambda o, words: draw_alarms(o.ledger, words),
)
TILES = Part(css="tiles", title=None, slice_of=lambda o, _: tiles(o), draw=_draw_tiles)
STATIONS = Part(css="panel stations", title="console.stations", slice_of=seen_of, draw=draw_stations)
VERDICTS = Part(
    css="panel fills", title="console.verdicts", slice_of=lambda o, _: o.verdicts, draw=draw_verdicts
)
QUEUE = Part(
    css="panel fills",
    title="console.deadlines",
    slice_of=lambda o, words: [(unit.id, deadline(words, unit.left_s)) for unit in o.queue],
    draw=_draw_queue,
)
TODAY = Part(css="panel today", title="console.today", slice_of=lambda o, _: o.today, draw=draw_today)
REFUNDS = Part(
    css="panel refunds",
    title="console.refunds",
    slice_of=lambda o, _: dict(o.refunds),
    draw=_draw_refunds,
)
LEDGER = Part(
    css="panel ledger",
    title="console.ledger",
    slice_of=lambda o, _: o.ledger,
    draw=lambda o, words: draw_ledger(o.ledger, words),
)
REFUSED = Part(
    css="panel refused", title="console.refused", slice_of=lambda o, _: o.refusals, draw=_draw_refused
)
COLUMNS = ((STATIONS, QUEUE), (VERDICTS, REFUSED), (TODAY, REFUNDS))
