"""The stations: is it heard, what it does, what its devices say, and what goes wrong most."""

from nicegui import ui

from inspection.messages.base import time_text
from inspection.messages.station import DeviceHealth, Health
from inspection.words.catalog import Words
from server.console.faults import top_faults
from server.console.marks import mark, text
from server.console.overview import Overview, StationRow
from server.console.view import (
    DEVICE_MARKS,
    STATION_MARKS,
    TAG_MARKS,
    clock_time,
    heard,
    station_standing,
    troubles,
    wants_somebody,
)

PAST = ("silent", "stopped")
"""Standings of stations whose last word tells how things were."""


def draw_stations(overview: Overview, words: Words) -> None:
    """A card for each station, what wants somebody first."""
    if not overview.stations:
        text(words.say("console.no_stations"), "quiet", "p")
    for station in sorted(overview.stations, key=lambda row: (not wants_somebody(row), row.id)):
        with ui.element("article").classes("station"):
            _draw_head(station, words)
            if station.health is not None:
                _draw_health(station.health, station_standing(station) in PAST, words)
            _draw_tags(station, words)


def seen_of(overview: Overview, words: Words) -> object:
    """What the cards show, so that they are drawn again only when it changes."""
    return [
        (
            row.id,
            station_standing(row),
            heard(words, row.heard_s),
            row.health,
            row.program,
            row.tags,
            row.untold,
        )
        for row in overview.stations
    ]


def _draw_head(station: StationRow, words: Words) -> None:
    standing = station_standing(station)
    with ui.element("div").classes("line"):
        mark(*STATION_MARKS[standing])
        name = text(station.id, "strong")
        if station.program is not None:
            name.props["title"] = f"regrade {station.program}"
        text(words.say(f"console.station_{standing}"), f"strong {STATION_MARKS[standing][1]}")
        if station.heard_s is not None:
            text(heard(words, station.heard_s), "soft end")


def _draw_health(health: Health, past: bool, words: Words) -> None:
    """What a silent station said once is told as past, with hollow marks."""
    with ui.element("div").classes("line"):
        doing = words.say(f"console.at_{health.state}")
        if past:
            text(words.say("console.last_said", state=doing), "soft")
        else:
            _draw_doing(health, doing, words)
        waiting = health.queue_depth
        sent = words.say("console.queued", count=waiting) if waiting else words.say("console.queued_none")
        text(sent, "warn end" if waiting else "soft end")
    _draw_devices(health, past, words)
    _draw_faults(health, words)


def _draw_doing(health: Health, doing: str, words: Words) -> None:
    if not health.inspector_signed_in:
        mark("■", "soft")
        text(words.say("console.signed_out"), "soft")
    elif health.state == "held":
        mark("▲", "warn")
        text(doing, "warn strong")
    else:
        text(doing)


def _draw_devices(health: Health, past: bool, words: Words) -> None:
    with ui.element("div").classes("lights"):
        for device in health.devices:
            shape, tone = ("○", "soft") if past else DEVICE_MARKS[device.state]
            with ui.element("span").classes("light"):
                mark(shape, tone)
                text(device.name, "soft" if past else "").props["title"] = _counts(device, words)
                text(words.say(f"device.{device.state}"), "soft")
                if device.readings:
                    text(f"{device.readings:,}", "figures soft")
                for name, number in troubles(device):
                    said = words.say(f"console.device_{name}", count=f"{number:,}")
                    text(said, "soft" if past else "warn")


def _counts(device: DeviceHealth, words: Words) -> str:
    """Everything that a device counted, for whoever points at it."""
    counted = {"readings": device.readings, "lost": device.lost, "dropped": device.dropped}
    figures = {**counted, **device.counts, **device.faults}
    return " · ".join(f"{name} {number:,}" for name, number in figures.items() if number)


def _draw_tags(station: StationRow, words: Words) -> None:
    """What tags came and went, newest first; a tag by the end of its number."""
    if not station.tags:
        return
    with ui.element("div").classes("tags soft"):
        for event in station.tags:
            with ui.element("span").classes("tag"):
                text(clock_time(time_text(event.at)), "figures")
                mark(TAG_MARKS[event.what], "soft")
                text(words.say(f"console.tag_{event.what}", tag=f"…{event.tag}", place=event.place))
    if station.untold:
        text(words.say("console.tags_dropped", count=f"{station.untold:,}"), "faults warn")


def _draw_faults(health: Health, words: Words) -> None:
    worst = top_faults(health.faults, words)
    if not worst:
        return
    with ui.element("div").classes("faults soft"):
        text(words.say("console.faults"))
        for said, count in worst:
            with ui.element("span").classes("fault"):
                text(said)
                text(f"×{count:,}", "figures strong")
