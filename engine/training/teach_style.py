"""Teaching the shipped network one more style: its convolutions stay, only the style's own numbers are learnt."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

import torch
from PIL import Image, ImageOps
from torch import Tensor, nn

from engine.contracts.context import RunContext
from engine.contracts.job import Step
from engine.contracts.messages import Message
from engine.feedforward_style.painters import FINE_DETAIL, TransformPainter
from engine.feedforward_style.styles import NETWORK
from engine.imaging.detail import with_finest_luminance
from engine.imaging.picture import Picture
from engine.imaging.tensors import fitted, resized, to_image
from engine.model_store.loaded_nets import LoadedNets
from engine.nets.transform import TransformNet, neutral
from engine.perceptual.colour import palette
from engine.perceptual.gatys import GatysEnergy
from engine.perceptual.network import perceptual_network
from engine.perceptual.optimisers import Adam
from engine.training.apprentice import nearest
from engine.training.averaging import moving_average
from engine.training.targets import Targets, starting_colours

CROP = 192
"""Side in pixels of the photos' parts that are painted."""
PHOTOS = 2
"""Parts in each step."""
LONGEST = 4
"""Longer side of a photo relative to the shorter one; what lies outside is not looked at."""
PHOTO_SIDE = 288
"""Shorter side in pixels that photos are reduced to."""
AVERAGE = 0.9
"""Share of the old numbers in their running average."""
LOOK_EVERY = 10
"""Iterations between two looks at the same parts, by which the best numbers are kept."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """The painting whose style is learnt, the photos to practise on, and the settings."""

    painting: Picture
    photos: Sequence[Image.Image]
    iterations: int
    balance: float
    size: int
    rate: float
    seed: int


@dataclass(frozen=True)
class State:
    """How far it is."""

    step: Step
    numbers: Tensor
    """The best so far, ``(P,)``."""


@dataclass(frozen=True)
class Taught:
    """The learnt style."""

    numbers: Tensor
    iterations: int
    first: float
    """Total loss on the parts that are looked at, before."""
    best: float


def teach(lesson: Lesson, context: RunContext) -> Generator[State, None, Taught]:
    """Learn; a generator of states. A stop keeps the best numbers so far."""
    pupil = Pupil(lesson, context)
    done = 0
    for done in range(1, lesson.iterations + 1):
        losses = pupil.learn(done)
        if done % LOOK_EVERY == 0 or done == lesson.iterations or context.stopped:
            pupil.look()
        stage = Message("iteration {done} of {iterations}", done=done, iterations=lesson.iterations)
        step = Step(
            done=done / lesson.iterations,
            stage=stage,
            figures=lambda losses=losses: {name: float(value) for name, value in losses.items()},  # type: ignore[misc]
        )
        yield State(step, pupil.best)
        if context.stopped:
            break
    return Taught(pupil.best.cpu(), done, pupil.first, pupil.lowest)


class Pupil:
    """A style's numbers while they are learnt.

    Args:
        lesson: what is learnt from what.
        context: of the run.
    """

    def __init__(self, lesson: Lesson, context: RunContext) -> None:
        self._lesson, self._device = lesson, context.device.torch_device
        net = context.nets.get(NETWORK)
        assert isinstance(net, TransformNet)
        self._net = net
        network = perceptual_network("vgg19-normalised", context.nets, in_bytes=True)
        self._gatys = GatysEnergy(network, balance=lesson.balance)
        self._targets = Targets({"new": lesson.painting}, self._gatys, lesson.size, self._device)
        self._photos = [_reduced(each, self._device) for each in lesson.photos]
        self._generator = torch.Generator().manual_seed(lesson.seed)
        photos = self._photos
        self._parts = torch.cat([_part(photos[index % len(photos)], self._generator) for index in range(PHOTOS)])
        self._content = self._gatys.content_target(self._parts)
        self._style = nn.ParameterList([self._start()])
        self._average = moving_average(self._style, AVERAGE)
        self._optimiser = Adam(self._style, lr=lesson.rate)
        self.best = self._style[0].detach().clone()
        """The numbers of the lowest loss so far, ``(P,)``."""
        self.first = self.lowest = self._loss(self.best)
        """Total loss on the parts that are looked at: before, and the lowest so far."""

    def _start(self) -> Tensor:
        """The most alike of the network's styles, with the painting's colours."""
        own = palette(self._photos, [1 / len(self._photos)] * len(self._photos))
        colours = starting_colours(own, self._targets.palettes["new"])
        part = self._parts[:1]  # one is enough to choose by, and all styles are looked at
        (start,) = nearest(self._net, part, self._targets, self._gatys, [neutral(self._net, colours)])
        return start.to(self._device).float()

    def learn(self, iteration: int) -> dict[str, Tensor]:
        """One step of the optimiser; returns the losses and their total."""
        for group in self._optimiser.param_groups:
            group["lr"] = self._lesson.rate * (1 - 0.9 * (iteration - 1) / self._lesson.iterations)
        photos, generator = self._photos, self._generator
        parts = torch.cat([_part(photos[_draw(len(photos), generator)], generator) for _ in range(PHOTOS)])
        with torch.enable_grad():
            losses = self._terms(self._style[0], parts, self._gatys.content_target(parts))
            total = torch.stack(list(losses.values())).sum()
            (gradient,) = torch.autograd.grad(total, self._style[0])
        self._style[0].grad = gradient
        self._optimiser.step()
        self._average.update_parameters(self._style)
        return {**{name: value.detach() for name, value in losses.items()}, "total": total.detach()}

    def look(self) -> None:
        """Keep the averaged numbers where they are better than the best so far."""
        numbers = next(iter(self._average.parameters())).detach()
        loss = self._loss(numbers)
        if loss < self.lowest:
            self.lowest, self.best = loss, numbers.clone()

    @torch.no_grad()
    def _loss(self, style: Tensor) -> float:
        return float(sum(self._terms(style, self._parts, self._content).values()))

    def _terms(self, style: Tensor, parts: Tensor, target: Mapping[str, Tensor]) -> dict[str, Tensor]:
        which = torch.zeros(len(parts), dtype=torch.long, device=self._device)
        painted = with_finest_luminance(self._net(parts, style[None]), parts, FINE_DETAIL)
        return self._gatys.terms(painted, target, self._targets.grams(which))


def card_picture(numbers: Tensor, photo: Image.Image, longer: int, nets: LoadedNets) -> Image.Image:
    """A photo in a style, for a person."""
    device, net = nets.device.torch_device, nets.get(NETWORK)
    picture = resized(photo, fitted(photo.size, longer, shortest=32), device)
    assert isinstance(net, TransformNet)
    return to_image(TransformPainter(net, numbers[None].to(device), fine_detail=FINE_DETAIL).whole(picture))


def _reduced(photo: Image.Image, device: torch.device) -> Tensor:
    """``(1, 3, H, W)`` with a shorter side of PHOTO_SIDE pixels; of a very long photo, the middle."""
    side = LONGEST * min(photo.size)
    if max(photo.size) > side:
        photo = ImageOps.fit(photo, (min(photo.width, side), min(photo.height, side)))
    factor = PHOTO_SIDE / min(photo.size)
    return resized(photo, (round(photo.width * factor), round(photo.height * factor)), device)


def _part(photo: Tensor, generator: torch.Generator) -> Tensor:
    """A random square of a photo, mirrored at random."""
    top = _draw(photo.shape[2] - CROP + 1, generator)
    left = _draw(photo.shape[3] - CROP + 1, generator)
    part = photo[..., top : top + CROP, left : left + CROP]
    return part.flip(3) if _draw(2, generator) else part


def _draw(limit: int, generator: torch.Generator) -> int:
    return int(torch.randint(limit, (), generator=generator))
