"""The parts of the page; each draws itself from one View and knows when it has to draw again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from edge.page.shapes import bin_svg
from edge.page.view import GRADE_COMMANDS, GRADES, LAMP, LIGHTS, PRIMARY, View, key_name, likely
from inspection.grades import Disposition, Grade
from inspection.journey import State
from inspection.operator import BINS, REASON_FOR, Bin, Command, CommandCode
from inspection.words.catalog import Words
from inspection.words.money import money

Say = Callable[[Command | Bin], None]
MOST_TAGS = 4
MOST_NAMED = 4
"""Devices that are ready and still named one by one: a row has no more room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One area of the page."""

    css: str
    slice_of: Callable[[View], Any]
    """What it shows: it is drawn again only when this changes."""
    draw: Callable[[View, Say], None]


def button(text: str, css: str, act: Callable[[], None], key: str = "", label: str = "") -> ui.element:
    """A plain button that gives the focus back after a click, so that keys go to the bench."""
    element = ui.element("button").classes(css).on("click", lambda: act())
    element.on("click", js_handler="(event) => event.currentTarget.blur()")
    element.props(f'type="button" aria-label="{label or text}"')
    with element:
        ui.html(f"<span>{_plain(text)}</span>", sanitize=False)
        if key:
            ui.html(f'<span class="kbd" aria-hidden="true">{_plain(key)}</span>', sanitize=False)
    return element


def icon_button(icon: str, act: Callable[[], None]) -> ui.element:
    """A small button of the head; `name_button` says what it does."""
    element = ui.element("button").classes("plain").props('type="button"').on("click", lambda: act())
    element.on("click", js_handler="(event) => event.currentTarget.blur()")
    with element:
        ui.icon(icon)
    return element


def name_button(element: ui.element, name: str) -> None:
    """Say in the page's language what an icon does."""
    element.props(f'title="{_plain(name)}" aria-label="{_plain(name)}"')


def command_button(view: View, code: CommandCode, say: Say, css: str = "act") -> None:
    """The button of a command, with its key."""
    word = view.words.name(code)
    button(word, css, lambda: say(Command(code=code)), key_name(code)).mark(f"cmd-{code.value}")


def _plain(text: str) -> str:
    """Text inside our own markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _text(tag: str, text: str, css: str = "") -> None:
    ui.html(f'<{tag} class="{css}">{_plain(text)}</{tag}>', sanitize=False).classes("contents")


def draw_item(view: View, say: Say) -> None:
    """The expected item: what, whose order, why it came back."""
    unit, words = view.snap["unit"], view.words
    if unit is None:
        _text("h2", words.say("bench.item"))
        _text("div", words.say("bench.no_item"), "quiet")
        _draw_tags(view)
        return
    found_by = words.say(f"bench.{unit['identified_by']}")
    purpose = f"{words.say('purpose.' + unit['purpose'])} ({unit['inspection']})"
    _text("h2", f"{words.say('bench.item')} · {found_by} · {purpose}")
    _text("div", unit["title"], "title")
    facts = {
        "bench.sku": unit["sku"],
        "bench.order": unit["order_masked"],
        "bench.return_reason": words.say(f"return_reason.{unit['reason']}"),
        "bench.paid": money(unit["paid_minor"], unit["currency"]),
    }
    weight = view.snap["weight"]
    if weight is not None:
        facts["bench.weight"] = weight["as_sent"]
    rows = "".join(
        f"<div><b>{_plain(words.say(key))}</b><span>{_plain(value)}</span></div>"
        for key, value in facts.items()
    )
    ui.html(f'<div class="facts">{rows}</div>', sanitize=False).classes("contents")
    if view.weight_hint:
        _text("div", view.weight_hint, "marked")
    if view.snap["exception"]:
        said = words.say(f"exception.{view.snap['exception']}")
        _text("div", words.say("bench.marked", exception=said), "marked")


def _draw_tags(view: View) -> None:
    """Tags around an empty bench; what cannot be the item, or is not expected, is greyed and says so."""
    for tag in view.snap["tags"][:MOST_TAGS]:
        why = _why_not(tag, view.words)
        said = f" · {why}" if why else ""
        _text("div", f"{tag['epc_hex']}{said}", "tag-line quiet" if why else "tag-line")


def _why_not(tag: dict[str, Any], words: Words) -> str:
    if tag["sort"] != "item":
        return words.say(f"bench.tag_{tag['sort']}", place=tag["place"])
    return "" if tag["known"] else words.say("bench.tag_unknown")


def draw_proposal(view: View, say: Say) -> None:
    """NEW, USED, DAMAGED with their probability, and why; or the reason tiles."""
    if view.state == State.OVERRIDDEN:
        _draw_reasons(view, say)
        return
    proposal, words = view.snap["proposal"], view.words
    _text("h2", words.say("bench.proposal"))
    shares = proposal["shares_ppm"] if proposal else None
    chosen = (view.snap["verdict"] or proposal or {}).get("grade")
    with ui.element("div").classes("grades"):
        for index, grade in enumerate(GRADES):
            share = shares[index] if shares else None
            _draw_grade(view, say, grade, share, grade.value == chosen)
    _text("p", view.why_grade, "why")


def _draw_grade(view: View, say: Say, grade: Grade, share: int | None, chosen: bool) -> None:
    code = GRADE_COMMANDS[grade]
    word = view.words.name(grade)
    shown = likely(share) if share is not None else "–"
    open_now = view.state == State.PROPOSED
    css = "grade chosen" if chosen else "grade"
    element = ui.element("button").classes(css if open_now else f"{css} shut").mark(f"cmd-{code.value}")
    element.props(f'type="button" aria-pressed="{str(chosen).lower()}" aria-label="{word} {shown}"')
    if open_now:
        element.on("click", lambda: say(Command(code=code)))
        element.on("click", js_handler="(event) => event.currentTarget.blur()")
    else:
        element.props('aria-disabled="true" tabindex="-1"')
    with element:
        marks = '<span class="mark" aria-hidden="true">✔</span>' if chosen else ""
        key = f'<span class="kbd" aria-hidden="true">{key_name(code)}</span>' if open_now else ""
        bar = f'<span class="bar" style="width:{(share or 0) / 1e4:.1f}%"></span>'
        ui.html(
            f'<span class="name">{_plain(word)}</span><span class="share">{shown}</span>{marks}{key}{bar}',
            sanitize=False,
        ).classes("contents")


def _draw_reasons(view: View, say: Say) -> None:
    """Eight tiles, 1 to 8: why the machine was wrong."""
    proposal, pending, words = view.snap["proposal"], view.snap["pending_grade"], view.words
    machine = words.say(f"grade.{proposal['grade']}") if proposal else ""
    person = words.say(f"grade.{pending}") if pending else ""
    _text("div", words.say("bench.choose_reason", machine=machine, person=person), "title big")
    with ui.element("div").classes("reasons"):
        for number, (code, reason) in enumerate(REASON_FOR.items(), start=1):
            _reason_tile(view, say, code, words.name(reason), number)


def _reason_tile(view: View, say: Say, code: CommandCode, word: str, number: int) -> None:
    button(word, "act", lambda: say(Command(code=code)), str(number)).mark(f"cmd-{code.value}")


def draw_where(view: View, say: Say) -> None:
    """The bin with its colour, shape and letter, and what happens to the item."""
    words, mark = view.words, view.bin
    if mark is None or view.state == State.OVERRIDDEN:
        return
    verdict = view.snap["verdict"]
    chosen = verdict or view.snap["proposal"] or {}
    key = "bench.put_into" if verdict else "bench.would_go"
    if view.state == State.COMMITTED:
        key = "bench.in_bin"
    with ui.element("div").classes("goes"):
        ui.html(bin_svg(mark), sanitize=False).classes("contents")
        with ui.element("div"):
            way = (f"disposition.{chosen['disposition']}", f"channel.{chosen['channel']}")
            _text("div", " · ".join(words.say(key) for key in way), "big")
            look = f"{words.say('color.' + mark.color)}, {words.say('shape.' + mark.shape)}"
            _text("div", f"{words.say(key, letter=mark.letter)} ({look})", "quiet")
            _text("div", view.why_there, "quiet small")


def draw_actions(view: View, say: Say) -> None:
    """The buttons of the state, the likeliest one large."""
    if view.hold is not None:
        return
    mark = view.bin
    if view.state == State.LABELLED and mark is not None and view.snap["inspector"]:
        text = view.words.say("bench.in_bin", letter=mark.letter)
        button(text, "act first", lambda: say(Bin(letter=mark.letter))).mark("bin")
    for index, code in enumerate(view.actions):
        first = index == 0 and code in PRIMARY
        command_button(view, code, say, "act first" if first else "act")


def draw_strip(view: View, say: Say) -> None:
    """The last five items with their place in the ledger."""
    words = view.words
    _text("h2", words.say("bench.last_items"))
    if not view.snap["committed"]:
        _text("div", words.say("bench.none_yet"), "quiet self-center")
    for done in view.snap["committed"]:
        if done["ledger_index"] is not None:
            place = words.say("ui.ledger_number", index=done["ledger_index"])
        else:
            place = words.say(f"bench.{done['state']}")
        mark = BINS[Disposition(done["disposition"])]
        seconds = words.say("bench.seconds", seconds=round(done["seconds"]))
        ui.html(
            f'<div class="done">{bin_svg(mark)}<b>{_plain(words.say("grade." + done["grade"]))} · '
            f"{_plain(done['unit'])}</b><span>{_plain(place)} · {_plain(seconds)}</span></div>",
            sanitize=False,
        ).classes("contents")


def draw_status(view: View, say: Say) -> None:
    """Lights of the devices and the centre, the queue, the clock, the versions."""
    snap, words = view.snap, view.words
    _draw_devices(view)
    here = snap["centre_reachable"]
    centre = words.say("bench.centre_here" if here else "bench.centre_away")
    _light("●" if here else "✕", "good" if here else "bad", f"{words.say('bench.centre')}: {centre}")
    _light(*LAMP[snap["light"]["state"]], words.say(f"bench.lamp_{snap['light']['state']}"))
    _light(*_queue(view))
    if snap["held"]:
        _light("▲", "warn", words.say("bench.held_count", count=snap["held"]))
    if snap["refused"]:
        _light("▲", "bad", words.say("bench.refused_count", count=len(snap["refused"])))
    _text("span", "", "spread")
    _text("span", words.say("bench.expected_units", count=snap["worklist_size"]))
    good = snap["clock"]["state"] == "good"
    _light("●" if good else "▲", "good" if good else "warn", words.say(f"clock.{snap['clock']['state']}"))
    policy, models = snap["models"]["policy"], snap["models"]["models"]
    _text("span", f"{words.say('bench.rules')} {policy['name']} {policy['sha256'][:6]}")
    model = f"{models[0]['name']} {models[0]['sha256'][:6]}" if models else words.say("bench.loading")
    _text("span", f"{words.say('bench.model')} {model}")


def _draw_devices(view: View) -> None:
    """Each device by its name; many that are ready are one light, so that the others stand out."""
    devices, words = view.snap["devices"], view.words
    ready = [device for device in devices if device["state"] == "ready"]
    many = len(ready) > MOST_NAMED
    if many:
        _light(*LIGHTS["ready"], words.say("bench.devices_ready", count=len(ready)))
    for device in devices:
        if not (many and device in ready):
            shape, css = LIGHTS[device["state"]]
            _light(shape, css, f"{device['name']}: {words.say('device.' + device['state'])}")


def _queue(view: View) -> tuple[str, str, str]:
    snap, words = view.snap, view.words
    if snap["queue_depth"] == 0:
        return "●", "good", words.say("bench.all_sent")
    minutes = snap["oldest_queued_s"] // 60
    return "◆", "warn", words.say("ui.waiting_here", count=snap["queue_depth"], minutes=minutes)


def _light(shape: str, css: str, text: str) -> None:
    ui.html(
        f'<span class="light"><i class="{css}" aria-hidden="true">{shape}</i>{_plain(text)}</span>',
        sanitize=False,
    ).classes("contents")


def draw_over(view: View, say: Say) -> None:
    """What covers the page: nobody is signed in, or the bench is held."""
    words, hold = view.words, view.hold
    if view.snap["inspector"] is None:
        with ui.element("div").classes("over locked").props('role="dialog" aria-modal="true"'):
            ui.icon("badge").classes("sign")
            _text("div", words.say("bench.signed_out_title"), "title")
            _text("div", words.say("bench.signed_out_hint"), "advice")
    elif hold is not None:
        with ui.element("div").classes("over alarm" if hold.is_alarm else "over").props('role="alertdialog"'):
            _draw_hold_sign(view, hold.is_alarm)
            _text("div", hold.title, "title")
            _text("div", hold.advice, "advice")
            _text("div", hold.detail, "detail")
            with ui.element("div").classes("ways"):
                for index, code in enumerate(hold.actions):
                    command_button(view, code, say, "act" if index else "act first")


def _draw_hold_sign(view: View, is_alarm: bool) -> None:
    mark = view.bin
    if is_alarm and mark is not None:
        ui.html(bin_svg(mark), sanitize=False).classes("contents")
    else:
        ui.icon("report" if is_alarm else "pan_tool").classes("sign")


PARTS: tuple[Part, ...] = (
    Part(
        css="panel card item",
        slice_of=lambda view: (
            view.snap["unit"],
            view.snap["weight"],
            view.snap["exception"],
            None if view.snap["unit"] else view.snap["tags"],
        ),
        draw=draw_item,
    ),
    Part(
        css="panel card",
        slice_of=lambda view: (
            view.snap["proposal"],
            view.snap["verdict"],
            view.state,
            view.snap["pending_grade"],
        ),
        draw=draw_proposal,
    ),
    Part(
        css="panel card where-to",
        slice_of=lambda view: (view.snap["proposal"], view.snap["verdict"], view.state),
        draw=draw_where,
    ),
    Part(
        css="actions",
        slice_of=lambda view: (view.state, view.snap["inspector"], view.bin),
        draw=draw_actions,
    ),
)
"""The right side, from the top."""

STRIP = Part(css="strip panel", slice_of=lambda view: view.snap["committed"], draw=draw_strip)
STATUS = Part(
    css="status",
    slice_of=lambda view: (
        view.snap["devices"],
        view.snap["centre_reachable"],
        view.snap["queue_depth"],
        view.snap["oldest_queued_s"] // 60,
        view.snap["held"],
        view.snap["refused"],
        view.snap["worklist_size"],
        view.snap["clock"]["state"],
        view.snap["light"]["state"],
        view.snap["models"],
    ),
    draw=draw_status,
)
OVER = Part(
    css="contents",
    slice_of=lambda view: (view.snap["inspector"], view.hold, view.bin if view.hold else None),
    draw=draw_over,
)
