"""Write a log out: as lines, as a folder, or as a zip; the same log gives the same bytes.

checkpoint            the signed note over all entries
checkpoints/<size>    every one that was kept
leaves.jsonl          the header line and each leaf's bytes
policy                whom the centre trusts as witnesses (C2SP tlog-policy)
tile/...              the tree and the entries in bundles (C2SP tlog-tiles)
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inspection.custody.tiles import HASHES, TileReader, bundles_of, tiles_of, write_bundle
from kit.export import BODILESS, Header

CHECKPOINT = "checkpoint"
CHECKPOINTS = "checkpoints/"
LINES = "leaves.jsonl"
POLICY = "policy"
PAGE = 2 * HASHES
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say: when it was made is not in it."""
UNIX = 3

Part = tuple[str, Iterable[bytes]]
"""A name below the archive, and its content in pieces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSource:
    """Where a log is read from; nothing is read before it is written."""

    header: Header
    policy: bytes | None
    checkpoints: Callable[[], Iterable[tuple[int, bytes]]]
    """Size and note of every kept checkpoint, up to the header's, the smallest first."""
    lines: Callable[[range], list[bytes]]
    """The leaves at these indexes, each as its line in the export, without newlines."""
    tile: TileReader


def jsonl(source: LogSource) -> Iterator[bytes]:
    """The header line and the leaves, page by page."""
    yield source.header.to_bytes() + b"\n"
    for page in pages(source.header.size):
        yield b"".join(line + b"\n" for line in source.lines(page))


def pages(size: int) -> Iterator[range]:
    """The ranges of indexes in which the leaves of a log are read."""
    return (range(start, min(start + PAGE, size)) for start in range(0, size, PAGE))


def archive_parts(source: LogSource) -> Iterator[Part]:
    """All parts of an archive, in the one order in which they are written."""
    yield CHECKPOINT, (source.header.checkpoint,)
    for size, note in source.checkpoints():
        yield f"{CHECKPOINTS}{size}", (note,)
    yield LINES, jsonl(source)
    if source.policy is not None:
        yield POLICY, (source.policy,)
    for path in tiles_of(source.header.size):
        if path.level is not None:
            yield path.to_text(), (source.tile(path.level, path.index, path.width),)
    for path in bundles_of(source.header.size):
        start = path.index * HASHES
        entries = source.lines(range(start, start + path.width))
        if not any(map(BODILESS.fullmatch, entries)):  # a bundle cannot say that a body was dropped
            yield path.to_text(), (write_bundle(entries),)


def write_zip(file: BinaryIO, parts: Iterable[Part], mode: int = 0o644) -> None:
    """Write parts as a zip without compression, so that anybody can read it, and with no clock in it."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts:
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.external_attr, entry.create_system = mode << 16, UNIX
            with archive.open(entry, "w", force_zip64=name == LINES) as out:
                for piece in content:
                    out.write(piece)


def write_folder(folder: Path, parts: Iterable[Part]) -> None:
    """Write parts into a new folder; raises FileExistsError when there is one already."""
    folder.mkdir(parents=True)
    for name, content in parts:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as out:
            for piece in content:
                out.write(piece)
