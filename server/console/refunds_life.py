"""One refund's life as a timeline, and how its open cases are left: by a person's own key."""

from nicegui import ui

from inspection.messages.base import read_time
from inspection.refund_exceptions import CASES, WayOut
from inspection.words.catalog import Words
from inspection.words.money import money
from server.console.marks import mark, text
from server.console.refunds_parts import came_of
from server.console.refunds_seen import Event, Life
from server.refunds.cases import CaseRow
from server.refunds.missing import OfParcel

MARKS = {
    "verdict": ("◆", "soft"),
    "told": ("→", "soft"),
    "delivery": ("→", "good"),
    "outcome": ("●", "good"),
    "payout": ("●", "soft"),
    "case": ("▲", "warn"),
    "left": ("●", "good"),
}
SPACES = {
    "verdict": "grade",
    "told": "refund",
    "delivery": "console.refund",
    "outcome": "outcome",
    "payout": "console.payout",
    "case": "case",
    "left": "way_out",
}


def draw_life(life: Life, words: Words) -> None:
    """How far it is, what happened, and what may be done."""
    with ui.element("section").classes("panel standing"):
        _draw_standing(life, words)
    for case in life.open_cases:
        with ui.element("section").classes("panel open-case"):
            _draw_open(case, life.parcels.get(case.id), words)
    with ui.element("section").classes("panel life"):
        with ui.element("h2"):
            ui.label(words.say("console.life"))
        if not life.events:
            text(words.say("console.no_life"), "quiet", "p")
        for event in life.events:
            _draw_event(event, words)


def _draw_standing(life: Life, words: Words) -> None:
    row = life.refund
    if row is None:
        text(words.say("refund_state.none"), "big", "div")
        return
    text(words.name(row.state), "big", "div")
    said = words.say(
        "console.owed_and_paid",
        owed=money(row.target_total_minor, row.currency),
        paid=money(row.paid_minor, row.currency),
    )
    text(said, "figures", "div")
    if row.approved_by:
        text(words.say("console.approved_by", person=row.approved_by), "soft", "div")


def _draw_open(case: CaseRow, parcel: OfParcel | None, words: Words) -> None:
    with ui.element("h2"):
        ui.label(f"{words.name(case.kind)} · {words.say(f'owner.{case.owner}')} · {case.id}")
    if parcel is not None:
        text(came_of(parcel, words), "figures", "p")
    text(words.say("console.how_to_act"), "soft", "p")
    for way in CASES[case.kind].ways_out:
        with ui.element("div").classes("way"):
            text(words.name(way), "strong")
            text(command(case, way), "hash", "code")


def command(case: CaseRow, way: WayOut) -> str:
    """What a person sends, with their own key."""
    more = ', "deductions": [{"code": "cleaning"}]' if way is WayOut.DECIDE_TOTAL else ""
    body = f'{{"way_out": "{way.value}", "reason": "..."{more}}}'
    place = f"$CENTRE/v1/refunds/cases/{case.id}/leave"
    return f"curl -sS {place} -H \"Authorization: Bearer $CONSOLE\" --json '{body}'"


def _draw_event(event: Event, words: Words) -> None:
    shape, tone = MARKS[event.what]
    bad = event.code in ("dead", "failed", "reversed", "rejected", "refused", "unknown")
    with ui.element("div").classes("event"):
        text(read_time(event.at).astimezone().strftime("%m-%d %H:%M:%S"), "figures soft")
        mark("✕" if bad else shape, "bad" if bad else tone)
        text(words.say(f"console.event_{event.what}"), "soft")
        with ui.element("div").classes("pair"):
            text(_code(event, words), "strong cut")
            text(event.about, "soft cut")
        amount = "" if event.amount_minor is None else money(event.amount_minor, event.currency or "")
        text(amount, "figures end")
        text("" if event.index is None else f"#{event.index}", "figures soft end")


def _code(event: Event, words: Words) -> str:
    space = SPACES[event.what]
    joint = "_" if space.startswith("console.") else "."
    return words.say(f"{space}{joint}{event.code}")
