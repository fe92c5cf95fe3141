"""The refunds' pages: who waits, the last days in numbers, one refund's life. They change nothing."""

import time
from collections.abc import Awaitable, Callable

from nicegui import Client, ui
from nicegui.events import GenericEventArguments

from inspection.words.catalog import Words, words
from server.console.board import Board
from server.console.marks import text
from server.console.page import HTML_LANG, STYLE, choice
from server.console.refunds_life import draw_life
from server.console.refunds_parts import draw_refunds
from server.console.refunds_seen import Life, RefundsSeen, read_life, read_refunds
from server.console.view import language_of

RENEW_S = 15.0
FRESH_S = 10.0
"""Counting days of refunds takes longer than looking at today: many pages cost one reading."""
Draw = Callable[[Words], None]


class RefundsBoard:
    """What the refunds' pages look at, read at most every few seconds."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._seen: RefundsSeen | None = None
        self._read_at = -FRESH_S

    async def look(self) -> RefundsSeen | None:
        """The refunds now; None while the centre was never read."""
        if time.monotonic() - self._read_at >= FRESH_S:
            self._read_at = time.monotonic()
            now = self._board.now()
            seen = await self._board.ask(lambda c, site: read_refunds(c, site, now))
            self._seen = seen or self._seen
        return self._seen

    async def life(self, unit: str) -> Life | None:
        """One unit's refund; None while the centre cannot be read."""
        return await self._board.ask(lambda c, site: read_life(c, site, unit))


class Sheet:
    """A page that is drawn whole, in either language."""

    def __init__(
        self, title: str, back: str, language: str, look: Callable[[], Awaitable[Draw | None]]
    ) -> None:
        self._title, self._look = title, look
        self._words = words(language)
        self._dark = ui.dark_mode(None)
        ui.add_css(STYLE.read_text(encoding="utf-8"))
        with ui.element("main").classes("console scrolls"):
            with ui.element("header").classes("panel"):
                self._back = ui.link("", back).classes("choice back")
                with ui.element("h1"):
                    self._heading = ui.label()
                ui.element("span").classes("spread")
                self._tongue = choice("translate", "language")
                self._tongue.on_click(self._other_language)
                self._theme = choice("contrast", "theme")
                self._theme.on(
                    "click",
                    self._other_theme,
                    js_handler='() => emit(document.body.classList.contains("body--dark"))',
                )
            self._area = ui.element("div").classes("sheet")
            with ui.element("footer"):
                self._foot = ui.label()

    async def renew(self) -> None:
        """Look, and draw anew."""
        drawn, say = await self._look(), self._words.say
        self._heading.text = self._title or say("console.refunds")
        self._back.text = say("console.back")
        self._tongue.text = "English" if self._words.language == "zh_CN" else "中文"
        self._theme.text = say("console.theme")
        self._foot.text = say("console.foot")
        ui.query("html").props(f'lang="{HTML_LANG[self._words.language]}"')
        self._area.clear()
        with self._area:
            if drawn is None:
                text(say("console.never"), "banner", "div")
            else:
                drawn(self._words)

    async def _other_language(self) -> None:
        self._words = words("en" if self._words.language == "zh_CN" else "zh_CN")
        await self.renew()

    def _other_theme(self, event: GenericEventArguments) -> None:
        self._dark.set_value(not event.args)


def build_refund_pages(board: Board) -> None:
    """Make the pages' routes known to NiceGUI."""
    seen = RefundsBoard(board)

    @ui.page("/refunds", title="Regrade", language=None)
    async def refunds(client: Client) -> None:
        async def look() -> Draw | None:
            found = await seen.look()
            return None if found is None else lambda say: draw_refunds(found, say)

        sheet = Sheet("", "/", _language(client), look)
        await sheet.renew()
        ui.timer(RENEW_S, sheet.renew)

    @ui.page("/refunds/unit/{unit:path}", title="Regrade", language=None)
    async def life(client: Client, unit: str) -> None:
        async def look() -> Draw | None:
            found = await seen.life(unit)
            return None if found is None else lambda say: draw_life(found, say)

        await Sheet(unit, "/refunds", _language(client), look).renew()


def _language(client: Client) -> str:
    return language_of(client.request.headers.get("accept-language", ""))
