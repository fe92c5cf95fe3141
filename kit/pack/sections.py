"""The sections of the printed page, each a list of flowables."""

from collections.abc import Sequence
from typing import Any

from reportlab.lib.colors import white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Spacer, Table

from kit.pack.case import EvidenceCase
from kit.pack.drawing import COLORS, Blank, Code, Picture, picture_of
from kit.pack.lettering import INK, LINE, PAPER, SOFT, both, fitting, line, text
from kit.pack.standing import Standing, standing
from kit.pack.told import (
    Both,
    Inspection,
    Row,
    Shot,
    case_rows,
    finding_cells,
    history,
    inspection_rows,
    inspections,
    name,
    refund_told,
    result_rows,
    say,
)

MARGIN = 16 * mm
WIDTH = A4[0] - 2 * MARGIN
CODE_SIDE = 30 * mm
CAPTION = 43 * mm
PAD = [("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 6)]
TIGHT = [("TOPPADDING", (0, 0), (-1, -1), 2.2), ("BOTTOMPADDING", (0, 0), (-1, -1), 2.2)]
TOP = [("VALIGN", (0, 0), (-1, -1), "TOP")]
RULED = [("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE)]


def _table(cells: Sequence[list[Any]], widths: Sequence[float], *styles: object, head: int = 0) -> Table:
    flat = [row for part in (PAD, TIGHT, TOP, *styles) for row in part]  # type: ignore[attr-defined]
    return Table(cells, colWidths=list(widths), style=flat, repeatRows=head, hAlign="LEFT")


def _title(told: Both, room: float = 30 * mm) -> list[Flowable]:
    """A section's title, on the page where its first lines have room."""
    return [CondPageBreak(room), Spacer(1, 9), line(told, 10.5, INK), Spacer(1, 4)]


def _rows(rows: Sequence[Row], width: float = WIDTH) -> Table:
    cells = [[line(row.caption, 7.5, SOFT), fitting(row.value)] for row in rows]
    return _table(cells, (CAPTION, width - CAPTION))


def heading_section(case: EvidenceCase) -> list[Flowable]:
    """Title and what it is about; on the right the code of the checkpoint."""
    title = say("pack.title")
    room = WIDTH - CODE_SIDE
    left = [
        text(title.zh, 17, bold=True),
        text(title.en, 10.5, SOFT),
        Spacer(1, 5),
        _rows(case_rows(case), room),
    ]
    right = [Code(standing(case).code, CODE_SIDE), line(say("pack.qr"), 6.5, SOFT)]
    return [_table([[left, right]], (room, CODE_SIDE), [("RIGHTPADDING", (0, 0), (-1, -1), 0)])]


def result_section(case: EvidenceCase) -> list[Flowable]:
    """The newest result as a band: grade in its colour, where it goes, what is owed."""
    newest = inspections(case)[-1]
    grade, condition, way = result_rows(newest)
    color = COLORS[newest.record.verdict.grade]
    cells = [
        [
            [
                *both(grade, 15, white, bold=True),
                *([Spacer(1, 3), *both(condition, 8.5, white)] if condition else []),
            ],
            [line(say("pack.result"), 7.5, SOFT), *both(way, 10)],
            [line(say("pack.refund"), 7.5, SOFT), *both(refund_told(case), 10)],
        ]
    ]
    band = [
        ("BACKGROUND", (0, 0), (0, 0), color),
        ("BACKGROUND", (1, 0), (-1, 0), PAPER),
        ("LEFTPADDING", (0, 0), (-1, -1), 10),
        ("TOPPADDING", (0, 0), (-1, -1), 8),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 9),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ]
    return [Spacer(1, 8), _table(cells, (WIDTH * 0.3, WIDTH * 0.35, WIDTH * 0.35), band), Spacer(1, 2)]


def inspection_section(case: EvidenceCase, inspection: Inspection) -> list[Flowable]:
    """One verdict: its facts, photos and findings."""
    subject = inspection.record.unit
    caption = say("pack.inspection")
    told = name(subject.purpose)
    title = Both(
        f"{caption.zh} {subject.inspection} · {told.zh}", f"{caption.en} {subject.inspection} · {told.en}"
    )
    facts = _rows(inspection_rows(case, inspection))
    return [*_title(title), facts, *_photos(inspection.shots), *_findings(inspection)]


def _photos(shots: Sequence[Shot]) -> list[Flowable]:
    if not shots:
        return [*_title(say("pack.photos")), *both(say("pack.no_photos"))]
    columns = min(len(shots), 2 if len(shots) <= 4 else 3)
    width = min(WIDTH / columns, WIDTH * 0.62)
    tiles: list[list[Flowable] | str] = [_tile(shot, width - 8) for shot in shots]
    tiles += [""] * (-len(tiles) % columns)
    rows = [tiles[at : at + columns] for at in range(0, len(tiles), columns)]
    return [*_title(say("pack.photos"), 60 * mm), _table(rows, [width] * columns)]


def _tile(shot: Shot, width: float) -> list[Flowable]:
    image = picture_of(shot.photo.content) if shot.photo else None
    caption = text(f"{shot.item.view} · {shot.item.captured_at:%Y-%m-%d %H:%M:%S} UTC", 7, SOFT)
    if image is not None:
        return [Picture(shot, image, width, width * 0.8), Spacer(1, 2), caption]
    why = shot.missing if shot.photo is None else say("pack.photo_unreadable")
    return [Blank(width, width * 0.3), Spacer(1, 2), caption, *both(why, 7.5)]


def _findings(inspection: Inspection) -> list[Flowable]:
    record = inspection.record
    if record.findings_file:
        told = both(say("pack.findings_file", count=record.findings_file.count))
        return [*_title(say("pack.findings")), *told, text(record.findings_file.sha256, 7, SOFT)]
    if not record.findings:
        return [*_title(say("pack.findings")), *both(say("pack.no_findings"))]
    heads = ("what", "where", "severity", "sure", "view", "seen_by")
    cells: list[list[object]] = [
        [text("#", 7, SOFT), *(both(say(f"pack.{head}"), 7, SOFT) for head in heads)]
    ]
    for number, row in enumerate(record.findings, start=1):
        cells.append([text(str(number), 8), *(line(cell, 8) for cell in finding_cells(record, row))])
    shares = (0.05, 0.26, 0.17, 0.14, 0.1, 0.1, 0.18)
    return [*_title(say("pack.findings")), _table(cells, [WIDTH * share for share in shares], RULED, head=1)]


def history_section(case: EvidenceCase) -> list[Flowable]:
    """The entries in their order."""
    heads = [both(say(f"pack.{key}"), 7, SOFT) for key in ("entry", "recorded", "kind")]
    cells: list[list[object]] = [[*heads, ""]]
    for index, at, kind, said in history(case):
        cells.append([text(index, 8), text(at, 8), line(kind, 8), line(said, 8)])
    shares = (0.09, 0.22, 0.29, 0.4)
    table = _table(cells, [WIDTH * share for share in shares], RULED, head=1)
    return [*_title(say("pack.timeline")), table]


def standing_section(case: EvidenceCase) -> list[Flowable]:
    """Which tree, signed by whom, seen by whom; and what no proof can say."""
    rows = standing(case)
    return [KeepTogether([*_title(say("pack.standing")), _rows(_standing_rows(rows))])]


def _standing_rows(rows: Standing) -> tuple[Row, ...]:
    return (
        Row(say("pack.log"), Both.same(rows.origin)),
        Row(say("pack.size"), Both.same(str(rows.size))),
        Row(say("pack.root"), Both.same(rows.root)),
        Row(say("pack.log_key"), Both.same(rows.log_key)),
        Row(say("pack.witnesses"), rows.witnesses),
    )


def verify_section(case: EvidenceCase) -> list[Flowable]:
    """What a reader does to check it."""
    steps = ("verify_browser", "verify_drop", "verify_command", "verify_key", "not_shown")
    cells = [[text(f"{at}.", 8.5, SOFT), both(say(f"pack.{step}"))] for at, step in enumerate(steps, start=1)]
    return [KeepTogether([*_title(say("pack.verify")), _table(cells, (6 * mm, WIDTH - 6 * mm))])]
