"""Teaching the shipped network one more style: its convolutions stay, only the style's own numbers are learnt."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image, ImageOps
from torch import Tensor

from engine.contracts.job import Job
from engine.feedforward_style.styles import NETWORK
from engine.hardware.device import best_device
from engine.imaging.picture import Picture
from engine.imaging.tensors import fitted, resized, to_image
from engine.model_store.catalogue import catalogue
from engine.model_store.loaded_nets import models
from engine.nets.transform import TransformNet, neutral
from engine.perceptual.colour import palette
from engine.perceptual.gatys import GatysEnergy
from engine.perceptual.network import perceptual_network
from engine.training.style_v2 import nearest
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
    """What is learnt from what."""

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

    done: float
    stage: str
    numbers: Tensor
    """The best so far, ``(P,)``."""
    figures: Callable[[], Mapping[str, float]]


@dataclass(frozen=True)
class Taught:
    """What has been learnt."""

    numbers: Tensor
    iterations: int
    first: float
    """Total loss on the parts that are looked at, before."""
    best: float


def teach(lesson: Lesson, job: Job) -> Generator[State, None, Taught]:
    """Learn; a generator of states. A stop keeps the best numbers so far."""
    device = best_device()
    place = device.torch_device
    net = models.get(catalogue()[NETWORK], device)
    assert isinstance(net, TransformNet)
    gatys = GatysEnergy(perceptual_network("vgg19-normalised", device), balance=lesson.balance)
    targets = Targets({"new": lesson.painting}, gatys, lesson.size, place)
    photos = [_reduced(each, place) for each in lesson.photos]
    generator = torch.Generator().manual_seed(lesson.seed)
    looked_at = torch.cat([_part(photos[index % len(photos)], generator) for index in range(PHOTOS)])

    colours = starting_colours(palette(photos, [1 / len(photos)] * len(photos)), targets.palettes["new"])
    (start,) = nearest(net, looked_at, targets, gatys, [neutral(net, colours)])
    numbers = start.to(place).float().requires_grad_()
    average, best = numbers.detach().clone(), numbers.detach().clone()
    optimiser = torch.optim.Adam([numbers], lr=lesson.rate)
    content = gatys.content_target(looked_at)

    def terms(style: Tensor, parts: Tensor, target: Tensor) -> dict[str, Tensor]:
        which = torch.zeros(len(parts), dtype=torch.long, device=place)
        return gatys.terms(net(parts, style[None]), target, targets.grams(which))

    @torch.no_grad()
    def look(style: Tensor) -> float:
        return float(sum(terms(style, looked_at, content).values()))

    first = lowest = look(best)
    done = 0
    for done in range(1, lesson.iterations + 1):
        for group in optimiser.param_groups:
            group["lr"] = lesson.rate * (1 - 0.9 * (done - 1) / lesson.iterations)
        parts = torch.cat([_part(photos[_draw(len(photos), generator)], generator) for _ in range(PHOTOS)])
        with torch.enable_grad():
            losses = terms(numbers, parts, gatys.content_target(parts))
            total = torch.stack(list(losses.values())).sum()
            (gradient,) = torch.autograd.grad(total, numbers)
        numbers.grad = gradient
        optimiser.step()
        average.lerp_(numbers.detach(), 1 - min(AVERAGE, done / (done + 9)))
        if done % LOOK_EVERY == 0 or done == lesson.iterations or job.stopped:
            found = look(average)
            if found < lowest:
                lowest, best = found, average.clone()
        figures = {name: value.detach() for name, value in losses.items()} | {"total": total.detach()}
        yield State(
            done=done / lesson.iterations,
            stage=f"iteration {done} of {lesson.iterations}",
            numbers=best,
            figures=lambda figures=figures: {name: float(value) for name, value in figures.items()},  # type: ignore[misc]
        )
        if job.stopped:
            break
    return Taught(best.cpu(), done, first, lowest)


@torch.no_grad()
def card_picture(numbers: Tensor, photo: Image.Image, longer: int) -> Image.Image:
    """A photo in a style, for a person."""
    device = best_device()
    net: Any = models.get(catalogue()[NETWORK], device)
    picture = resized(photo, fitted(photo.size, longer, shortest=32), device.torch_device)
    return to_image(net(picture, numbers[None].to(device.torch_device)))


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
