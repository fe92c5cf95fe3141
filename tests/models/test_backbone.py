"""Pictures to patches, and what the session refuses to pass on."""

import numpy as np
import pytest

from models.backbone import Backbone, pool_levels
from models.errors import ModelFailed
from models.framing import input_size
from models.manifest import ZOO, load_model
from models.session import MAX_BATCH, OnnxSession, check_answer

LEVELS = ("f8", "f16")


def picture(
    seed: int, height: int = 64, width: int = 96
) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def session() -> OnnxSession:
    manifest, content = load_model(ZOO / "efficientnet-lite0")
    return OnnxSession(content, input_name=manifest.picture.name, threads=1)


def test_a_picture_gives_one_row_for_each_eight_pixels(backbone: Backbone) -> None:
    maps, spent_ms = backbone.maps(picture(1))
    patches = pool_levels(maps, LEVELS)
    assert (patches.rows, patches.columns) == (8, 12)
    assert patches.vectors.shape == (96, sum(backbone.manifest.outputs[level] for level in LEVELS))
    assert spent_ms > 0


def test_a_batch_gives_what_each_picture_gives_alone(backbone: Backbone) -> None:
    pictures = [picture(seed) for seed in range(MAX_BATCH + 2)]
    together, _ = backbone.embed(pictures)
    for one, row in zip(pictures, together, strict=True):
        np.testing.assert_allclose(row, backbone.embed([one])[0][0], atol=2e-4)


def test_all_outputs_have_the_channels_of_the_manifest(session: OnnxSession) -> None:
    manifest, _ = load_model(ZOO / "efficientnet-lite0")
    answers = session.run(np.zeros((2, 3, 64, 96), np.float32), list(manifest.outputs))
    for answer, (name, channels) in zip(answers, manifest.outputs.items(), strict=True):
        assert answer.shape[:2] == (2, channels)
        if name != "embedding":
            stride = int(name[1:])
            assert answer.shape[2:] == (64 // stride, 96 // stride)


def test_no_numbers_in_means_a_failure_and_never_an_answer(session: OnnxSession) -> None:
    batch = np.full((1, 3, 64, 64), np.nan, np.float32)
    with pytest.raises(ModelFailed, match="not numbers"):
        session.run(batch, LEVELS)


@pytest.mark.parametrize("shape", [(3, 64, 64), (0, 3, 64, 64), (MAX_BATCH + 1, 3, 32, 32), (1, 4, 64, 64)])
def test_a_batch_that_cannot_be_run_is_a_named_failure(session: OnnxSession, shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelFailed):
        session.run(np.zeros(shape, np.float32), LEVELS)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        np.zeros((1, 2), np.float64),
        np.zeros((2, 2), np.float32),
        np.zeros((1, 0), np.float32),
        np.array([[np.inf]], np.float32),
    ],
)
def test_an_answer_of_another_shape_or_kind_is_refused(answer: object) -> None:
    with pytest.raises(ModelFailed):
        check_answer("f8", answer, 1)


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(512, 512, (320, 320)), (1080, 1920, (256, 416)), (360, 480, (288, 384)), (40, 4000, (160, 640))],
)
def test_the_model_sees_about_the_same_number_of_pixels_of_every_shape(
    height: int, width: int, expected: tuple[int, int]
) -> None:
    size = input_size(height, width)
    assert (size.height, size.width) == expected
