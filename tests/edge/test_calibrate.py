"""`regrade station card` and `calibrate`: from the camera, from files, and with wrong input."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from models.bench.card import CARDS
from models.bench.printing import as_png
from models.bench.shelf import BenchShelf
from models.errors import CardMissing, WrongCard
from models.images import Pixels, decode
from regrade import front_door

BENCH = Path(__file__).parents[2] / "datasets" / "drawn" / "bench.jpg"
Run = Callable[..., Result]


def with_card(pixels: Pixels) -> Pixels:
    """The medium card, 0.8 mm in a pixel, printed in the greys that a camera sees."""
    page = cv2.resize(
        decode(as_png(CARDS["medium"])), None, fx=1 / 9.6, fy=1 / 9.6, interpolation=cv2.INTER_AREA
    )
    card = (page / 255.0 * 200 + 25).astype(np.uint8)[59:184, 92:280]
    laid = pixels.copy()
    laid[110:235, 140:328] = card
    return laid


def kept(folder: Path, name: str, pixels: Pixels) -> str:
    path = folder / name
    path.write_bytes(cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes())
    return str(path)


@pytest.fixture
def station(tmp_path: Path) -> Path:
    """A folder with one camera that shows a bench."""
    (tmp_path / "camera").mkdir()
    (tmp_path / "camera" / "bench.jpg").write_bytes(BENCH.read_bytes())
    camera = f'[[devices]]\ndriver = "folder"\nname = "cam"\nview = "top"\nfolder = "{tmp_path / "camera"}"\n'
    (tmp_path / "station.toml").write_text(f'centre = "http://127.0.0.1:9"\n{camera}')
    kept(tmp_path, "card.jpg", with_card(decode(BENCH.read_bytes())))
    return tmp_path


@pytest.fixture
def run(station: Path) -> Run:
    """`run("--check")`: one command line; an error is kept in the result."""

    def invoke(*words: str, command: str = "calibrate", text: str = "") -> Result:
        where = ("--dir", str(station)) if command == "calibrate" else ()
        return CliRunner().invoke(front_door(), ["station", command, *where, *words], input=text)

    return invoke


def pair(station: Path) -> tuple[str, ...]:
    return ("--empty", str(BENCH), "--card", str(station / "card.jpg"))


def test_a_bench_is_calibrated_from_two_files(run: Run, station: Path) -> None:
    done = run(*pair(station))
    assert done.exit_code == 0, done.output
    assert "top: calibrated by the medium card, 150 mm wide" in done.output
    assert "white of the card: red 22" in done.output
    calibration = BenchShelf(station / "references").read("top")
    assert calibration is not None
    assert calibration.mm_per_pixel == pytest.approx(0.8, rel=0.01)
    assert calibration.empty == BENCH.read_bytes()


def test_a_ruler_is_believed_within_reason(run: Run, station: Path) -> None:
    run(*pair(station), "--card-size-mm", "145")
    calibration = BenchShelf(station / "references").read("top")
    assert calibration is not None and calibration.mm_per_pixel == pytest.approx(0.773, rel=0.01)
    with pytest.raises(WrongCard):
        raised(run(*pair(station), "--card-size-mm", "75"))


def test_the_engineer_is_led_through_it_by_the_camera(run: Run, station: Path) -> None:
    refused = run(text="\n\n")
    assert "Clear the bench" in refused.output and "Lay the light card" in refused.output
    with pytest.raises(CardMissing):
        raised(refused)
    assert BenchShelf(station / "references").views() == [], "nothing is kept of half a calibration"


def test_a_check_says_the_drift_and_ends_with_one(run: Run, station: Path) -> None:
    run(*pair(station))
    good = run("--check")
    assert (good.exit_code, "as calibrated" in good.output) == (0, True)
    dark = kept(station, "dark.jpg", np.asarray(decode(BENCH.read_bytes()) * 0.6, dtype=np.uint8))
    bad = run("--check", "--card", dark)
    assert (bad.exit_code, "darker than calibrated" in bad.output) == (1, True)


def test_a_drift_is_accepted_by_a_name(run: Run, station: Path) -> None:
    run(*pair(station))
    assert "top: accepted by Li Na for 12 hours" in run("--accept", "Li Na").output
    said = BenchShelf(station / "references").acceptance("top")
    assert said is not None and said.by == "Li Na"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--view", "side"), "no camera of this station shows the view 'side'"),
        (("--empty", str(BENCH)), "give both pictures"),
        (("--empty", "gone.jpg", "--card", "gone.jpg"), "cannot be read"),
        (("--check",), "is not calibrated"),
        (("--accept", "Li Na", "--view", "top"), "is not calibrated"),
    ],
)
def test_wrong_use_is_said(run: Run, words: tuple[str, ...], said: str) -> None:
    assert said in run(*words).stderr


@pytest.mark.parametrize(("name", "magic"), [("card.pdf", b"%PDF-1.4"), ("card.png", b"\x89PNG")])
def test_the_card_is_written(run: Run, station: Path, name: str, magic: bytes) -> None:
    done = run("--print", str(station / name), command="card")
    assert "100 mm long, the card 150 mm wide" in done.output
    assert (station / name).read_bytes().startswith(magic)


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--print", "card.svg"), ".pdf or .png"), (("--print", "c.pdf", "--size", "huge"), "no size")],
)
def test_a_card_that_is_not_printed_is_said(run: Run, words: tuple[str, ...], said: str) -> None:
    assert said in run(*words, command="card").stderr


def raised(result: Result) -> None:
    """Raise what the command line made one sentence of."""
    if result.exception is not None and result.exception.__context__ is not None:
        raise result.exception.__context__
