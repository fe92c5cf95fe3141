"""One ONNX Runtime session with its checks; torch is never needed here."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.errors import ModelFailed, ModelRefused

Tensor = NDArray[np.float32]

MAX_BATCH = 16
"""Pictures in one run; more would only cost memory."""


class OnnxSession:
    """Runs one model on the CPU.

    Threads do not spin while they wait: a station's other work shares the same two cores.
    """

    def __init__(self, content: bytes, *, input_name: str, threads: int = 2) -> None:
        """Raises ModelRefused when the bytes are no model that this runtime can run."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's errors share no base class
            raise ModelRefused(f"ONNX Runtime cannot load the model: {_first_line(error)}") from error
        self._input = input_name

    @property
    def notes(self) -> dict[str, str]:
        """What the file says beside its numbers (ONNX metadata)."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, batch: Tensor, outputs: Sequence[str]) -> list[Tensor]:
        """Run NCHW float32 pictures; raises ModelFailed when the answer is no finite tensor per picture."""
        return self.run_named({self._input: batch}, outputs)

    def run_named(self, batches: Mapping[str, Tensor], outputs: Sequence[str]) -> list[Tensor]:
        """Run NCHW float32 batches by input name; raises ModelFailed as `run` does."""
        pictures = {len(batch) if batch.ndim == 4 else 0 for batch in batches.values()}
        if len(pictures) != 1 or not 1 <= max(pictures) <= MAX_BATCH:
            shapes = ", ".join(str(batch.shape) for batch in batches.values())
            raise ModelFailed(f"a batch of shape {shapes} cannot be run")
        try:
            answers = self._session.run(list(outputs), dict(batches))
        except Exception as error:  # the runtime's errors share no base class
            raise ModelFailed(f"the model runtime failed: {_first_line(error)}") from error
        count = max(pictures)
        return [check_answer(name, answer, count) for name, answer in zip(outputs, answers, strict=True)]


def check_answer(name: str, answer: object, pictures: int) -> Tensor:
    """The answer as it is, when it is finite float32 with one row per picture."""
    if not isinstance(answer, np.ndarray) or answer.dtype != np.float32:
        raise ModelFailed(f"output {name} is no float32 tensor")
    if answer.shape[0] != pictures or answer.size == 0:
        raise ModelFailed(f"output {name} has shape {answer.shape} for {pictures} pictures")
    if not np.isfinite(answer).all():
        raise ModelFailed(f"output {name} holds values that are not numbers")
    return answer


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
