"""The supervisors' first page: what needs somebody, at a glance; it renews itself every second."""

from pathlib import Path

from nicegui import Client, ui

from inspection.words.catalog import Words, words
from server.console.board import Board, Seen
from server.console.parts import PARTS, Part
from server.console.view import age

STYLE = Path(__file__).with_name("style.css")
RENEW_S = 1.0


class ConsolePage:
    """One open page."""

    def __init__(self, board: Board, site: str) -> None:
        self._board, self._site = board, site
        self._words = words("zh_CN")
        self._drawn: dict[int, object] = {}
        self._dark = ui.dark_mode(None)
        ui.add_css(STYLE.read_text(encoding="utf-8"))
        with ui.element("main").classes("console"):
            self._head()
            self._banner = ui.label().classes("banner").props('role="status" aria-live="polite"')
            with ui.element("div").classes("grid"):
                self._areas = [(part, ui.element("section").classes(part.css)) for part in PARTS]

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

    def _title(self, part: Part) -> None:
        if part.title is not None:
            with ui.element("h2"):
                ui.label(self._words.say(part.title))

    def _head(self) -> None:
        with ui.element("header"):
            with ui.element("h1"):
                self._heading = ui.label()
            self._where = ui.label().classes("soft")
            ui.element("span").classes("spread")
            self._tongue = (
                ui.button(on_click=self._other_language, color=None).props("flat no-caps").mark("language")
            )
            self._theme = (
                ui.button(on_click=self._other_theme, color=None).props("flat no-caps").mark("theme")
            )
        self._name()

    def _name(self) -> None:
        say = self._words.say
        self._heading.text = say("console.title")
        self._where.text = say("console.site", site=self._site)
        self._tongue.text = "English" if self._words.language == "zh_CN" else "中文"
        self._theme.text = say("console.light" if self._dark.value else "console.dark")

    async def _other_language(self) -> None:
        self._words = words("en" if self._words.language == "zh_CN" else "zh_CN")
        ui.query("html").props(f'lang="{"zh-CN" if self._words.language == "zh_CN" else "en"}"')
        self._name()
        await self.renew()

    def _other_theme(self) -> None:
        self._dark.set_value(not self._dark.value)
        self._name()


def _banner(seen: Seen, say: Words) -> str:
    if seen.overview is None:
        return say.say("console.never")
    return "" if seen.stale_s is None else say.say("console.stale", age=age(say, seen.stale_s))


def build_pages(board: Board, site: str) -> None:
    """Make the page's route known to NiceGUI."""

    @ui.page("/", title="Regrade")
    async def overview(client: Client) -> None:
        page = ConsolePage(board, site)
        await page.renew()
        ui.timer(RENEW_S, page.renew)
