"""The parts of the refunds' page: tiles, cases by owner, and the last days as bars."""

from urllib.parse import quote

from nicegui import ui

from inspection.messages.base import read_time
from inspection.refund_exceptions import CaseState, Owner
from inspection.words.catalog import Words
from inspection.words.money import money
from server.console.chart import share
from server.console.marks import mark, rows, text
from server.console.refunds_seen import DAYS, RefundsSeen
from server.console.view import DAY_S, HOUR_S, age
from server.refunds.cases import CaseRow
from server.refunds.lookup_schemas import Calls, Group
from server.refunds.missing import OfParcel

KINDS = ("full", "part", "denied", "held")
NOTHING = "–"


def draw_refunds(seen: RefundsSeen, words: Words) -> None:
    """The whole page."""
    with ui.element("section").classes("tiles"):
        for key, number, tone in tiles(seen, words):
            with ui.element("div").classes(f"tile {tone}"):
                text(number, "number", "div")
                text(words.say(f"console.{key}", days=DAYS), "caption", "div")
    with ui.element("div").classes("queues"):
        for owner in Owner:
            _draw_queue(seen, owner, words)
    with ui.element("div").classes("charts"):
        _draw_days(seen, words)
        _draw_money(seen, words)


def tiles(seen: RefundsSeen, words: Words) -> tuple[tuple[str, str, str], ...]:
    """Caption, number and tone of each; what needs somebody first."""
    everything, waiting = seen.numbers.all, sum(seen.counts.values())
    return (
        ("open_cases", f"{waiting:,}", "warn" if waiting else "good"),
        ("paid_in_full", share(everything.full, everything.count), "plain"),
        ("refund_median", span(words, everything.median_s), "plain"),
        ("refund_p95", span(words, everything.p95_s), "plain"),
        ("told_at_once", rate(seen.numbers.deliveries), "plain"),
        ("paid_at_once", rate(seen.numbers.payouts), "plain"),
    )


def rate(calls: Calls) -> str:
    """First attempts and all that succeeded, of those that ended."""
    if not calls.ended:
        return NOTHING
    return f"{share(calls.first, calls.ended)} / {share(calls.succeeded, calls.ended)}"


def span(words: Words, seconds: int | None) -> str:
    """A span of time, or a dash."""
    return NOTHING if seconds is None else age(words, seconds)


def _draw_queue(seen: RefundsSeen, owner: Owner, words: Words) -> None:
    many = seen.counts.get(owner.value, 0)
    with ui.element("section").classes("panel queue"):
        with ui.element("h2"):
            ui.label(f"{words.say(f'owner.{owner.value}')} · {many:,}")
        if not many:
            text(words.say("console.no_cases"), "quiet", "p")
        with rows():
            for case in seen.queues.get(owner.value, ()):
                waits_s = (seen.at - read_time(case.raised_at)).total_seconds()
                _draw_case(case, seen.parcels.get(case.id), waits_s, words)


def _draw_case(case: CaseRow, parcel: OfParcel | None, waits_s: float, words: Words) -> None:
    shape, tone = ("▲", "bad") if waits_s > DAY_S else ("●", "warn") if waits_s > HOUR_S else ("●", "soft")
    with ui.element("div").classes("case"):
        mark(shape, tone)
        with ui.element("div").classes("pair"):
            text(words.name(case.kind), "cut strong")
            with ui.element("div").classes("line soft"):
                ui.link(case.unit, f"/refunds/unit/{quote(case.unit)}").classes("figures")
                text(case.merchant, "cut")
                if case.state is CaseState.TAKEN:
                    text(f"{words.name(case.state)}: {case.person}", "cut")
        with ui.element("div").classes("pair end"):
            text(amounts(case) if parcel is None else came_of(parcel, words, "came_of_short"), "figures")
            text(age(words, waits_s), f"figures {tone}")


def amounts(case: CaseRow) -> str:
    """What was found beside what was owed, as far as the case says it."""
    said = [each for each in (case.amount_minor, case.expected_minor) if each is not None]
    return " / ".join(money(each, case.currency or "") for each in said)


def came_of(parcel: OfParcel, words: Words, said: str = "came_of") -> str:
    """How many units of a parcel were inspected."""
    return words.say(f"console.{said}", inspected=parcel.inspected, announced=parcel.announced)


def _draw_days(seen: RefundsSeen, words: Words) -> None:
    most = max((group.count for group in seen.numbers.groups), default=0)
    with ui.element("section").classes("panel days"):
        with ui.element("h2"):
            ui.label(words.say("console.refunds_by_day", days=DAYS))
        if not most:
            text(words.say("console.no_refunds"), "quiet", "p")
            return
        with ui.element("div").classes("days-grid"):
            for caption in (
                "",
                "",
                "console.count",
                "console.refund_median_short",
                "console.refund_p95_short",
            ):
                text(words.say(caption) if caption else "", "soft end" if caption else "soft")
            for group in seen.numbers.groups:
                _draw_day(group, most, words)
        with ui.element("div").classes("lights"):
            for kind in KINDS:
                with ui.element("span").classes("light"):
                    ui.element("i").classes(f"swatch paid-{kind}").props('aria-hidden="true"')
                    text(f"{words.say(f'console.paid_{kind}')} {getattr(seen.numbers.all, kind):,}")


def _draw_day(group: Group, most: int, words: Words) -> None:
    text(group.key[5:], "figures soft")
    width = max(1, round(100 * group.count / most))
    with ui.element("div").classes("bar slim").style(f"width: {width}%").props('aria-hidden="true"'):
        for kind in KINDS:
            if many := getattr(group, kind):
                ui.element("div").classes(f"paid-{kind}").style(f"flex: {many} 1 0")
    text(f"{group.count:,}", "figures strong end")
    text(span(words, group.median_s), "figures end")
    text(span(words, group.p95_s), "figures end")


def _draw_money(seen: RefundsSeen, words: Words) -> None:
    with ui.element("section").classes("panel money"):
        with ui.element("h2"):
            ui.label(words.say("console.refund_amounts", days=DAYS))
        if not seen.numbers.all.amounts:
            text(words.say("console.no_refunds"), "quiet", "p")
            return
        with ui.element("div").classes("money-grid"):
            for caption in ("console.owed", "console.paid", "console.count"):
                text(words.say(caption), "soft end")
            for each in seen.numbers.all.amounts:
                text(money(each.target_total_minor, each.currency), "figures end")
                text(money(each.paid_minor, each.currency), "figures end")
                text(f"{each.count:,}", "figures strong end")
