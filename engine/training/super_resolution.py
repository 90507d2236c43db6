"""Training of our own residual network for super-resolution, :mod:`engine.nets.compact`.

Small pictures are made as the papers make them, by MATLAB's imresize; the loss is the mean absolute difference (Lim et
al. 2017, section 3.1, found it better for PSNR than the squared one), and only at the end the squared one, which PSNR
counts; the shipped weights are an average over the last iterations.

A network may start from one with fewer blocks: new blocks add nothing at first (their second convolutions are zero), so
that nothing is forgotten (Chen, Goodfellow & Shlens 2016, Net2Net).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from engine.contracts.job import Job, Step
from engine.contracts.messages import Message
from engine.imaging.resize import imresize, imresize_bytes
from engine.nets.compact import SCALES, CompactNet
from engine.training.learner import Learner
from engine.training.photos import read_photos

Photo = NDArray[numpy.uint8]

SHARES = {2: 0.25, 3: 0.25, 4: 0.5}
"""How often each scale is trained."""
HELD_OUT = 6
"""Photos of every source that are only measured on."""
CHECK_EVERY = 500
"""Iterations between two measurements, each with a checkpoint."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a training: with the photos, they decide the result."""

    iterations: int = 40_000
    """Steps of the optimiser; a training that goes on may be given another number."""
    batch: int = 16
    """Pairs in each of them."""
    patch: int = 32
    """Side of the small pictures in pixels."""
    rate: float = 1e-3
    """Learning rate after warming up; falls to nothing along half a cosine."""
    squared: float = 0.0
    """Share of the iterations, at the end, whose loss is the squared difference."""
    half: bool = False
    """Whether convolutions are calculated in bfloat16: twice as quick on processors that have it."""
    start: str = ""
    """SHA-256 of the file that the network starts from; empty for chance."""
    seed: int = 0


class Pairs:
    """Small pictures beside their originals, from one source of photos."""

    def __init__(self, photos: Sequence[Photo]) -> None:
        self._photos = photos
        self._small = {
            scale: [imresize_bytes(_cut(photo, scale), _smaller(photo, scale)) for photo in photos] for scale in SCALES
        }

    def crop(self, scale: int, side: int, generator: torch.Generator) -> tuple[Photo, Photo]:
        """A random small square and its original, turned and mirrored at random."""

        def draw(limit: int) -> int:
            return int(torch.randint(limit, (), generator=generator))

        index = draw(len(self._photos))
        small, large = self._small[scale][index], self._photos[index]
        top, left = draw(small.shape[0] - side + 1), draw(small.shape[1] - side + 1)
        turns, mirrored = draw(4), draw(2)
        pair = (
            small[top : top + side, left : left + side],
            large[scale * top : scale * (top + side), scale * left : scale * (left + side)],
        )
        turned = [numpy.rot90(each[:, ::-1] if mirrored else each, turns) for each in pair]
        return turned[0], turned[1]

    def whole(self, scale: int) -> list[tuple[Photo, Photo]]:
        """All of them, whole."""
        return [(small, _cut(large, scale)) for small, large in zip(self._small[scale], self._photos, strict=True)]


def train(
    sources: Sequence[Path],
    out: Path,
    settings: Settings,
    device: torch.device,
    job: Job,
    start: CompactNet | None = None,
) -> Generator[Step, None, dict[str, float]]:
    """Train; a generator of steps that writes ``out`` and returns the PSNR of the held-out photos (RGB, dB).

    The state goes to ``out`` with the ending ``.checkpoint`` every :data:`CHECK_EVERY` iterations and on a stop; a
    training that finds it there goes on from it. Sources are drawn from equally often, however many photos they have.
    """
    yield Step(done=0, stage=Message("reading the photos"))
    photos = [read_photos(source, shortest=settings.patch * max(SCALES)) for source in sources]
    held_out = Pairs([photo for group in photos for photo in group[:HELD_OUT]])
    pairs = [Pairs(group[HELD_OUT:] or group) for group in photos]
    student = Student(settings, device, start)
    net = student.average.module
    quality = yield from student.run(
        lambda iteration: student.learn(pairs, iteration), lambda: measure(net, held_out),
        every=CHECK_EVERY, path=out.with_suffix(".checkpoint"), job=job,
    )  # fmt: skip
    save_file({name: value.cpu().half().contiguous() for name, value in net.state_dict().items()}, out)
    return dict(quality) or measure(net, held_out)


class Student(Learner):
    """The compact network while it is learnt.

    Args:
        settings: of the training.
        device: where it learns.
        start: a network to begin from, with as many blocks or fewer.
    """

    def __init__(self, settings: Settings, device: torch.device, start: CompactNet | None = None) -> None:
        torch.manual_seed(settings.seed)
        net = (CompactNet() if start is None else _grown(start)).to(device).to(memory_format=torch.channels_last)
        super().__init__(net, settings, torch.Generator().manual_seed(settings.seed))
        self._pupil, self._settings, self._device = net, settings, device

    def learn(self, pairs: Sequence[Pairs], iteration: int) -> Tensor:
        """One step of the optimiser; returns the loss."""
        batch = _batch(pairs, self._settings, self.generator)
        squared = iteration >= (1 - self._settings.squared) * self._settings.iterations
        loss = _loss(self._pupil, batch, self._device, squared=squared, half=self._settings.half)
        self.step(loss, iteration)
        return loss.detach()


@torch.inference_mode()
def measure(net: nn.Module, pairs: Pairs) -> dict[str, float]:
    """Mean PSNR in dB over RGB for every scale."""
    quality = {}
    device = next(net.parameters()).device
    for scale in SCALES:
        values = []
        for small, large in pairs.whole(scale):
            enlarged = net(_tensor([small], device), scale).clamp(0, 1)
            values.append(-10 * math.log10(float(functional.mse_loss(enlarged, _tensor([large], device)))))
        quality[f"psnr_x{scale}"] = sum(values) / len(values)
    return quality


def _batch(
    pairs: Sequence[Pairs], settings: Settings, generator: torch.Generator
) -> tuple[list[Photo], list[Photo], int]:
    weights = torch.tensor([SHARES[scale] for scale in SCALES])
    scale = SCALES[int(torch.multinomial(weights, 1, generator=generator))]
    drawn = [
        pairs[int(torch.randint(len(pairs), (), generator=generator))].crop(scale, settings.patch, generator)
        for _ in range(settings.batch)
    ]
    return [small for small, _ in drawn], [large for _, large in drawn], scale


def _loss(
    net: CompactNet, batch: tuple[list[Photo], list[Photo], int], device: torch.device, *, squared: bool, half: bool
) -> Tensor:
    small, large, scale = batch
    picture, wanted = _tensor(small, device), _tensor(large, device)
    with torch.autocast(device.type, torch.bfloat16, enabled=half):
        difference = net.difference(picture, scale)
    lacking = wanted - imresize(picture, (wanted.shape[3], wanted.shape[2]))
    # The squared difference has the absolute one's size where pixels are wrong by a tenth, as they are.
    return 10 * functional.mse_loss(difference.float(), lacking) if squared else functional.l1_loss(difference, lacking)


def _grown(start: CompactNet) -> CompactNet:
    """A network of :data:`engine.nets.compact.BLOCKS` blocks that is the same function as one with fewer."""
    net = CompactNet()
    for block in net.blocks[len(start.blocks) :]:
        nn.init.zeros_(block.second.weight)  # type: ignore[union-attr,arg-type]
        nn.init.zeros_(block.second.bias)  # type: ignore[union-attr,arg-type]
    net.load_state_dict(start.state_dict(), strict=False)
    return net


def _tensor(photos: Sequence[Photo], device: torch.device) -> Tensor:
    """Photos of one size -> ``(B, 3, H, W)`` in [0, 1], channels_last."""
    return torch.from_numpy(numpy.stack(photos)).to(device).permute(0, 3, 1, 2).float() / 255


def _cut(photo: Photo, scale: int) -> Photo:
    """The photo without the rows and columns that a scale leaves over."""
    width, height = _smaller(photo, scale)
    return photo[: scale * height, : scale * width]


def _smaller(photo: Photo, scale: int) -> tuple[int, int]:
    return photo.shape[1] // scale, photo.shape[0] // scale
