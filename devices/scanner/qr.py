"""What a scanner reads, the other way round: a text as the dark modules of a QR code (ISO/IEC 18004)."""

import cv2
import numpy as np


def qr_modules(text: str) -> tuple[tuple[tuple[bool, ...], ...], int]:
    """The rows of a QR code, True for dark, without its quiet zone; and how many modules a side has."""
    dark = cv2.QRCodeEncoder.create().encode(text) < 128
    rows, columns = np.nonzero(dark.any(axis=1))[0], np.nonzero(dark.any(axis=0))[0]
    inner = dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return tuple(tuple(bool(module) for module in row) for row in inner), len(inner)
