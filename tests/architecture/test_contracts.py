"""The import contracts of pyproject.toml, kept, and proven to bite."""

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

LINT_IMPORTS = Path(sysconfig.get_path("scripts")) / "lint-imports"

BREAKS = {
    "inspection imports nothing of ours": ("inspection/a.py", "import link"),
    "link and kit import only inspection": ("kit/a.py", "import link"),
    "devices import only inspection and link": ("devices/a.py", "import models"),
    "models import only inspection": ("models/a.py", "import devices"),
    "edge never imports server": ("edge/a.py", "import server"),
    "server never imports devices, models or edge": ("server/a.py", "def f():\n    import edge.b"),
    "nobody imports the front door": ("demo/a.py", "import regrade"),
    "only the demo and one command play with emulators and simulators": (
        "edge/b.py",
        "import devices.rfid.m100.emulator",
    ),
    "what runs never reaches torch or ultralytics": ("edge/c.py", "import torch"),
    "training is reached from commands alone": ("models/b.py", "import models.training"),
}
"""Contract -> a file that breaks it."""


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--config", "pyproject.toml"], cwd=folder, capture_output=True, text=True
    )


@pytest.fixture
def house(checkout: Path, folders: list[str], tmp_path: Path) -> Path:
    """A tiny house with our contracts and empty rooms."""
    shutil.copy(checkout / "pyproject.toml", tmp_path)
    for folder in [*folders, "devices/rfid", "devices/rfid/m100", "models/training"]:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "__init__.py").touch()
    for module in ("devices/rfid/m100/emulator", "devices/commands", "models/commands_train", "regrade"):
        (tmp_path / f"{module}.py").touch()
    return tmp_path


def test_every_import_contract_is_kept(checkout: Path) -> None:
    done = lint(checkout)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_house_that_keeps_to_the_rows_passes(house: Path) -> None:
    (house / "demo/a.py").write_text("import devices.rfid.m100.emulator, edge, server")
    (house / "devices/commands.py").write_text("import devices.rfid.m100.emulator")
    (house / "models/commands_train.py").write_text("import models.training")
    assert lint(house).returncode == 0


def test_every_contract_bites(house: Path) -> None:
    for name, content in BREAKS.values():
        (house / name).write_text(content)
    done = lint(house)
    assert done.returncode == 1, done.stderr
    assert {name for name in BREAKS if f"{name} BROKEN" in done.stdout} == set(BREAKS)
    assert "0 kept" in done.stdout, "a contract has no case here that breaks it"
