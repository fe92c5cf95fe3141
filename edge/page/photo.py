"""The left side: the live picture, or the pictures of the item with boxes where something was found."""

from functools import partial

from nicegui import ui

from devices.errors import DeviceError
from edge.page.parts import button
from edge.page.shapes import boxes_svg, size_of
from edge.page.view import View, likely
from edge.senses import Senses

LIVE_S = 0.4
MOST_FINDINGS = 4


class Photo:
    """One picture at a time; the views are chosen by small buttons."""

    def __init__(self, senses: Senses) -> None:
        self._senses = senses
        self._chosen: str | None = None
        self._source = ""
        self._choices: tuple[str, ...] = ()
        self._view: View | None = None
        with ui.element("section").classes("photo panel"):
            self._image = ui.interactive_image("").classes("frame")
            self._nothing = ui.label().classes("nothing")
            self._caption = ui.label().classes("tag")
            self._tabs = ui.element("div").classes("views")
            self._list = ui.element("div").classes("findings")
        ui.timer(LIVE_S, self._refresh)

    def show(self, view: View) -> None:
        """Take in a new look at the station."""
        self._view = view
        self._refresh()
        self._show_tabs(view)
        self._show_findings(view)

    def _refresh(self) -> None:
        if self._view is None:
            return
        shown = self._shown(self._view)
        source = self._frame(self._view, shown) or self._live(shown) if shown else None
        self._image.set_visibility(source is not None)
        self._nothing.set_visibility(source is None)
        self._nothing.text = self._view.words.say("bench.no_picture")
        if source is None:
            self._caption.text = shown or ""
            return
        address, size = source
        kind = "bench.still" if address.startswith("/frame") else "bench.live"
        self._caption.text = f"{self._view.words.say(kind)} · {shown}"
        if address != self._source:
            self._source = address
            self._image.set_source(address)
        self._fit(size)
        boxes = boxes_svg(self._view.snap["findings"], shown or "", size)
        self._image.set_content(boxes if address.startswith("/frame") else "")

    def _shown(self, view: View) -> str | None:
        views = view.snap["frames"] or view.snap["views"]
        if self._chosen in views:
            return self._chosen
        telling = [finding["view"] for finding in view.snap["findings"] if finding["view"] in views]
        return (telling or views or [None])[0]

    def _frame(self, view: View, shown: str) -> tuple[str, tuple[int, int]] | None:
        """A picture of the item itself; its address changes with every attempt."""
        item = view.bench.item
        for frame in item.frames if item else ():
            if frame.view == shown:
                mark = f"{frame.captured_at.timestamp():.3f}"
                return f"/frame/{shown}.jpg?v={mark}", size_of(frame.content)
        return None

    def _live(self, shown: str) -> tuple[str, tuple[int, int]] | None:
        try:
            picture = self._senses.latest(shown)
        except DeviceError:
            return None
        if picture is None:
            return None
        return f"/live/{shown}.jpg?v={picture.version[:16]}", size_of(picture.content)

    def _fit(self, size: tuple[int, int]) -> None:
        """As large as the panel allows, without cutting and without distorting."""
        ratio = size[0] / size[1]
        self._image.style(
            f"aspect-ratio: {ratio:.4f}; width: min(100%, calc(var(--photo-height) * {ratio:.4f}))"
        )

    def _show_tabs(self, view: View) -> None:
        choices = tuple(view.snap["frames"] or view.snap["views"])
        if choices == self._choices:
            return
        self._choices = choices
        self._tabs.clear()
        with self._tabs:
            for name in choices if len(choices) > 1 else ():
                button(name, "act", partial(self._choose, name))

    def _choose(self, name: str) -> None:
        self._chosen = name
        self._refresh()

    def _show_findings(self, view: View) -> None:
        words = view.words
        self._list.clear()
        with self._list:
            for number, finding in enumerate(view.snap["findings"][:MOST_FINDINGS], start=1):
                said = words.say(
                    "bench.finding",
                    defect=words.say(f"defect.{finding['kind']}"),
                    severity=words.say(f"severity.{finding['severity']}"),
                    percent=likely(finding["confidence_ppm"]),
                )
                ui.html(f"<span>{number} · {said}</span>", sanitize=False).classes("contents")
