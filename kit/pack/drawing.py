"""What the page shows beside text: photos with their boxes, the code of the checkpoint, a chip of colour."""

import io

import segno
from reportlab.lib.colors import HexColor, white
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from inspection.grades import Grade
from kit.pack.lettering import BOLD, LINE, PAPER
from kit.pack.told import Shot

MARK = HexColor("#d97706")
COLORS = {
    Grade.NEW: HexColor("#14713d"),
    Grade.USED: HexColor("#b45309"),
    Grade.DAMAGED: HexColor("#b3261e"),
    Grade.UNGRADED: HexColor("#5c6675"),
}
PPM = 1_000_000
NUMBER_SIZE = 6.5
QUIET = 4
"""Blank modules around a code (ISO/IEC 18004)."""


def picture_of(content: bytes) -> ImageReader | None:
    """The image, or None for bytes that are none: a page is never lost over a photo."""
    try:
        return ImageReader(io.BytesIO(content))
    except Exception:  # whatever a decoder raises over foreign bytes
        return None


class Picture(Flowable):
    """A photo scaled into a box, the findings on it as numbered rectangles."""

    def __init__(self, shot: Shot, image: ImageReader, width: float, height: float) -> None:
        super().__init__()
        pixels = image.getSize()
        scale = min(width / pixels[0], height / pixels[1])
        self.shot, self.image = shot, image
        self.width, self.height = pixels[0] * scale, pixels[1] * scale

    def wrap(self, *_: float) -> tuple[float, float]:
        """Its size, whatever room there is."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw the photo, every box, then every number, so that no box hides one."""
        self.canv.drawImage(self.image, 0, 0, self.width, self.height)
        boxes = [(number, self._box(row.region_ppm)) for number, row in self.shot.marks if row.region_ppm]
        for _, (left, bottom, width, height) in boxes:
            self._outline(left, bottom, width, height)
        for number, (left, bottom, _, height) in boxes:
            self._number(str(number), left, bottom + height)

    def _box(self, region: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
        left, top, width, height = (part / PPM for part in region)
        bottom = max(0.0, 1 - top - height)
        width, height = min(width, 1 - left), min(height, 1 - top)
        return left * self.width, bottom * self.height, width * self.width, height * self.height

    def _outline(self, left: float, bottom: float, width: float, height: float) -> None:
        for color, line_width in ((white, 2.2), (MARK, 1.1)):
            self.canv.setStrokeColor(color)
            self.canv.setLineWidth(line_width)
            self.canv.rect(left, bottom, width, height, stroke=1, fill=0)

    def _number(self, number: str, left: float, top: float) -> None:
        width = self.canv.stringWidth(number, BOLD, NUMBER_SIZE) + 4
        left, top = min(left, self.width - width), min(max(top, NUMBER_SIZE + 3), self.height)
        self.canv.setFillColor(MARK)
        self.canv.rect(left, top - NUMBER_SIZE - 3, width, NUMBER_SIZE + 3, stroke=0, fill=1)
        self.canv.setFillColor(white)
        self.canv.setFont(BOLD, NUMBER_SIZE)
        self.canv.drawString(left + 2, top - NUMBER_SIZE - 0.5, number)


class Blank(Flowable):
    """Where a photo would be."""

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self.width, self.height = width, height

    def wrap(self, *_: float) -> tuple[float, float]:
        """Its size, whatever room there is."""
        return self.width, self.height

    def draw(self) -> None:
        """An empty frame with a cross."""
        self.canv.setFillColor(PAPER)
        self.canv.setStrokeColor(LINE)
        self.canv.setLineWidth(0.7)
        self.canv.rect(0, 0, self.width, self.height, stroke=1, fill=1)
        self.canv.line(0, 0, self.width, self.height)
        self.canv.line(0, self.height, self.width, 0)


class Code(Flowable):
    """A QR code."""

    def __init__(self, content: str, side: float) -> None:
        super().__init__()
        self.modules = [list(row) for row in segno.make_qr(content, error="m").matrix]
        self.side = side

    def wrap(self, *_: float) -> tuple[float, float]:
        """A square."""
        return self.side, self.side

    def draw(self) -> None:
        """Dark modules as squares."""
        step = self.side / (len(self.modules) + 2 * QUIET)
        self.canv.setFillGray(0)
        for y, row in enumerate(self.modules):
            for x, dark in enumerate(row):
                if dark:
                    bottom = self.side - (y + QUIET + 1) * step
                    self.canv.rect((x + QUIET) * step, bottom, step, step, stroke=0, fill=1)


class Numbered(Canvas):
    """A canvas that knows, when it draws a foot, how many pages there are."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._pages: list[dict[str, object]] = []
        self.foot: object = None

    def showPage(self) -> None:
        """Keep the page until the last one is known."""
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]

    def save(self) -> None:
        """Draw the feet and write."""
        for page in self._pages:
            self.__dict__.update(page)
            self.draw_foot(len(self._pages))
            super().showPage()
        super().save()

    def draw_foot(self, pages: int) -> None:
        """Drawn on every page; a report puts its own in its place."""
