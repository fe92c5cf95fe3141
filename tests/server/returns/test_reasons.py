"""Reading customers' words at the centre, with and without the second reader."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from inspection.claims import embedding
from inspection.claims.codes import Claim
from inspection.claims.grams import CLAIMS, Logits
from inspection.messages.catalogue import UnitMessage
from server.centre import DATABASE, open_centre
from server.errors import BadSettings
from server.keys import ServerKeys
from server.returns import reasons
from server.returns.reasons import read_beforehand, second_reader
from server.settings import ServerSettings
from tests.server.conftest import unit_object

if TYPE_CHECKING:
    from tests.server.conftest import Site

STRANGE = "qwertz uiop"
"""Words that no phrase knows."""


class Late:
    """Takes everything for late, and counts how often it was asked."""

    certain_from = 0.9

    def __init__(self) -> None:
        self.asked = 0

    def logits(self, plain: str) -> Logits:
        self.asked += 1
        return np.array([50.0 * (claim == Claim.LATE) for claim in CLAIMS], dtype=np.float32)


def unit(number: int, text: str) -> UnitMessage:
    row = unit_object(f"R{number}/1/1", reason_text=text)
    del row["reason"]
    return UnitMessage.model_validate(row)


def test_the_second_reader_reads_what_no_phrase_knows() -> None:
    assert read_beforehand([unit(1, STRANGE)])(STRANGE).band == "uncertain"
    assert read_beforehand([unit(1, STRANGE)], Late())(STRANGE).band == "sure"


def test_it_is_asked_once_for_a_text_and_for_so_many_texts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasons, "MOST_EMBEDDED", 2)
    late, texts = Late(), [f"{STRANGE} {letter}" for letter in "aabcd"]
    said = read_beforehand([unit(number, text) for number, text in enumerate(texts, start=1)], late)
    assert late.asked == 2
    assert [said(text).band for text in texts] == ["sure", "sure", "sure", "uncertain", "uncertain"]


def test_it_is_not_asked_where_the_shop_gave_a_code() -> None:
    late = Late()
    coded = UnitMessage.model_validate_json(json.dumps(unit_object("R1/1/1", reason_text=STRANGE)))
    read_beforehand([coded], late)
    assert late.asked == 0


def test_it_is_off_by_default(settings: ServerSettings) -> None:
    assert second_reader(settings) is None


async def test_a_centre_whose_embedding_is_missing_does_not_start(
    tmp_path: Path, settings: ServerSettings, keys: ServerKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "PACKAGE", "a-package-that-nobody-has")
    embedding.installed_embedder.cache_clear()
    wanted = settings.model_copy(update={"reason_embedding": True})
    with pytest.raises(BadSettings, match=r"reason_embedding: .*make reasons"):
        async with open_centre(tmp_path, wanted, keys, registry=CollectorRegistry()):
            pass
    assert not (tmp_path / DATABASE).exists()


async def test_the_centre_announces_with_its_second_reader(site: "Site") -> None:
    object.__setattr__(site.centre, "reason_reader", Late())  # as if the package were installed
    await site.announce("R0/1/1")  # with its product
    row = unit_object("R1/1/1", reason_text=STRANGE)
    del row["reason"]
    sent = await site.http.post("/v1/returns", json={"units": [row]}, headers=site.shop)
    assert sent.status_code == 200, sent.text
    said = (await site.http.get("/v1/returns/R1/1/1", headers=site.shop)).json()
    assert said["reason_band"] == "sure"
