"""The inspector's page: one grid, redrawn part by part as the station changes.

All state lives in the station and in one Look per station, so that a reload or a second screen shows
the same. A scanner or a key speaks to the bench wherever the focus is.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from nicegui import Client, ui
from nicegui.events import KeyEventArguments

from edge.page.parts import OVER, PARTS, STATUS, STRIP, Part, icon_button, name_button
from edge.page.photo import Photo
from edge.page.view import View
from edge.reporting import Reporting
from inspection.operator import Bin, Command, CommandCode, command_for
from inspection.words.catalog import words

STYLE = Path(__file__).with_name("style.css")
BEEP = (
    "const c=new AudioContext(),o=c.createOscillator(),g=c.createGain();g.gain.value=.12;"
    "o.frequency.value=%d;"
    "o.connect(g);g.connect(c.destination);o.start();o.stop(c.currentTime+.18);"
)
LOOK_AGAIN_S = 1.0


@dataclass(slots=True)
class Look:
    """How the people at this bench like their screen; kept while the station runs."""

    dark: bool = True
    sound: bool = True
    language: str | None = None
    """Chosen on the page; None: as the signed-in person has it."""
    chosen_for: str | None = None
    """Who was signed in when it was chosen: another person has their own language again."""


class BenchPage:
    """One open page."""

    def __init__(self, reporting: Reporting, look: Look, view: View) -> None:
        self._reporting, self._look, self._view = reporting, look, view
        self._drawn: dict[int, object] = {}
        self._held = view.hold is not None
        self._dark = ui.dark_mode(look.dark)
        ui.add_css(STYLE.read_text(encoding="utf-8"))
        ui.keyboard(on_key=self._on_key, repeating=False, ignore=["button"])
        with ui.element("main").classes("bench"):
            self._head()
            self._photo = Photo(reporting.station.seeing.senses)
            with ui.element("div").classes("side"):
                self._banner = ui.label().classes("banner")
                self._areas = [self._area(part) for part in PARTS]
            self._areas += [self._area(part) for part in (STRIP, STATUS, OVER)]
        self.show(view)

    def show(self, view: View) -> None:
        """Draw what has changed since the last time."""
        self._view = view
        self._say_head(view)
        self._photo.show(view)
        for index, (part, area) in enumerate(self._areas):
            wanted = (part.slice_of(view), view.words.language)
            if self._drawn.get(index) != wanted:
                self._drawn[index] = wanted
                area.clear()
                with area:
                    part.draw(view, self._say)
        if view.hold is not None and not self._held and self._look.sound:
            ui.run_javascript(BEEP % (220 if view.hold.is_alarm else 440))
        self._held = view.hold is not None

    async def follow(self, client: Client) -> None:
        """Keep the page true until it is closed."""
        changes = self._reporting.station.changes
        seen = changes.version
        while not client.is_deleted:
            seen = await changes.wait(seen, LOOK_AGAIN_S)
            view = await look_at(self._reporting, self._look)
            if client.is_deleted:
                return
            with client:
                self.show(view)

    def _area(self, part: Part) -> tuple[Part, ui.element]:
        return part, ui.element("section").classes(part.css)

    def _head(self) -> None:
        with ui.element("header").classes("head panel"):
            self._where = ui.label().classes("where")
            self._headline = ui.label().classes("say").props('role="status" aria-live="assertive"')
            self._notice = ui.label().classes("notice").props('role="status" aria-live="polite"')
            self._person = ui.label().classes("person")
            self._tongue = icon_button("translate", self._other_language).mark("language")
            self._theme = icon_button("contrast", self._other_theme).mark("theme")
            self._sound = icon_button("volume_up", self._other_sound).mark("sound")
            self._out = icon_button("logout", self._sign_out).mark("signout")

    def _say_head(self, view: View) -> None:
        self._where.text = view.words.say("bench.station", station=view.snap["station"])
        self._headline.text = view.headline
        self._notice.text = view.notice
        self._person.text = view.bench.person.display_name if view.bench.person else ""
        self._banner.text = view.interrupted
        self._banner.set_visibility(bool(view.interrupted))
        name_button(self._tongue, "中文" if view.words.language == "en" else "English")
        name_button(self._theme, view.words.say("bench.light" if self._look.dark else "bench.dark"))
        name_button(self._sound, view.words.say("bench.sound_on" if self._look.sound else "bench.sound_off"))
        name_button(self._out, view.words.name(CommandCode.SIGNOUT))

    def _say(self, said: Command | Bin) -> None:
        self._reporting.station.post(said)

    def _on_key(self, event: KeyEventArguments) -> None:
        pressed = event.action.keydown and not (event.modifiers.ctrl or event.modifiers.alt)
        command = command_for(event.key.name or "", self._view.state) if pressed else None
        if command is not None:
            self._say(command)

    def _sign_out(self) -> None:
        self._say(Command(code=CommandCode.SIGNOUT))

    def _other_language(self) -> None:
        self._look.language = "en" if self._view.words.language == "zh_CN" else "zh_CN"
        self._look.chosen_for = self._view.snap["inspector"]
        self._reporting.station.changes.bump()

    def _other_theme(self) -> None:
        self._look.dark = not self._look.dark
        self._dark.set_value(self._look.dark)
        self._reporting.station.changes.bump()

    def _other_sound(self) -> None:
        self._look.sound = not self._look.sound
        self._reporting.station.changes.bump()


async def look_at(reporting: Reporting, look: Look) -> View:
    """The station now, in the language of whoever looks."""
    snap = await reporting.snapshot()
    if look.chosen_for != snap["inspector"]:
        look.language = None
    return View(snap=snap, words=words(look.language or snap["language"]), bench=reporting.station.bench)


def build_pages(reporting: Reporting) -> None:
    """Make the page's route known to NiceGUI."""
    look = Look()

    @ui.page("/", title="Regrade")
    async def bench(client: Client) -> None:
        page = BenchPage(reporting, look, await look_at(reporting, look))
        await client.connected()
        following = asyncio.create_task(page.follow(client))
        client.on_delete(following.cancel)


def add_page(app: FastAPI, reporting: Reporting) -> None:
    """Serve the page from the station's own server; everything it needs comes from this machine."""
    build_pages(reporting)
    settings: dict[str, Any] = {"show_welcome_message": False, "tailwind": False, "reconnect_timeout": 30.0}
    ui.run_with(app, title="Regrade", **settings)
