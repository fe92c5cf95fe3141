"""The decoder: four backbone maps and the comparison to logits per class at stride 4 (torch)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.segmenter import CLASSES

CHANNELS = {"f4": 24, "f8": 40, "f16": 112, "f32": 320, "comparison": 2}
WIDE = 48
FINE = 32


class Mix(nn.Module):
    """Depthwise 3 x 3 and pointwise, twice, beside a short cut."""

    def __init__(self, width: int, dilation: int = 1) -> None:
        """`dilation` spreads the second 3 x 3."""
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False),
            nn.Conv2d(width, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, groups=width, bias=False),
            nn.Conv2d(width, width, 1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        return functional.relu(x + self.body(x))


def lateral(channels: int, width: int) -> nn.Module:
    """A backbone map, standardised, at the decoder's width."""
    return nn.Sequential(
        nn.BatchNorm2d(channels), nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
    )


def full(width: int, out: int) -> nn.Module:
    """A plain 3 x 3."""
    return nn.Sequential(nn.Conv2d(width, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU())


class Decoder(nn.Module):
    """From coarse to fine; fully convolutional, for maps of any size."""

    def __init__(self) -> None:
        super().__init__()
        self.in32 = lateral(CHANNELS["f32"], WIDE)
        self.in16 = lateral(CHANNELS["f16"], WIDE)
        self.in8 = lateral(CHANNELS["f8"], WIDE)
        self.in4 = lateral(CHANNELS["f4"], FINE)
        self.told = nn.Sequential(
            nn.Conv2d(CHANNELS["comparison"], 24, 3, padding=1), nn.ReLU(), nn.Conv2d(24, WIDE, 1)
        )
        self.at32 = Mix(WIDE)
        self.at16 = Mix(WIDE, dilation=2)
        self.at8 = nn.Sequential(full(WIDE, WIDE), Mix(WIDE, dilation=2), Mix(WIDE))
        self.to4 = nn.Conv2d(WIDE, FINE, 1)
        self.at4 = nn.Sequential(full(FINE, FINE), Mix(FINE))
        self.out = nn.Conv2d(FINE, len(CLASSES), 1)

    def forward(self, f4: Tensor, f8: Tensor, f16: Tensor, f32: Tensor, comparison: Tensor) -> Tensor:
        """Logits N x classes x rows x columns at the size of `f4`."""
        x = self.at32(self.in32(f32))
        x = self.at16(self.in16(f16) + twice(x))
        x = self.at8(self.in8(f8) + twice(x) + self.told(comparison))
        x = self.at4(self.in4(f4) + twice(self.to4(x)))
        return self.out(x)


def twice(x: Tensor) -> Tensor:
    """Double height and width."""
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def loss(logits: Tensor, label: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy over groups of classes by their share of the cell, and Dice over the defect kinds.

    `label`: N x groups x rows x columns, 0..1. A group costs the negative log of the sum of its classes.
    """
    logs = functional.log_softmax(logits, 1)
    sound = torch.logsumexp(logs[:, :2], 1, keepdim=True)
    defect = torch.logsumexp(logs[:, 2:], 1, keepdim=True)
    cost = weights[None, :, None, None] * label
    entropy = -(cost * torch.cat([logs, sound, defect], 1)).sum() / cost.sum().clamp_min(1.0)
    return entropy + 0.5 * dice(logs.exp(), label)


def dice(chances: Tensor, label: Tensor) -> Tensor:
    """1 minus the overlap of each defect kind that occurs in the batch, over all its pictures."""
    kinds, wanted = chances[:, 2:], label[:, 2 : len(CLASSES)]
    both = (kinds * wanted).sum((0, 2, 3))
    each = kinds.square().sum((0, 2, 3)) + wanted.square().sum((0, 2, 3))
    there = wanted.sum((0, 2, 3)) > 1.0
    if not bool(there.any()):
        return both.sum() * 0
    return (1 - (2 * both + 1) / (each + 1))[there].mean()
