"""The parts of the console page; each draws itself from one overview and knows when to do it again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from inspection.words.catalog import Words
from server.console.overview import Overview, StationRow
from server.console.view import (
    DEVICE_MARKS,
    REFUND_STATES,
    STATION_MARKS,
    TO_LOOK_AT,
    age,
    clock_time,
    deadline,
    short,
    station_standing,
    tiles,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One area of the page."""

    css: str
    title: str | None
    slice_of: Callable[[Overview, Words], Any]
    """What it shows: it is drawn again only when this changes."""
    draw: Callable[[Overview, Words], None]


def text(words: str, css: str = "", tag: str = "span") -> ui.element:
    """Plain text in an element of its own."""
    element = ui.element(tag).classes(css)
    with element:
        ui.label(words)
    return element


def mark(shape: str, tone: str) -> None:
    """A shape in a colour; the word stands beside it, so a screen reader passes over the shape."""
    with ui.element("i").classes(f"mark {tone}").props('aria-hidden="true"'):
        ui.label(shape)


def _draw_tiles(overview: Overview, words: Words) -> None:
    for tile in tiles(overview):
        with ui.element("div").classes(f"tile {tile.tone}"):
            with ui.element("div").classes("number"):
                ui.label(f"{tile.number:,}")
                if tile.mark:
                    mark(tile.mark, tile.tone)
            text(words.say(f"console.{tile.key}"), "caption", "div")


def _draw_stations(overview: Overview, words: Words) -> None:
    if not overview.stations:
        text(words.say("console.no_stations"), "quiet", "p")
    for station in overview.stations:
        with ui.element("article").classes("station"):
            _station_head(station, words)
            if station.health is not None:
                _station_body(station, words)


def _station_head(station: StationRow, words: Words) -> None:
    standing = station_standing(station)
    with ui.element("div").classes("line"):
        mark(*STATION_MARKS[standing])
        text(station.id, "strong")
        text(words.say(f"console.station_{standing}"), STATION_MARKS[standing][1])
        if station.heard_s is not None and standing != "live":
            text(words.say("console.heard", age=age(words, station.heard_s)), "soft end")


def _station_body(station: StationRow, words: Words) -> None:
    health = station.health
    if health is None:
        return
    with ui.element("div").classes("line soft"):
        text(words.say("console.signed_in" if health.inspector_signed_in else "console.signed_out"))
        waiting = health.queue_depth
        sent = words.say("console.queued", count=waiting) if waiting else words.say("console.queued_none")
        text(sent, "warn end" if waiting else "end")
    past = station_standing(station) == "silent"  # what it said then is no news of now
    with ui.element("div").classes("lights past" if past else "lights"):
        for device in health.devices:
            shape, tone = ("○", "soft") if past else DEVICE_MARKS[device.state]
            with ui.element("span").classes("light"):
                mark(shape, tone)
                text(device.name, "strong")
                text(words.say(f"device.{device.state}"), "soft")


def _draw_queue(overview: Overview, words: Words) -> None:
    if not overview.queue:
        text(words.say("console.no_deadlines"), "quiet", "p")
    for unit in overview.queue:
        shape, tone, said = deadline(words, unit.left_s)
        with ui.element("div").classes("entry"):
            mark(shape, tone)
            text(unit.id, "strong cut")
            text(unit.sku, "soft cut")
            text(said, f"{tone} end")


def _draw_verdicts(overview: Overview, words: Words) -> None:
    if not overview.verdicts:
        text(words.say("console.no_verdicts"), "quiet", "p")
    for row in overview.verdicts:
        with ui.element("div").classes("entry verdict"):
            text(clock_time(row.recorded_at), "soft figures")
            text(row.unit, "strong cut")
            text(words.say(f"grade.{row.grade}"), f"chip grade-{row.grade}")
            goes = words.say(f"channel.{row.channel}")
            text(words.say(f"disposition.{row.disposition}"), "cut").props(f'title="{goes}"')
            text(row.station, "soft cut")
            number = f"#{row.index}" if row.told else words.say("console.images_missing")
            text(number, "soft figures end" if row.told else "warn end")


def _draw_refunds(overview: Overview, words: Words) -> None:
    for state in REFUND_STATES:
        many = overview.refunds.get(state, 0)
        alarm = many and state in TO_LOOK_AT
        with ui.element("div").classes("entry"):
            mark("✕" if alarm else "●" if state == "settled" else "○", "bad" if alarm else "soft")
            text(words.say(f"console.refund_{state}"), "bad" if alarm else "" if many else "soft")
            text(f"{many:,}", "figures strong end" if many else "figures soft end")


def _draw_ledger(overview: Overview, words: Words) -> None:
    text(words.say("console.leaves", count=f"{overview.size:,}"), "big figures", "div")
    with ui.element("div").classes("line soft"):
        text(words.say("console.head"))
        text(short(overview.head), "hash").props(f'title="{overview.head}"')


def _draw_refused(overview: Overview, words: Words) -> None:
    if not overview.refusals:
        text(words.say("console.no_refused"), "quiet", "p")
    for row in overview.refusals:
        with ui.element("div").classes("entry"):
            mark("▲", "warn")
            text(clock_time(row.refused_at), "soft figures")
            text(row.station, "strong")
            text(words.say(f"refusal.{row.reason}"), "wrap")


def _ages(overview: Overview, words: Words) -> object:
    return [
        (
            row.id,
            station_standing(row),
            age(words, row.heard_s or 0) if (row.heard_s or 0) > 15 else "",
            row.health,
        )
        for row in overview.stations
    ]


PARTS = (
    Part(css="tiles", title=None, slice_of=lambda o, _: tiles(o), draw=_draw_tiles),
    Part(css="panel stations", title="console.stations", slice_of=_ages, draw=_draw_stations),
    Part(
        css="panel verdicts", title="console.verdicts", slice_of=lambda o, _: o.verdicts, draw=_draw_verdicts
    ),
    Part(
        css="panel queue",
        title="console.deadlines",
        slice_of=lambda o, words: [(unit.id, deadline(words, unit.left_s)) for unit in o.queue],
        draw=_draw_queue,
    ),
    Part(
        css="panel refunds",
        title="console.refunds",
        slice_of=lambda o, _: dict(o.refunds),
        draw=_draw_refunds,
    ),
    Part(
        css="panel ledger", title="console.ledger", slice_of=lambda o, _: (o.size, o.head), draw=_draw_ledger
    ),
    Part(css="panel refused", title="console.refused", slice_of=lambda o, _: o.refusals, draw=_draw_refused),
)
