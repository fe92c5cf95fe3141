"""What is known of a model file, beside it as `manifest.json`; refuses one that is not what was published.

A manifest says what the model is for, what it takes and gives, what it was trained on, how well it did,
under which licence it may be used, and who approved it. `models/registry.py` reads whole folders of them.
"""

import hashlib
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from inspection.detector import VersionedFile
from models.errors import ModelRefused

ZOO = Path(__file__).parent / "zoo"
MANIFEST = "manifest.json"
MAX_MODEL_BYTES = 64 * 1024 * 1024
MAX_MANIFEST_BYTES = 256 * 1024

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
TensorName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/-]{1,64}$")]
Channels = Annotated[int, Field(ge=1, le=65_536)]
Stride = Annotated[int, Field(ge=1, le=64)]
Figure = Annotated[float, Field(allow_inf_nan=False)]


class ModelKind(StrEnum):
    """What a model does in the pipeline."""

    BACKBONE = "backbone"
    """Pictures to maps of features; shared by all heads."""
    SEGMENTER = "segmenter"
    """Backbone maps and the comparison to a defect class per cell."""
    DETECTOR = "detector"
    """A picture to boxes with classes: a site's own parts and defects."""
    CONDITION_HEAD = "condition_head"
    """Features and findings of one unit to chances of the grades."""
    CALIBRATION = "calibration"
    """Scores of another model to chances."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class ModelInput(_Frozen):
    """How pixels become numbers: (value - mean) / scale, NCHW, H and W multiples of `multiple_of`."""

    name: TensorName
    colour: Literal["RGB"]
    mean: float
    scale: Annotated[float, Field(gt=0)]
    multiple_of: Annotated[int, Field(ge=1, le=64)]
    size: tuple[Annotated[int, Field(ge=32, le=4096)], Annotated[int, Field(ge=32, le=4096)]] | None = None
    """(height, width) where the model takes no other; None where any multiple will do."""


class TensorInput(_Frozen):
    """A named float32 input that is no picture."""

    name: TensorName
    channels: Channels
    stride: Stride | None = None
    """NCHW with one cell for `stride` x `stride` pixels; None for one row of `channels` numbers."""
    source: Literal["backbone", "comparison", "unit"] = "backbone"
    """Whose numbers they are: the backbone output of this name, the comparison with the references,
    or numbers of the whole unit (findings, weight)."""


class Parity(_Frozen):
    """How far the exported file lies from the network it was exported from."""

    against: str
    max_abs_difference: Annotated[float, Field(ge=0)]
    limit: float
    sizes: tuple[tuple[int, int, int], ...]
    """(batch, height, width) of the pictures compared."""


class TrainingSet(_Frozen):
    """One set of pictures as it was when the model was trained on it."""

    name: Text
    sha256: Sha256
    """Of the set's own list of files and hashes."""
    licence: Text
    pictures: Annotated[int, Field(ge=1)]


class Metric(_Frozen):
    """One measured figure, with where and when."""

    value: Figure
    set: Text
    """Name of the pictures it was measured on, and the split."""
    date: date
    low: Figure | None = None
    """Bounds of the 95 % interval."""
    high: Figure | None = None


class Approval(_Frozen):
    """Who let the model grade, and on what ground."""

    by: Text
    at: AwareDatetime
    sha256: Sha256
    """The file that was looked at; the approval is worth nothing for another one."""
    note: Annotated[str, Field(max_length=1000)] = ""


class Manifest(_Frozen):
    """What is known of a model file."""

    format: Literal[1]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    kind: ModelKind
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
    sha256: Sha256
    bytes: Annotated[int, Field(gt=0, le=MAX_MODEL_BYTES)]
    licence: Text
    """SPDX expression of the weights."""
    copyleft: bool = False
    """True where who passes it on owes the source too (GPL family); screens say so."""
    source: Annotated[tuple[Text, ...], Field(min_length=1, max_length=32)]
    trained_on: Annotated[tuple[TrainingSet, ...], Field(max_length=64)] = ()
    """Empty where the weights came from elsewhere: then `source` says from where."""
    input: ModelInput | None = None
    inputs: Annotated[tuple[TensorInput, ...], Field(max_length=16)] = ()
    outputs: Annotated[dict[TensorName, Channels], Field(max_length=16)] = Field(default_factory=dict)
    """Output name -> channels."""
    classes: Annotated[tuple[Text, ...], Field(max_length=256)] = ()
    """In the order of the model's numbers."""
    requires: Sha256 | None = None
    """The model whose numbers it was trained on: over another one it answers nonsense and is refused."""
    parity: Parity | None = None
    """None where nothing was exported from another network."""
    opset: int | None = None
    """ONNX operator set; None where the file is no ONNX."""
    metrics: Annotated[dict[Text, Metric], Field(max_length=64)] = Field(default_factory=dict)
    approval: Approval | None = None
    """None: nobody let it grade yet."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if "GPL" in self.licence.upper() and not self.copyleft:
            raise ValueError(f"licence {self.licence} is copyleft: say so with `copyleft`")
        if self.kind in (ModelKind.BACKBONE, ModelKind.DETECTOR) and self.input is None:
            raise ValueError(f"a {self.kind} takes a picture: `input` is missing")
        if self.kind is ModelKind.BACKBONE and self.parity is None:
            raise ValueError("a backbone was exported: `parity` is missing")
        if self.requires is None and any(each.source != "unit" for each in self.inputs):
            raise ValueError("it takes another model's numbers: `requires` is missing")
        for what, names in (("classes", self.classes), ("inputs", [each.name for each in self.inputs])):
            if len(set(names)) != len(names):
                raise ValueError(f"`{what}` names one twice")
        return self

    @property
    def version(self) -> VersionedFile:
        """Name and hash, as they stand in a record."""
        return VersionedFile(name=self.name, sha256=self.sha256)

    @property
    def approved(self) -> bool:
        """True when somebody let this very file grade."""
        return self.approval is not None and self.approval.sha256 == self.sha256

    @property
    def picture(self) -> ModelInput:
        """How it takes pictures; raises ModelRefused where it takes none."""
        if self.input is None:
            raise ModelRefused(f"model {self.name} takes no picture")
        return self.input


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a model folder; raises ModelRefused when there is none that can be understood."""
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate_json(_bounded(path))
    except OSError as error:
        raise ModelRefused(f"no manifest of the model at {path}") from error
    except ValidationError as error:
        raise ModelRefused(f"manifest {path}: {_first(error)}") from error
    if manifest.parity and manifest.parity.max_abs_difference > manifest.parity.limit:
        raise ModelRefused(f"manifest {path}: the exported file differs too much from its source")
    return manifest


def load_model(folder: Path) -> tuple[Manifest, bytes]:
    """The manifest and the verified bytes of a model; raises ModelRefused when the hash differs."""
    manifest = read_manifest(folder)
    return manifest, read_model(folder, manifest)


def read_model(folder: Path, manifest: Manifest) -> bytes:
    """The bytes that the manifest speaks of; raises ModelRefused when they are others."""
    path = folder / manifest.file
    try:
        if path.stat().st_size != manifest.bytes:
            raise ModelRefused(
                f"model {path} has {path.stat().st_size} bytes, published were {manifest.bytes}"
            )
        content = path.read_bytes()
    except OSError as error:
        raise ModelRefused(f"no model file at {path}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != manifest.sha256:
        raise ModelRefused(f"model {path} has hash {found[:16]}..., published was {manifest.sha256[:16]}...")
    return content


def _bounded(path: Path) -> bytes:
    with path.open("rb") as stream:
        content = stream.read(MAX_MANIFEST_BYTES + 1)
    if len(content) > MAX_MANIFEST_BYTES:
        raise ModelRefused(
            f"manifest {path} has more than {MAX_MANIFEST_BYTES // 1024} KiB: it is none of ours"
        )
    return content


def _first(error: ValidationError) -> str:
    """The field and what is wrong with it."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"
