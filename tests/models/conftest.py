"""The real backbone, and a mug enrolled from drawn pictures."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inspection.evidence import Evidence
from inspection.readings import Frame
from models.backbone import Backbone, load_backbone
from models.enrol import enrol
from models.pipeline import ReferencePipeline
from models.store import ReferenceStore

DRAWN = Path(__file__).parents[2] / "datasets" / "drawn"
MOMENT = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
Shots = Callable[..., list[bytes]]
Look = Callable[..., Evidence]


def drawn_pictures(ware: str, condition: str, first: int = 1, last: int = 99) -> list[bytes]:
    paths = sorted((DRAWN / ware / condition).glob("*.jpg"))[first - 1 : last]
    return [path.read_bytes() for path in paths]


def evidence_of(**views: bytes) -> Evidence:
    return Evidence(
        frames=tuple(
            Frame(view=view, camera="c1", content=content, media_type="image/jpeg", captured_at=MOMENT)
            for view, content in views.items()
        )
    )


@pytest.fixture(scope="session")
def backbone() -> Backbone:
    return load_backbone()


@pytest.fixture
def drawn() -> Shots:
    """Committed drawn pictures: `drawn("mug", "good", first, last)`."""
    return drawn_pictures


@pytest.fixture
def seen() -> Look:
    """Evidence of pictures by view: `seen(top=jpeg)`."""
    return evidence_of


@pytest.fixture(scope="session")
def mug_store(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> ReferenceStore:
    """MUG with 12 references; never written to by a test."""
    store = ReferenceStore(tmp_path_factory.mktemp("references"))
    enrol(store, backbone, sku="MUG", view="top", photos=drawn_pictures("mug", "good", 1, 12))
    return store


@pytest.fixture(scope="session")
def mug_pipeline(backbone: Backbone, mug_store: ReferenceStore) -> ReferencePipeline:
    return ReferencePipeline(backbone, mug_store)
