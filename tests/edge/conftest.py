"""Fixtures of the station's tests; the small site itself stands in world.py."""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

import pytest
from prometheus_client import CollectorRegistry

from edge.database import Database
from edge.faults import Faults
from edge.vault import Vault

if TYPE_CHECKING:
    from tests.edge.rig import Rig
    from tests.edge.small_centre import SmallCentre
    from tests.edge.world import World


def _load(name: str) -> ModuleType:
    """A module beside this file; tests are no package, so it cannot be imported by name."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = spec_from_file_location(f"edge_tests_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(str(path))
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def site() -> ModuleType:
    """The functions of world.py."""
    return _load("world")


@pytest.fixture
def world(site: ModuleType) -> "World":
    return cast("World", site.new_world())


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path) as opened:
        yield opened


@pytest.fixture
def vault(tmp_path: Path, world: "World") -> Vault:
    return Vault(tmp_path / "evidence", world.enrolment.sealing_public_key, os.urandom)


@pytest.fixture(scope="session")
def small_centre() -> ModuleType:
    """The class of small_centre.py."""
    return _load("small_centre")


@pytest.fixture
def centre(small_centre: ModuleType, world: "World", site: ModuleType) -> Iterator["SmallCentre"]:
    with small_centre.SmallCentre(world.log_key, site.ORIGIN) as running:
        yield running


@pytest.fixture
def faults() -> Faults:
    return Faults(CollectorRegistry())


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as running:
        yield running


@pytest.fixture(scope="session")
def rig_module() -> ModuleType:
    """The functions of rig.py."""
    return _load("rig")


@pytest.fixture
def new_rig(
    tmp_path: Path,
    site: ModuleType,
    rig_module: ModuleType,
    database: Database,
    executor: ThreadPoolExecutor,
) -> Callable[..., "Rig"]:
    """Builds a bench; keyword arguments as of `build_rig`."""
    return partial(rig_module.build_rig, tmp_path, site, database, executor)


@pytest.fixture
async def rig(new_rig: Callable[..., "Rig"], site: ModuleType) -> "Rig":
    """A bench with Anna signed in and two mugs expected."""
    built = new_rig()
    await built.station.start()
    await built.expect(site.page(site.unit(1, site.tag(1)), site.unit(2, site.tag(2))))
    await built.scan(f"BADGE:{site.BADGE}")
    return built


@pytest.fixture(scope="session")
def real_centre() -> ModuleType:
    """The functions of real_centre.py."""
    return _load("real_centre")


@pytest.fixture(scope="session")
def made_references(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of references as somebody made them: MUG-1 and MUG-2 of merchant north, view top."""
    from models.backbone import load_backbone
    from models.enrol import enrol
    from models.store import ReferenceStore

    pictures = Path(__file__).parents[2] / "datasets" / "drawn" / "bottle" / "good"
    photos = [path.read_bytes() for path in sorted(pictures.glob("*.jpg"))[:6]]
    if not photos:
        pytest.skip("datasets/drawn is not there")
    root = tmp_path_factory.mktemp("made")
    store, backbone = ReferenceStore(root, "north"), load_backbone(threads=1)
    for sku, shots in (("MUG-1", photos[:5]), ("MUG-2", photos[1:])):
        enrol(store, backbone, sku=sku, view="top", photos=shots)
    return root
