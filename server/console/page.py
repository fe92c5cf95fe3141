"""The supervisors' first page: what needs somebody, at a glance; it renews itself every second."""

from pathlib import Path

from nicegui import Client, ui
from nicegui.events import GenericEventArguments

from inspection.words.catalog import Words, words
from server.console.board import Board, Seen
from server.console.parts import ALARMS, COLUMNS, LEDGER, TILES, Part
from server.console.view import age, language_of

STYLE = Path(__file__).with_name("style.css")
RENEW_S = 1.0
HTML_LANG = {"zh_CN": "zh-CN", "en": "en"}


class ConsolePage:
    """One open page."""

    def __init__(self, board: Board, site: str, language: str) -> None:
        self._board, self._site = board, site
        self._words = words(language)
        self._drawn: dict[int, object] = {}
        self._areas: list[tuple[Part, ui.element]] = []
        self._dark = ui.dark_mode(None)  # as the browser likes it, until somebody chooses
        ui.add_css(STYLE.read_text(encoding="utf-8"))
        with ui.element("main").classes("console"):
            self._head()
            self._banner = ui.label().classes("banner").props('role="status" aria-live="polite"')
            self._add(ALARMS)
            self._add(TILES)
            with ui.element("div").classes("columns"):
                for column in COLUMNS:
                    with ui.element("div").classes("column"):
                        for part in column:
                            self._add(part)
            self._add(LEDGER)
            with ui.element("footer"):
                self._foot = ui.label()
        self._name()

    def show(self, seen: Seen) -> None:
        """Draw what has changed since the last time."""
        self._banner.text = _banner(seen, self._words)
        self._banner.set_visibility(bool(self._banner.text))
        if seen.overview is None:
            return
        for index, (part, area) in enumerate(self._areas):
            wanted = (part.slice_of(seen.overview, self._words), self._words.language)
            if self._drawn.get(index) != wanted:
                self._drawn[index] = wanted
                area.clear()
                with area:
                    self._title(part)
                    part.draw(seen.overview, self._words)

    async def renew(self) -> None:
        """Look at the centre and draw."""
        self.show(await self._board.look())

    def _add(self, part: Part) -> None:
        self._areas.append((part, ui.element("section").classes(part.css)))

    def _title(self, part: Part) -> None:
        if part.title is not None:
            with ui.element("h2"):
                ui.label(self._words.say(part.title))

    def _head(self) -> None:
        with ui.element("header").classes("panel"):
            self._where = ui.label().classes("soft")
            with ui.element("h1"):
                self._heading = ui.label()
            ui.element("span").classes("spread")
            self._refunds = ui.link("", "/refunds").classes("choice back")
            self._tongue = choice("translate", "language")
            self._tongue.on_click(self._other_language)
            self._theme = choice("contrast", "theme")
            # only the browser knows which theme it shows while it follows its own setting
            self._theme.on(
                "click",
                self._other_theme,
                js_handler='() => emit(document.body.classList.contains("body--dark"))',
            )

    def _name(self) -> None:
        say = self._words.say
        self._heading.text = say("console.title")
        self._where.text = say("console.site", site=self._site)
        self._tongue.text = "English" if self._words.language == "zh_CN" else "中文"
        self._theme.text = say("console.theme")
        self._refunds.text = say("console.refunds_page")
        self._foot.text = say("console.foot")
        ui.query("html").props(f'lang="{HTML_LANG[self._words.language]}"')

    async def _other_language(self) -> None:
        self._words = words("en" if self._words.language == "zh_CN" else "zh_CN")
        self._name()
        await self.renew()

    def _other_theme(self, event: GenericEventArguments) -> None:
        self._dark.set_value(not event.args)


def choice(icon: str, name: str) -> ui.button:
    """A button of the header."""
    return ui.button(icon=icon, color=None).props("flat no-caps").classes("choice").mark(name)


def _banner(seen: Seen, say: Words) -> str:
    if seen.overview is None:
        return say.say("console.never")
    return "" if seen.stale_s is None else say.say("console.stale", age=age(say, seen.stale_s))


def build_pages(board: Board, site: str) -> None:
    """Make the page's route known to NiceGUI."""

    @ui.page("/", title="Regrade", language=None)
    async def overview(client: Client) -> None:
        language = language_of(client.request.headers.get("accept-language", ""))
        page = ConsolePage(board, site, language)
        await page.renew()
        ui.timer(RENEW_S, page.renew)
