"""Training of the model that reads return reasons, on a handful of sentences."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import regrade
from inspection.claims.codes import Claim
from inspection.claims.grams import read_weights, write_weights
from inspection.claims.understanding import understand
from models.errors import BadTrainingSet
from models.evaluation.sentences import Sentence
from models.training.reasons import fitting
from models.training.reasons.fitting import fit

TEXTS = {
    Claim.CRACKED: ("qwert zuiop", "qwert asdfg", "qwert yxcvb", "qwert hjklo", "it is cracked"),
    Claim.TOO_SMALL: ("mnbvc zuiop", "mnbvc asdfg", "mnbvc yxcvb", "mnbvc hjklo", "it is too small"),
}


def few() -> list[Sentence]:
    """Two claims in letters that no phrase knows, each sentence a family, and one of each set apart."""
    return [
        Sentence(
            claim=claim,
            language="en",
            split="calibration" if number >= 3 else "train",
            family=f"{claim} {number}",
            text=text,
        )
        for claim, texts in TEXTS.items()
        for number, text in enumerate(texts)
    ]


def test_it_learns_what_tells_claims_apart_and_the_same_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "FOLDS", 2)
    model = fit(few())
    assert write_weights(fit(few())) == write_weights(model)
    assert understand("qwert", weights=model).likeliest == "damaged_in_transit"
    assert understand("mnbvc", weights=model).likeliest == "wrong_size"
    kept = read_weights(write_weights(model))
    assert np.array_equal(kept.table, model.table)
    assert kept.tuning == model.tuning


def test_too_little_to_learn_from_or_to_tune_on_is_refused() -> None:
    with pytest.raises(BadTrainingSet, match="families"):
        fit([])
    learnt = [one for one in few() if one.split == "train"]
    with pytest.raises(BadTrainingSet, match="to tune on"):
        fit(learnt)


def test_the_command_says_which_folder_is_no_set(tmp_path: Path) -> None:
    wanted = ["train", "reasons", "--sentences", str(tmp_path), "--out", str(tmp_path / "x.npz")]
    done = CliRunner().invoke(regrade.front_door(), wanted)
    assert done.exit_code == 1
    assert not (tmp_path / "x.npz").exists()


def test_the_command_evaluates_without_the_intents(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        regrade.front_door(), ["evaluate", "reasons", "--intents", str(tmp_path / "no")]
    )
    assert done.exit_code == 0
    assert "is not there: only our own sentences" in done.stderr
    assert "| fresh |" in done.stdout
