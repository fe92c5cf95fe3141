"""report.pdf: the printed page of an evidence pack, in Chinese and English.

The page tells; what proves lies beside it. It is drawn without a clock, so that the same case
gives the same bytes.
"""

import io
from functools import partial
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer

from kit.pack.case import EvidenceCase
from kit.pack.drawing import Numbered
from kit.pack.lettering import LINE, SOFT, runs
from kit.pack.sections import (
    MARGIN,
    heading_section,
    history_section,
    inspection_section,
    result_section,
    standing_section,
    verify_section,
)
from kit.pack.told import inspections, say

FOOT_SIZE = 7.0
FRAME_PADDING = 6
"""What reportlab leaves between a page's frame and its content, in points."""


def report_bytes(case: EvidenceCase) -> bytes:
    """The PDF of a case that holds at least one verdict."""
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN - FRAME_PADDING,
        rightMargin=MARGIN - FRAME_PADDING,
        topMargin=14 * mm,
        bottomMargin=18 * mm,
        invariant=1,
        title=f"{say('pack.title').en} {case.unit}",
        author=case.origin,
        subject=case.made_at,
        creator="Regrade",
        lang="zh-CN",
    )
    document.build(_story(case), canvasmaker=partial(_Sheet, case))
    return out.getvalue()


def _story(case: EvidenceCase) -> list[Flowable]:
    newest_first = reversed(inspections(case))
    parts: list[Flowable] = [*heading_section(case), *result_section(case)]
    for inspection in newest_first:
        parts += inspection_section(case, inspection)
    parts += [*history_section(case), *standing_section(case), *verify_section(case)]
    return [*parts, Spacer(1, 1)]


class _Sheet(Numbered):
    """Pages with the unit and the log in their feet."""

    def __init__(self, case: EvidenceCase, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._case = case

    def draw_foot(self, pages: int) -> None:
        """Unit and log on the left, the page's number on the right, in both languages."""
        told = say("pack.page", page=self.getPageNumber(), pages=pages)
        self.setStrokeColor(LINE)
        self.setLineWidth(0.5)
        self.line(MARGIN, 13 * mm, A4[0] - MARGIN, 13 * mm)
        self.setFillColor(SOFT)
        self._write(MARGIN, f"{self._case.unit} · {self._case.origin}")
        page = f"{told.zh} · {told.en}"
        self._write(A4[0] - MARGIN - self._width(page), page)

    def _write(self, left: float, content: str) -> None:
        for font, part in runs(content):
            self.setFont(font, FOOT_SIZE)
            self.drawString(left, 9 * mm, part)
            left += self.stringWidth(part, font, FOOT_SIZE)

    def _width(self, content: str) -> float:
        return sum(self.stringWidth(part, font, FOOT_SIZE) for font, part in runs(content))
