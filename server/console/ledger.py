"""The ledger's part of the console, and the alarms above everything else."""

from nicegui import ui

from inspection.words.catalog import Words
from server.console.marks import mark, rows, text
from server.console.standing import LedgerSeen, Witnessed
from server.console.view import clock_time, short
from server.ledger.standing import LogState

MARKS = {
    Witnessed.NOBODY_ASKED: ("▲", "warn"),
    Witnessed.UNREADABLE: ("✕", "bad"),
    Witnessed.SEEN: ("●", "good"),
    Witnessed.WAITS: ("◆", "warn"),
}


def draw_alarms(seen: LedgerSeen, words: Words) -> None:
    """One line for each alarm; nothing at all where none stands."""
    if not seen.alarms:
        return
    with rows():
        for alarm in seen.alarms:
            with ui.element("div").classes("entry").props(f'title="{alarm.kind}:{alarm.subject}"'):
                mark("✕", "bad")
                text(words.say(f"alarm.{alarm.kind}"), "strong bad")
                text(alarm.subject, "strong figures")
                text(alarm.detail, "soft cut")
                text(clock_time(alarm.raised_at), "soft figures end")


def draw_ledger(seen: LedgerSeen, words: Words) -> None:
    """Its length, its state where it takes nothing, its newest checkpoint, who saw that, and its head."""
    text(words.say("console.leaves", count=f"{seen.size:,}"), "big figures")
    if seen.state != LogState.OPEN:
        _line("✕", "bad", words.say(f"console.ledger_{seen.state}")).props(f'title="{seen.reason}"')
    if seen.signed_size is None:
        _line("○", "soft", words.say("console.no_checkpoint"))
    else:
        time = clock_time(seen.signed_at)
        _line("●", "good", words.say("console.checkpoint", count=f"{seen.signed_size:,}", time=time))
    names = ", ".join(seen.witnesses)
    _line(*MARKS[seen.witnessed], words.say(f"console.witness_{seen.witnessed}", names=names))
    with ui.element("span").classes("line soft"):
        text(words.say("console.head"))
        text(short(seen.head), "hash").props(f'title="{seen.head}"')


def _line(shape: str, tone: str, said: str) -> ui.element:
    with ui.element("div").classes("line") as line:
        mark(shape, tone)
        text(said, tone if tone == "bad" else "cut")
    return line
