"""Reads a model of the zoo and refuses one that is not what was published."""

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inspection.detector import VersionedFile
from models.errors import ModelRefused

ZOO = Path(__file__).parent / "zoo"
MAX_MODEL_BYTES = 20 * 1024 * 1024

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class ModelInput(_Frozen):
    """How pixels become numbers: (value - mean) / scale, NCHW, H and W multiples of `multiple_of`."""

    name: str
    colour: Literal["RGB"]
    mean: float
    scale: Annotated[float, Field(gt=0)]
    multiple_of: Annotated[int, Field(ge=1, le=64)]


class Parity(_Frozen):
    """How far the exported file lies from the network it was exported from."""

    against: str
    max_abs_difference: Annotated[float, Field(ge=0)]
    limit: float
    sizes: tuple[tuple[int, int, int], ...]
    """(batch, height, width) of the pictures compared."""


class Manifest(_Frozen):
    """What is known of a model file, beside it as `manifest.json`."""

    format: Literal[1]
    name: str
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    sha256: Sha256
    bytes: Annotated[int, Field(gt=0, le=MAX_MODEL_BYTES)]
    licence: str
    source: tuple[str, ...]
    input: ModelInput
    outputs: dict[str, int]
    """Output name -> channels."""
    parity: Parity
    opset: int

    @property
    def version(self) -> VersionedFile:
        """Name and hash, as they stand in a record."""
        return VersionedFile(name=self.name, sha256=self.sha256)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a model folder; raises ModelRefused when there is none that can be understood."""
    path = folder / "manifest.json"
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ModelRefused(f"no manifest of the model at {path}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelRefused(f"manifest {path}: {where}: {first['msg']}") from error
    if manifest.parity.max_abs_difference > manifest.parity.limit:
        raise ModelRefused(f"manifest {path}: the exported file differs too much from its source")
    return manifest


def load_model(folder: Path) -> tuple[Manifest, bytes]:
    """The manifest and the verified bytes of a model; raises ModelRefused when the hash differs."""
    manifest = read_manifest(folder)
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
    return manifest, content
