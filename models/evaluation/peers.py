"""Figures of other programs on the same draws, read from a file that their own run wrote."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import BadQuestion
from models.evaluation.bootstrap import draw_weights, estimate
from models.evaluation.folders import Item, Selection, group_of
from models.evaluation.metrics import Numbers, auroc
from models.evaluation.sets import SETS
from models.evaluation.span import Span, span_of

MAX_BYTES = 64 * 1024 * 1024
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Milliseconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class PeerSeed(BaseModel):
    """One peer on one draw of one set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    peer: str
    version: str
    backbone: str
    note: str = ""
    set: str
    seed: int
    auroc: Share
    aupro: Share | None = None
    cpu_ms: Milliseconds
    p50_ms: Milliseconds | None = None
    p95_ms: Milliseconds | None = None
    scores: Mapping[str, float] = Field(default_factory=dict)


class PeerFile(BaseModel):
    """What a run of the peers wrote."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measured: date
    machine: str
    threads: int
    rows: tuple[PeerSeed, ...]


class PeerRow(BaseModel):
    """One peer on one set, mean over its seeds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    peer: str
    version: str
    backbone: str
    note: str
    set: str
    seeds: int
    auroc: float
    span: Span | None = None
    """The same with our interval, where the peer's run kept its scores."""
    lowest: float
    highest: float
    """Over the seeds."""
    aupro: float | None
    cpu_ms: float
    p50_ms: float | None
    measured: date


def read_peers(path: Path) -> tuple[PeerRow, ...]:
    """The rows of a file, by set and peer; raises BadQuestion."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadQuestion(f"{path} has more than {MAX_BYTES} bytes")
        found = PeerFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadQuestion(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise BadQuestion(f"{path}: {where}: {first['msg']}") from error
    by_peer: dict[tuple[str, str, str], list[PeerSeed]] = defaultdict(list)
    for row in found.rows:
        by_peer[row.set, row.peer, row.backbone].append(row)
    return tuple(_mean(rows, found.measured) for rows in by_peer.values())


def _mean(rows: Sequence[PeerSeed], measured: date) -> PeerRow:
    first = rows[0]
    areas = [row.auroc for row in rows]
    pros = [row.aupro for row in rows if row.aupro is not None]
    walls = [row.p50_ms for row in rows if row.p50_ms is not None]
    return PeerRow(
        peer=first.peer,
        version=first.version,
        backbone=first.backbone,
        note=first.note,
        set=first.set,
        seeds=len(rows),
        auroc=round(float(np.mean(areas)), 4),
        span=span_of_scores(first.set, [row.scores for row in rows]),
        lowest=round(min(areas), 4),
        highest=round(max(areas), 4),
        aupro=round(float(np.mean(pros)), 4) if pros else None,
        cpu_ms=round(float(np.mean([row.cpu_ms for row in rows])), 1),
        p50_ms=round(float(np.mean(walls)), 1) if walls else None,
        measured=measured,
    )


def span_of_scores(name: str, seeds: Sequence[Mapping[str, float]]) -> Span | None:
    """Image AUROC with the bootstrap that our own rows have; None where scores or the set are not known."""
    if name not in SETS or not all(seeds):
        return None
    paths = sorted({path for scores in seeds for path in scores})
    items = [item_of(path, SETS[name].selection) for path in paths]
    column = {path: at for at, path in enumerate(paths)}
    places = [np.array([column[path] for path in scores], dtype=np.int64) for scores in seeds]
    bad = np.array([not item.good for item in items])

    def area(seed: int, weights: Numbers) -> Numbers:
        scores = np.array([*seeds[seed].values()], dtype=np.float64)
        return auroc(scores, bad[places[seed]], weights)

    return span_of(estimate(area, places, draw_weights(items)))


def item_of(path: str, selection: Selection) -> Item:
    """The item that a path of the splits names: set, folder, file."""
    kind, _, name = path.partition("/")[2].rpartition("/")
    return Item(
        path=Path(path),
        name=f"{kind}/{name}",
        kind=kind,
        good=kind == selection.good,
        group=group_of(f"{kind}/{name}", selection.group_by),
    )
