"""Training of pixel recursive super-resolution, :mod:`engine.nets.pixelcnn`.

The loss is the paper's (Dahl et al. 2017, section 3.2): the negative log-likelihood of the model plus that of the
conditioning network alone, without which the prior learns to do without the small picture. A third, smaller term is for
the output with which the prior stands alone; it is there to be measured.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from engine.contracts.job import Job, Step
from engine.contracts.messages import Message
from engine.imaging.resize import imresize
from engine.nets.pixelcnn import SCALE, PixelCNN
from engine.training.learner import Learner
from engine.training.photos import read_photos

Photo = NDArray[numpy.uint8]

SIDE = 32
"""Side of the parts that are learnt from, in pixels."""
SHORTER_SIDES = (40, 128)
"""A photo's shorter side is reduced to between these, so that a part shows things and not only their surface."""
HELD_OUT = 24
"""Photos of every source that are only measured on, but at most a quarter of them."""
MEASURED = 96
"""Parts of them, always the same ones."""
PRIOR_SHARE = 0.25
"""Weight of the prior's own term."""
CHECK_EVERY = 250
"""Iterations between two measurements, each with a checkpoint."""
LONGEST_STEP = 1.0
"""Gradients are shortened to this norm: a part of one colour would throw the scales far away."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a training: with the photos, they decide the result."""

    iterations: int = 20_000
    """Steps of the optimiser; a training that goes on may be given another number."""
    batch: int = 16
    """Parts in each of them."""
    rate: float = 1e-3
    """Learning rate after warming up; falls to nothing along half a cosine."""
    half: bool = False
    """Whether convolutions are calculated in bfloat16."""
    seed: int = 0


def train(
    sources: Sequence[Path], out: Path, settings: Settings, device: torch.device, job: Job
) -> Generator[Step, None, dict[str, float]]:
    """Train; a generator of steps that writes ``out`` and returns bits per dimension of the held-out parts.

    A training that is killed goes on from its checkpoint, as in :mod:`engine.training.super_resolution`. Sources are
    drawn from in proportion to the square root of their size: a few faces are seen often, but not learnt by heart.
    """
    yield Step(done=0, stage=Message("reading the photos"))
    photos = [read_photos(source, shortest=SIDE) for source in sources]
    counts = [min(HELD_OUT, len(group) // 4) for group in photos]
    held_out_photos = [group[:count] or group for group, count in zip(photos, counts, strict=True)]
    held_out = parts(held_out_photos, MEASURED, torch.Generator().manual_seed(settings.seed))
    pupils = [group[count:] for group, count in zip(photos, counts, strict=True)]
    student = Student(settings, device)

    def checked() -> dict[str, float]:
        write(student.net, out)
        return measure(student.net, held_out, device)

    bits = yield from student.run(
        lambda iteration: student.learn(pupils, iteration), checked,
        every=CHECK_EVERY, path=out.with_suffix(".checkpoint"), job=job,
    )  # fmt: skip
    write(student.net, out)
    return dict(bits) or measure(student.net, held_out, device)


def write(net: PixelCNN, out: Path) -> None:
    """Write the weights, in half precision."""
    save_file({name: value.cpu().half().contiguous() for name, value in net.state_dict().items()}, out)


class Student(Learner):
    """The PixelCNN while it is learnt.

    Args:
        settings: of the training.
        device: where it learns.
    """

    def __init__(self, settings: Settings, device: torch.device) -> None:
        torch.manual_seed(settings.seed)
        net = PixelCNN().to(device).to(memory_format=torch.channels_last)
        super().__init__(net, settings, torch.Generator().manual_seed(settings.seed + 1))
        self._pupil, self._settings, self._device = net, settings, device

    @property
    def net(self) -> PixelCNN:
        """The weights that are shipped: an average over the last steps."""
        average = self.average.module
        assert isinstance(average, PixelCNN)
        return average

    def learn(self, photos: Sequence[Sequence[Photo]], iteration: int) -> Tensor:
        """One step of the optimiser; returns the loss, in bits per dimension."""
        small, large = (each.to(self._device) for each in parts(photos, self._settings.batch, self.generator))
        likely = self._pupil.log_probabilities(small, large, half=self._settings.half)
        loss = -(likely["both"] + likely["conditioning"] + PRIOR_SHARE * likely["prior"]).mean()
        self.step(loss, iteration, longest=LONGEST_STEP)
        return -likely["both"].detach().mean() / math.log(2)


@torch.inference_mode()
def measure(net: PixelCNN, pairs: tuple[Tensor, Tensor], device: torch.device) -> dict[str, float]:
    """Bits per dimension of the model, of the conditioning network alone and of the prior alone; less is better."""
    totals: dict[str, float] = {}
    for start in range(0, len(pairs[0]), 16):
        small, large = (each[start : start + 16] for each in pairs)
        for name, likely in net.log_probabilities(small.to(device), large.to(device)).items():
            totals[f"bits_{name}"] = totals.get(f"bits_{name}", 0.0) - float(likely.sum()) / math.log(2)
    return {name: total / pairs[1].numel() for name, total in totals.items()}


def parts(photos: Sequence[Sequence[Photo]], count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Random parts of reduced photos: ``(count, 3, 8, 8)`` beside ``(count, 3, 32, 32)``, in [0, 1], grey levels."""
    large = torch.stack([_part(photos, generator) for _ in range(count)]).permute(0, 3, 1, 2).float() / 255
    return reduced(large), large


def reduced(large: Tensor) -> Tensor:
    """Pictures in [0, 1] as the small ones that the model learns from: by MATLAB's rule, in whole grey levels."""
    size = (large.shape[3] // SCALE, large.shape[2] // SCALE)
    return (255 * imresize(large, size)).round().clamp(0, 255) / 255


def _part(photos: Sequence[Sequence[Photo]], generator: torch.Generator) -> Tensor:
    def draw(limit: int) -> int:
        return int(torch.randint(limit, (), generator=generator))

    shares = torch.tensor([len(source) ** 0.5 for source in photos])
    source = photos[int(torch.multinomial(shares, 1, generator=generator))]
    photo = source[draw(len(source))]
    low, high = SHORTER_SIDES
    shorter = low * (high / low) ** float(torch.rand((), generator=generator))
    height, width = photo.shape[:2]
    factor = min(1.0, shorter / min(height, width))
    size = (max(SIDE, round(factor * width)), max(SIDE, round(factor * height)))
    image = Image.fromarray(photo).resize(size, Image.Resampling.BICUBIC, reducing_gap=3)
    left, top = draw(size[0] - SIDE + 1), draw(size[1] - SIDE + 1)
    values = numpy.asarray(image.crop((left, top, left + SIDE, top + SIDE)))
    return torch.from_numpy(values[:, ::-1].copy() if draw(2) else values.copy())
