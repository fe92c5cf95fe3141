"""Letting a model grade: somebody has looked at this very file and says so in its manifest."""

import json
import os
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from models.errors import ModelRefused
from models.manifest import MANIFEST, Approval, Manifest, read_manifest, read_model


def approve(folder: Path, *, by: str, note: str, at: datetime) -> Manifest:
    """Write the approval of the file as it lies there; raises ModelRefused for a model that is broken."""
    found = read_manifest(folder)
    read_model(folder, found)
    try:
        approval = Approval(by=by, at=at, sha256=found.sha256, note=note)
    except ValidationError as error:
        raise ModelRefused(
            "an approval needs a name of 1 to 200 letters and a note of at most 1000"
        ) from error
    path = folder / MANIFEST
    text = json.loads(path.read_bytes()) | {"approval": approval.model_dump(mode="json")}
    beside = path.with_name(f".{MANIFEST}.{os.getpid()}.new")
    beside.write_text(json.dumps(text, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(path)
    return read_manifest(folder)
