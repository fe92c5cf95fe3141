"""`regrade station calibrate` and `regrade station card`: a bench and its light card, step by step.

Pictures come from the station's own cameras, or from files. Nothing is kept unless both pictures do.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry

from devices.config import DeviceConfig
from devices.driver import Surroundings
from devices.errors import DeviceError
from devices.supervisor import Supervisor
from edge.config import StationConfig
from edge.errors import BadConfig
from edge.steps.light import ACCEPTED_HOURS
from inspection.readings import Frame
from inspection.words.catalog import words
from models.bench.calibration import BenchCalibration, calibrate
from models.bench.card import CARDS
from models.bench.drift import Drift, measure_drift
from models.bench.printing import printed
from models.bench.shelf import BenchShelf
from models.images import MAX_BYTES

Wait = Callable[[str], None]
"""Tells the person what to do and returns when it is done."""
Say = Callable[[str], None]

PATIENCE_S = 10.0
AGAIN_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for on the command line."""

    view: str | None = None
    empty: Path | None = None
    card: Path | None = None
    card_size_mm: float | None = None


def print_card(out: Path, size: str) -> str:
    """Write the sheet with the light card; returns what to do with it."""
    chosen = next((card for card in CARDS.values() if card.name == size), None)
    if chosen is None:
        raise BadConfig(f"{size!r} is no size of the light card: {', '.join(CARDS)}")
    out.write_bytes(printed(chosen, out.suffix.lower()))
    wide = f"the card {chosen.width_mm:g} mm wide"
    return f"{out}: print it at 100 %, matt, on A4; the ruler on it must be 100 mm long, {wide}"


def calibrate_views(config: StationConfig, wish: Wish, wait: Wait, say: Say) -> None:
    """Calibrate one view or all; raises BadImage, BadCard kinds and BadBench, and keeps nothing then."""
    views = _views(config, wish.view)
    if (wish.empty is None) != (wish.card is None):
        raise BadConfig("give both pictures, --empty and --card, or neither")
    if wish.empty is not None and wish.card is not None:
        if len(views) > 1:
            raise BadConfig(f"say which view the pictures show, --view: {', '.join(views)}")
        frames = [_from_files(views[0], path) for path in (wish.empty, wish.card)]
        _keep(config, wish, {views[0]: frames[0]}, {views[0]: frames[1]}, say)
        return
    wait("Clear the bench, switch the bench light on, then press Enter.")
    empty = asyncio.run(photograph(config, views))
    wait("Lay the light card in the middle, printed side up, then press Enter.")
    _keep(config, wish, empty, asyncio.run(photograph(config, views)), say)


def check_views(config: StationConfig, view: str | None, picture: Path | None, say: Say) -> bool:
    """Compare the bench as it is with its calibration; True where nothing has drifted."""
    shelf, views = BenchShelf(config.references), _views(config, view)
    if picture is not None:
        frames = {views[0]: _from_files(views[0], picture)}
    else:
        frames = asyncio.run(photograph(config, views))
    fine = True
    for name, frame in frames.items():
        calibration = _known(shelf, name)
        drift = measure_drift(calibration, frame.content)
        say(drift_line(name, drift))
        fine = fine and not drift.found
    return fine


def accept_views(config: StationConfig, view: str | None, by: str, say: Say) -> None:
    """Let a station work although a calibrated view has drifted, for one shift."""
    shelf = BenchShelf(config.references)
    for name in (view,) if view else tuple(shelf.views()):
        shelf.accept(_known(shelf, name), at=datetime.now(UTC), by=by)
        say(f"{name}: accepted by {by} for {ACCEPTED_HOURS:g} hours")


async def photograph(config: StationConfig, views: tuple[str, ...]) -> dict[str, Frame]:
    """One picture of every view, by the station's own cameras; raises DeviceError in words."""
    cameras = tuple(device for device in config.devices if _is_camera(device))
    surroundings = Surroundings(clock=lambda: datetime.now(UTC), mqtt=None)
    async with Supervisor(cameras, surroundings=surroundings, registry=CollectorRegistry()) as senses:
        return {view: await _patiently(senses, view) for view in views}


async def _patiently(senses: Supervisor, view: str) -> Frame:
    """A camera that was just opened needs a moment."""
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE_S
    while True:
        try:
            return await senses.capture(view)
        except DeviceError:
            if loop.time() > until:
                raise
            await asyncio.sleep(AGAIN_S)


def _keep(
    config: StationConfig, wish: Wish, empty: dict[str, Frame], card: dict[str, Frame], say: Say
) -> None:
    """Make every calibration first: one that fails leaves all of them as they were."""
    made = [
        calibrate(
            view=view,
            camera=frame.camera,
            taken_at=frame.captured_at,
            empty=frame.content,
            card=card[view].content,
            width_mm=wish.card_size_mm,
        )
        for view, frame in empty.items()
    ]
    shelf = BenchShelf(config.references)
    for calibration in made:
        shelf.write(calibration)
        for line in figures(calibration):
            say(line)


def figures(calibration: BenchCalibration) -> tuple[str, ...]:
    """What a calibration measured, one line each."""
    card = calibration.card
    red, green, blue = (round(value) for value in card.greys[0])
    return (
        f"{calibration.view}: calibrated by the {card.card} card, {card.width_mm:g} mm wide",
        f"  picture {calibration.width} x {calibration.height}, {card.mm_per_pixel:.4f} mm in a pixel",
        f"  tilt {card.tilt:.3f}, edges {card.edge_mm:.2f} mm wide, sharpness {calibration.sharpness:.0f}",
        f"  white of the card: red {red}, green {green}, blue {blue}",
        f"  pictures {calibration.sha256[:16]}",
    )


def drift_line(view: str, drift: Drift) -> str:
    """One measurement in words and figures."""
    said = ", ".join(words("en").name(kind) for kind in drift.found) or "as calibrated"
    parts = [f"light {drift.brightness:.2f}", f"colour {drift.colour:.3f}", f"slope {drift.slope:.2f}"]
    optional = (("shift", drift.shift), ("scale", drift.scale), ("focus", drift.focus))
    parts += [f"{name} {value:.3f}" for name, value in optional if value is not None]
    return f"{view}: {said} ({'; '.join(parts)}; by the {'card' if drift.by_card else 'empty bench'})"


def _views(config: StationConfig, wanted: str | None) -> tuple[str, ...]:
    cameras = tuple(view for device in config.devices if (view := getattr(device, "view", None)))
    shown = config.views or cameras
    if wanted is not None and wanted not in shown:
        raise BadConfig(f"no camera of this station shows the view {wanted!r}; it has: {', '.join(shown)}")
    if not shown:
        raise BadConfig("this station has no camera: add one to station.toml")
    return (wanted,) if wanted else shown


def _known(shelf: BenchShelf, view: str) -> BenchCalibration:
    found = shelf.read(view)
    if found is None:
        raise BadConfig(f"the view {view!r} is not calibrated: run `regrade station calibrate`")
    return found


def _is_camera(device: DeviceConfig) -> bool:
    return hasattr(device, "view")


def _from_files(view: str, path: Path) -> Frame:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadConfig(f"{path} cannot be read: {error.strerror}") from error
    kind = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
    return Frame(view=view, camera="file", content=content, media_type=kind, captured_at=datetime.now(UTC))
