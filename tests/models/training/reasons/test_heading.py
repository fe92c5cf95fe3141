"""Training of the head over an embedding, on a handful of sentences and an embedding of two numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import regrade
from inspection.claims import embedding
from inspection.claims.codes import Claim
from inspection.claims.encoder import Floats
from inspection.claims.grams import CLAIMS
from inspection.claims.plain import plain
from models.errors import BadTrainingSet
from models.evaluation.sentences import Sentence
from models.training.reasons.heading import fit_head

TEXTS = {Claim.CRACKED: "qwert", Claim.TOO_SMALL: "mnbvc"}


def embed(text: str) -> Floats:
    """What the text begins with, and a little of how long it is."""
    said = np.array(["qwert" in text, "mnbvc" in text, len(text) / 1000], dtype=np.float32)
    return said / np.linalg.norm(said)


def few() -> list[Sentence]:
    return [
        Sentence(
            claim=claim,
            language="en",
            split="train",
            family=f"{claim} {number}",
            text=f"{word} {'ab' * number}",
        )
        for claim, word in TEXTS.items()
        for number in range(6)
    ]


def test_it_learns_what_tells_claims_apart_and_the_same_twice() -> None:
    head = fit_head(few(), embed)
    assert np.array_equal(head.weights, fit_head(few(), embed).weights)
    for claim, word in TEXTS.items():
        said = embed(plain(word)) @ head.weights + head.bias
        assert CLAIMS[int(said.argmax())] == claim
    assert 0.6 <= head.certain_from <= 0.99


def test_chinese_sentences_and_known_phrases_take_no_part() -> None:
    other = Sentence(claim=Claim.LATE, language="zh", split="train", family="late", text="太慢了")
    known = Sentence(
        claim=Claim.LATE, language="en", split="calibration", family="known", text="it came too late"
    )
    assert np.array_equal(fit_head(few(), embed).weights, fit_head([*few(), other, known], embed).weights)


def test_too_little_to_learn_from_is_refused() -> None:
    with pytest.raises(BadTrainingSet, match="in English"):
        fit_head([], embed)
    known = [replace(one, text="it is cracked") for one in few()]
    with pytest.raises(BadTrainingSet, match="to tune on"):
        fit_head(known, embed)


def test_the_commands_name_the_remedy_where_the_embedding_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(embedding, "PACKAGE", "a-package-that-nobody-has")
    embedding.installed_embedder.cache_clear()
    for wanted in (["train", "reasons", "--out", str(tmp_path / "x.npz")], ["evaluate", "reasons"]):
        done = CliRunner().invoke(regrade.front_door(), [*wanted, "--embedding"])
        assert done.exit_code == 1
        assert "make reasons" in done.output
    assert not (tmp_path / "x.npz").exists()


class Late:
    """A reader that takes everything for late, and an embedding of three numbers."""

    certain_from = 0.9
    embed = staticmethod(embed)

    def logits(self, plain: str) -> Floats:
        return np.array([50.0 * (claim == Claim.LATE) for claim in CLAIMS], dtype=np.float32)


def test_the_commands_use_what_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(embedding, "installed_embedder", Late)
    monkeypatch.setattr(embedding, "installed_reader", Late)
    run = CliRunner().invoke
    trained = run(regrade.front_door(), ["train", "reasons", "--embedding", "--out", str(tmp_path / "x.npz")])
    assert trained.exit_code == 0
    assert (tmp_path / "x.npz").stat().st_size > 1000
    wanted = ["evaluate", "reasons", "--embedding", "--intents", str(tmp_path / "no")]
    told = run(regrade.front_door(), wanted).stdout
    assert "is read by the embedding, from 0.90." in told
    assert told != run(regrade.front_door(), wanted[:2] + wanted[3:]).stdout
