"""Which models this installation has: read, checked and approved before the first item.

A model is a folder with a `manifest.json` and the file that it speaks of. The shipped ones lie in the zoo;
a station may have a folder of its own beside them. One bad model refuses the whole start: a station that
graded without a model it was given would grade differently from its neighbour, and nobody would notice.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import ModelRefused
from models.manifest import ZOO, Manifest, ModelKind, read_manifest, read_model

if TYPE_CHECKING:
    from models.heads import Head

MAX_MODELS = 64
"""Folders looked into; more would be a wrong path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A model that lies here."""

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """Unique in an installation."""
        return self.manifest.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Every model that may be used, by name; what `read_registry` let through."""

    models: tuple[Installed, ...]

    def of_kind(self, kind: ModelKind) -> tuple[Installed, ...]:
        """All models of a kind, by name."""
        return tuple(each for each in self.models if each.manifest.kind is kind)

    def backbone(self) -> Installed:
        """The one backbone; raises ModelRefused where there is none or a choice."""
        found = self.of_kind(ModelKind.BACKBONE)
        if len(found) != 1:
            names = ", ".join(each.name for each in found) or "none"
            raise ModelRefused(f"exactly one backbone must be in use, there are: {names}")
        return found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A model folder as it was found; `problem` is the sentence why it must not be used."""

    folder: Path
    manifest: Manifest | None
    problem: str | None


HeadLoader = Callable[[Path, int], "Head"]
"""From a model's folder and the number of threads to the head; raises ModelRefused."""


def read_registry(
    folders: Sequence[Path], *, allow_unapproved: bool = False, without: Sequence[str] = ()
) -> Registry:
    """Every model of the folders, verified byte for byte; raises ModelRefused at the first that is not."""
    checked = check_models(folders, allow_unapproved=allow_unapproved, without=without)
    for each in checked:
        if each.problem is not None:
            raise ModelRefused(each.problem)
    found = [Installed(folder=each.folder, manifest=each.manifest) for each in checked if each.manifest]
    return Registry(models=tuple(sorted(found, key=lambda each: each.name)))


def site_registry(
    own: Path | None, *, allow_unapproved: bool = False, without: Sequence[str] = ()
) -> Registry:
    """The shipped models and the folder of a site's own; raises ModelRefused as `read_registry` does."""
    folders = (ZOO, *(() if own is None else (own,)))
    return read_registry(folders, allow_unapproved=allow_unapproved, without=without)


def check_models(
    folders: Sequence[Path], *, allow_unapproved: bool = False, without: Sequence[str] = ()
) -> list[Checked]:
    """Look into every model folder and say what is wrong with each.

    `without` names models that are left aside. Raises ModelRefused for a folder or a name that is none.
    """
    found = [check_model(path, allow_unapproved=allow_unapproved) for path in _model_folders(folders)]
    known = {each.manifest.name for each in found if each.manifest}
    for name in without:
        if name not in known:
            raise ModelRefused(f"there is no model {name[:64]!r} that could be left aside")
    used = [each for each in found if not (each.manifest and each.manifest.name in without)]
    return [replace(each, problem=each.problem or _misfit(each, used)) for each in used]


def check_model(folder: Path, *, allow_unapproved: bool = False) -> Checked:
    """Check one model folder: manifest, file, approval."""
    manifest = None
    try:
        manifest = read_manifest(folder)
        read_model(folder, manifest)
        _check_approval(manifest, allow_unapproved)
    except ModelRefused as error:
        return Checked(folder=folder, manifest=manifest, problem=str(error))
    return Checked(folder=folder, manifest=manifest, problem=None)


def load_heads(
    registry: Registry, *, threads: int = 2, loaders: Mapping[ModelKind, HeadLoader] | None = None
) -> list["Head"]:
    """Every head of the registry, ready to run; raises ModelRefused."""
    known = HEADS if loaders is None else loaders
    return [load(each.folder, threads) for kind, load in known.items() for each in registry.of_kind(kind)]


def _misfit(one: Checked, used: Sequence[Checked]) -> str | None:
    """Why a model that is good by itself does not go with the others."""
    manifest = one.manifest
    if manifest is None:
        return None
    same = [each.folder for each in used if each.manifest and each.manifest.name == manifest.name]
    if len(same) > 1:
        return f"two models are named {manifest.name}: {same[0]} and {same[1]}"
    if manifest.requires not in {None, *(each.manifest.sha256 for each in used if each.manifest)}:
        return (
            f"model {manifest.name} was trained on model {manifest.requires}, which is not in use here: "
            "train it again, or leave it aside"
        )
    return None


def _check_approval(manifest: Manifest, allow_unapproved: bool) -> None:
    if not (manifest.approved or allow_unapproved):
        raise ModelRefused(
            f"model {manifest.name} is not approved: `regrade models approve`, or leave it aside"
        )


def _model_folders(folders: Sequence[Path]) -> Iterator[Path]:
    """The model folders of each folder, by name; hidden ones and `__pycache__` are none."""
    count = 0
    for folder in folders:
        if not folder.is_dir():
            raise ModelRefused(f"{folder} is no folder of models")
        for path in sorted(folder.iterdir()):
            if path.is_dir() and not path.name.startswith((".", "__")):
                count += 1
                if count > MAX_MODELS:
                    raise ModelRefused(f"{folder} holds more than {MAX_MODELS} folders: is it one of models?")
                yield path


def _segmenter(folder: Path, threads: int) -> "Head":
    from models.segmenter import load_segmenter

    return load_segmenter(folder, threads)


def _detector(folder: Path, threads: int) -> "Head":
    from models.yolo import load_yolo

    return load_yolo(folder, threads)


HEADS: Mapping[ModelKind, HeadLoader] = {ModelKind.SEGMENTER: _segmenter, ModelKind.DETECTOR: _detector}
"""Kinds that add Findings -> how they are loaded; each loader imports its own heavy modules."""
