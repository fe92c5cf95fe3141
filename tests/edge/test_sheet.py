"""The printed sheet says every command, and a scanner reads it."""

import re

import cv2
import numpy as np
import pytest

from edge.sheet import qr_svg, sheet
from inspection.operator import BINS, Bin, Command, CommandCode, parse

MODULE_PX = 8


def scanned(svg: str) -> str:
    """Draw the code as it would be printed, and read it."""
    side = int(re.findall(r'viewBox="0 0 (\d+)', svg)[0])
    picture = np.full((side * MODULE_PX, side * MODULE_PX), 255, np.uint8)
    for x, y in re.findall(r"M(\d+) (\d+)h1", svg):
        left, top = int(x) * MODULE_PX, int(y) * MODULE_PX
        picture[top : top + MODULE_PX, left : left + MODULE_PX] = 0
    text, *_ = cv2.QRCodeDetector().detectAndDecode(picture)
    return str(text)


@pytest.mark.parametrize("text", ["CMD:ACCEPT", "CMD:REASON8", "BIN:D"])
def test_a_code_is_read_back(text: str) -> None:
    assert scanned(qr_svg(text)) == text


def test_every_command_and_bin_is_on_the_sheet_in_both_languages() -> None:
    page = sheet()
    said = [parse(text) for text in re.findall(r"<code>([^<]+)</code>", page)]
    commands = {each.code for each in said if isinstance(each, Command)}
    bins = {each.letter for each in said if isinstance(each, Bin)}
    assert commands == set(CommandCode)
    assert bins == {mark.letter for mark in BINS.values()}
    assert "接受" in page
    assert "Accept" in page
