"""From the trained decoder to the ONNX file of the zoo, with its parity to torch."""

import io
import json
import warnings
from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime
import torch

from models.backbone import MAPS
from models.segmenter import READING_KEY
from models.training.segmenter.network import CHANNELS, Decoder

OPSET = 17
INPUTS = (*MAPS, "comparison")
STRIDES = {"f4": 4, "f8": 8, "f16": 16, "f32": 32, "comparison": 8}
PARITY_LIMIT = 1e-4
PARITY_SIZES = ((1, 288, 384), (1, 320, 320), (2, 448, 448), (1, 64, 32))


def export(network: Decoder) -> onnx.ModelProto:
    """The graph with free batch, height and width, and nothing of this machine in it."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            tuple(torch.from_numpy(each) for each in drawn_inputs((2, 64, 96))),
            stream,
            dynamo=False,
            input_names=list(INPUTS),
            output_names=["logits"],
            dynamic_axes={
                **{name: {0: "batch", 2: f"h{STRIDES[name]}", 3: f"w{STRIDES[name]}"} for name in INPUTS},
                "logits": {0: "batch", 2: "h4", 3: "w4"},
            },
            opset_version=OPSET,
        )
    model = onnx.load_from_string(stream.getvalue())
    model.doc_string = model.graph.doc_string = model.producer_version = ""
    del model.graph.value_info[:]
    for index, node in enumerate(model.graph.node):
        node.doc_string = ""
        node.name = f"{node.op_type}_{index}"
    onnx.checker.check_model(model)
    return model


def sealed(model: onnx.ModelProto, reading: Mapping[str, object]) -> bytes:
    """The file's bytes with the thresholds inside, so that one hash stands for both."""
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {READING_KEY: json.dumps(reading, sort_keys=True)})
    return bytes(model.SerializeToString(deterministic=True))


def parity(network: Decoder, content: bytes) -> float:
    """Largest absolute difference between torch and ONNX Runtime over all sizes."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    worst = 0.0
    for size in PARITY_SIZES:
        arrays = drawn_inputs(size)
        with torch.no_grad():
            expected = network(*(torch.from_numpy(each) for each in arrays)).numpy()
        (got,) = session.run(["logits"], dict(zip(INPUTS, arrays, strict=True)))
        worst = max(worst, float(np.abs(expected - got).max()))
    return worst


def drawn_inputs(size: tuple[int, int, int]) -> list[np.ndarray]:
    """Random inputs for a batch of pictures of a size: (batch, height, width)."""
    draw = np.random.default_rng(20)
    batch, height, width = size
    return [
        draw.normal(0, 1, (batch, CHANNELS[name], height // STRIDES[name], width // STRIDES[name])).astype(
            np.float32
        )
        for name in INPUTS
    ]
