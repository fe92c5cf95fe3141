"""The training loop (torch): one-cycle AdamW over kept samples, one thread, a fixed number of steps."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from models.backbone import MAPS
from models.training.segmenter.classes import GROUPS, WEIGHTS
from models.training.segmenter.network import Decoder, loss
from models.training.segmenter.samples import Half, Sample, kept

Said = Callable[[str], None]

FAINTER = (0.35, 1.2)
"""By how much the heat of a sample is scaled: recipes of the comparison differ in what is twice as far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long and how fast."""

    steps: int
    schedule: int | None = None
    """Steps that the one cycle of the rate spans; more than `steps` ends before it has fallen."""
    batch: int = 12
    peak_rate: float = 3e-3
    forget_references: float = 0.35
    """How often the comparison of a sample is withheld, so that the network does without it too."""
    seed: int = 20_26


def learn(
    paths: Sequence[Path], shares: Sequence[float], plan: Plan, say: Said, start: Decoder | None = None
) -> Decoder:
    """Train a decoder, from nothing or further; `shares` weighs how often each sample is drawn."""
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)
    network = (start or Decoder()).train().to(memory_format=torch.channels_last)  # 1.4 times as fast
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.995), use_buffers=True)
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.peak_rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, plan.peak_rate, total_steps=plan.schedule or plan.steps
    )
    weights = torch.tensor([WEIGHTS[name] for name in GROUPS])
    running = 0.0
    for step, (inputs, label) in enumerate(batches(paths, shares, plan), 1):
        cost = loss(network(*inputs), label, weights)
        optimiser.zero_grad()
        cost.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        schedule.step()
        average.update_parameters(network)
        running += (float(cost.detach()) - running) / min(step, 50)
        if step % 50 == 0:
            say(f"step {step} of {plan.steps}: loss {running:.3f}")
    return average.module.eval().to(memory_format=torch.contiguous_format)


def batches(
    paths: Sequence[Path], shares: Sequence[float], plan: Plan
) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
    """Random batches of samples of one size, `plan.steps` of them."""
    draw = np.random.default_rng(plan.seed)
    chance = np.array(shares) / np.sum(shares)
    waiting: dict[tuple[int, ...], list[Sample]] = {}
    made = 0
    while made < plan.steps:
        sample = kept(paths[int(draw.choice(len(paths), p=chance))])
        group = waiting.setdefault(sample.label.shape, [])
        group.append(sample)
        if len(group) == plan.batch:
            yield batch_of(draw, group, plan.forget_references)
            group.clear()
            made += 1


def batch_of(draw: Generator, group: Sequence[Sample], forget: float) -> tuple[tuple[Tensor, ...], Tensor]:
    """Tensors of some samples, some of them without their comparison."""
    maps = [tensor_of([each.maps[name] for each in group]) for name in MAPS]
    comparison = np.stack([each.comparison for each in group]).astype(np.float32)
    comparison[:, 0] *= draw.uniform(*FAINTER, (len(group), 1, 1))
    comparison[draw.random(len(group)) < forget] = 0
    label = np.stack([each.label for each in group]).astype(np.float32) / 255
    return (*maps, torch.from_numpy(comparison)), torch.from_numpy(label)


def tensor_of(arrays: Sequence[Half]) -> Tensor:
    """A batch N x C x rows x columns, channels innermost in memory as the network's are."""
    batch = torch.from_numpy(np.stack(arrays).astype(np.float32))
    return batch.contiguous(memory_format=torch.channels_last)
