"""Training of style V2's transform network on the energy of V1 (Johnson et al. 2016, section 3.2).

Every iteration paints a few photos, each in a few styles. A short warm-up teaches the network the picture that V1's
descent starts from, the photo in the painting's colours: it costs no pass of the perceptual network.
"""

from __future__ import annotations

import copy
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.contracts.errors import ParameterError
from engine.contracts.job import Job, Step
from engine.imaging.montage import Montage
from engine.imaging.picture import Picture
from engine.imaging.tensors import to_image
from engine.nets.transform import COLOURS, STYLE, TransformNet, neutral
from engine.perceptual.colour import Palette, match_colours, palette
from engine.perceptual.gatys import GatysEnergy
from engine.perceptual.losses import pixel_loss
from engine.perceptual.network import perceptual_network
from engine.training import checkpoint
from engine.training.distributed import Team
from engine.training.photos import read_photos
from engine.training.targets import Targets, starting_colours

HELD_OUT = 20
"""Photos that are only measured on; the first ones."""
LOOKED_AT = 4
"""Of those, how many are measured during the training and drawn."""
WARM_UP = 400
"""Iterations on pixels alone."""
PIXELS = 10.0
"""Weight of the loss on pixels."""
COLOURS_OF = 64
"""Photos that a normalised photo's colours are known from."""
FALL = 0.25
"""Share of the iterations, the last ones, over which the learning rate falls to nothing."""
STYLES_RATE = 8.0
"""Learning rate of the styles' numbers, relative to that of the convolutions: each is needed in few pictures only."""
AVERAGE = 0.998
"""Share of the old weights in the running average, each iteration."""
CHECK_EVERY = 500
"""Iterations between two measurements, each with a checkpoint and a picture."""

SHOWN_SIDE = 256
"""Of the photos that are drawn, in pixels."""

Photo = NDArray[numpy.uint8]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What decides the result, besides the pictures."""

    iterations: int = 40_000
    """Steps of the optimiser; a training that goes on may be given another number."""
    photos: int = 2
    """Photos in each step and process."""
    styles_each: int = 2
    """Styles that each of them is painted in; its content is looked at once."""
    crop: int = 192
    """Side of the photos' parts in pixels."""
    size: int = 256
    """Longer side of the results that strokes are right for, as in V1."""
    balance: float = 50.0
    smoothness: float = 1.0
    rate: float = 1e-3
    seed: int = 0
    start: str = ""
    """sha256 of the network that it starts from; from nothing when empty."""


class Apprentice(nn.Module):
    """The network and its styles while they are learnt; one module, so that gradients of both are shared."""

    def __init__(self, net: TransformNet, styles: Tensor) -> None:
        super().__init__()
        self.net = net
        self.styles = nn.Parameter(styles)

    def forward(self, picture: Tensor, indices: Tensor) -> Tensor:
        """Each picture ``(B, 3, H, W)`` in the style of its index ``(B,)``."""
        found: Tensor = self.net(picture, self.styles[indices])
        return found

    def tensors(self, names: Sequence[str]) -> dict[str, Tensor]:
        """As :func:`engine.nets.transform.build` reads them."""
        styles = {STYLE + name: row.detach() for name, row in zip(names, self.styles, strict=True)}
        return {**self.net.state_dict(), **styles}


def held_out(photos: Sequence[Photo]) -> Sequence[Photo]:
    """Those that are never trained on."""
    return photos[: max(1, min(HELD_OUT, len(photos) // 5))]


def train(
    photos: Path,
    paintings: Mapping[str, Picture],
    out: Path,
    settings: Settings,
    job: Job,
    team: Team,
    start: TransformNet | None = None,
) -> Generator[Step, None, dict[str, Any]]:
    """Train; a generator of steps that writes ``out`` and returns the mean losses of held-out photos by style.

    The state goes to ``out`` with the ending ``.checkpoint`` every :data:`CHECK_EVERY` iterations and on a stop; a
    training that finds it there goes on from it. Beside it, ``.jpg`` shows held-out photos in every style. ``start`` is
    another of our networks: its convolutions are learnt on, and every style begins as that of its styles which is most
    alike.

    Raises:
        ParameterError: too few photos, or a checkpoint of another training.
    """
    device = team.device.torch_device
    yield Step(done=0, stage="reading the photos")
    every = read_photos(photos, shortest=settings.crop)
    if len(every) <= LOOKED_AT:
        raise ParameterError(f"{len(every)} photos are too few to train on; give more than {LOOKED_AT}.")
    apart = held_out(every)
    kept, every = apart[:LOOKED_AT], every[len(apart) :]
    gatys = GatysEnergy(
        perceptual_network("vgg19-normalised", team.device), balance=settings.balance, smoothness=settings.smoothness
    )
    targets, names = Targets(paintings, gatys, settings.size, device), list(paintings)

    place = out.with_suffix(".checkpoint")
    torch.manual_seed(settings.seed)
    net = start or TransformNet()
    starts = _starts(net, every[:COLOURS_OF], targets, device)
    if start and not place.exists():
        parts = [_tensor([each], device)[..., : settings.crop, : settings.crop] for each in kept]
        starts = nearest(start.to(device), torch.cat(parts), targets, gatys, starts)
    apprentice = Apprentice(net, torch.stack(starts)).to(device).to(memory_format=torch.channels_last)
    average = copy.deepcopy(apprentice).requires_grad_(False)
    shares = [(apprentice.net.parameters(), 1.0), ([apprentice.styles], STYLES_RATE)]
    optimiser = torch.optim.Adam([{"params": [*given], "share": share} for given, share in shares])
    decided = {name: value for name, value in asdict(settings).items() if name != "iterations"}
    decided["styles"] = names
    first = 0
    if state := checkpoint.load(place, decided):
        apprentice.load_state_dict(state["apprentice"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["iteration"]
    parallel = team.parallel(apprentice)

    def keep(iteration: int) -> None:
        if team.leads:
            parts = {"apprentice": apprentice.state_dict(), "average": average.state_dict()}
            rest = {"optimiser": optimiser.state_dict(), "iteration": iteration, "settings": decided}
            checkpoint.save({**parts, **rest}, place)
            half = {name: value.cpu().half().contiguous() for name, value in average.tensors(names).items()}
            save_file(half, out)

    quality: dict[str, Any] = {}
    for iteration in range(first, settings.iterations):
        for group in optimiser.param_groups:
            group["lr"] = group["share"] * settings.rate * min(1.0, (1 - iteration / settings.iterations) / FALL)
        # Anew for every iteration and process: a training that goes on draws what it would have drawn.
        generator = torch.Generator().manual_seed((settings.seed * 1_000_003 + iteration) * team.size + team.rank)
        content = _tensor([_crop(every, settings.crop, generator) for _ in range(settings.photos)], device)
        indices = torch.cat(
            [torch.randperm(len(names), generator=generator)[: settings.styles_each] for _ in range(settings.photos)]
        ).to(device)
        each = len(indices) // settings.photos
        with torch.autocast(device.type, torch.bfloat16, enabled=team.device.dtype == torch.bfloat16):
            painted = parallel(content.repeat_interleave(each, 0), indices)
        if iteration < WARM_UP and start is None:
            palettes = [targets.palettes[names[style]] for style in indices.tolist()]
            losses = {"pixels": PIXELS * _recoloured_loss(painted, content.repeat_interleave(each, 0), palettes)}
        else:
            target = gatys.content_target(content).repeat_interleave(each, 0)
            losses = gatys.terms(painted, target, targets.grams(indices))
        total = torch.stack(list(losses.values())).sum()
        optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        _follow(average, apprentice, min(AVERAGE, (1 + iteration) / (10 + iteration)))
        done = iteration + 1
        if done % CHECK_EVERY == 0 or done == settings.iterations:
            quality = measure(average, kept, targets, gatys, names)
            keep(done)
            if team.leads:
                sheet(average, kept, names, device).save(out.with_suffix(".jpg"), quality=90)
        figures = {name: value.detach() for name, value in losses.items()} | {"total": total.detach()}
        yield Step(
            done=done / settings.iterations,
            stage=f"iteration {done} of {settings.iterations}",
            figures=lambda figures=figures, quality=quality: _figures(figures, quality),  # type: ignore[misc]
            preview=lambda: sheet(average, kept[:2], names, device),
        )
        if team.any(job.stopped):
            keep(done)
            break
    return quality or measure(average, kept, targets, gatys, names)


def _starts(net: TransformNet, photos: Sequence[Photo], targets: Targets, device: torch.device) -> list[Tensor]:
    """Every style before training: the painting's palette, and nothing else."""
    own = palette([_tensor([each], device) for each in photos], [1 / len(photos)] * len(photos))
    return [neutral(net, starting_colours(own, each)) for each in targets.palettes.values()]


def _recoloured_loss(painted: Tensor, photos: Tensor, palettes: Sequence[Palette]) -> Tensor:
    """How far painted pictures are from their photos in the paintings' colours."""
    wanted = [match_colours(photo[None], each) for photo, each in zip(photos, palettes, strict=True)]
    return pixel_loss(painted, torch.cat(wanted))


@torch.no_grad()
def nearest(
    net: TransformNet, photos: Tensor, targets: Targets, gatys: GatysEnergy, starts: Sequence[Tensor]
) -> list[Tensor]:
    """Each start with all numbers but the colours' of that style of ``net`` which paints the most alike."""
    count, net = len(starts), net.to(photos.device)
    content = gatys.content_target(photos)
    best: list[tuple[float, Tensor]] = [(float("inf"), each) for each in starts]
    for style in net.styles.values():
        for index in range(count):
            mixed = torch.cat((style[:-COLOURS].to(photos.device), starts[index][-COLOURS:].to(photos.device)))
            painted = net(photos, mixed[None])
            chosen = torch.full((len(photos),), index, device=photos.device)
            total = float(sum(gatys.terms(painted, content, targets.grams(chosen)).values()))
            if total < best[index][0]:
                best[index] = total, mixed.cpu()
    return [style for _, style in best]


def _figures(figures: Mapping[str, Tensor], quality: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in figures.items()} | dict(quality)


def _follow(average: nn.Module, net: nn.Module, share: float) -> None:
    for ours, theirs in zip(average.parameters(), net.parameters(), strict=True):
        ours.lerp_(theirs.detach(), 1 - share)


@torch.no_grad()
def measure(
    apprentice: Apprentice, photos: Sequence[Photo], targets: Targets, gatys: GatysEnergy, names: Sequence[str]
) -> dict[str, float]:
    """Mean total loss of photos in each style, and of all."""
    device = apprentice.styles.device
    found = dict.fromkeys(names, 0.0)
    for photo in photos:
        content = _tensor([photo], device)
        target = gatys.content_target(content)
        for index, name in enumerate(names):
            chosen = torch.tensor([index], device=device)
            losses = gatys.terms(apprentice(content, chosen), target, targets.grams(chosen))
            found[name] += float(sum(losses.values())) / len(photos)
    return {"held_out": sum(found.values()) / len(found), **found}


@torch.no_grad()
def sheet(apprentice: Apprentice, photos: Sequence[Photo], names: Sequence[str], device: torch.device) -> Image.Image:
    """Photos, one a row, and beside each what it becomes in every style."""
    panels, captions = [], []
    for photo in photos:
        content = _tensor([photo], device)
        made = (to_image(apprentice(content, torch.tensor([index], device=device))) for index in range(len(names)))
        panels += [Image.fromarray(photo), *made]
        captions += ["photo", *names]
    montage = Montage((SHOWN_SIDE, SHOWN_SIDE), captions, len(names) + 1)
    for index, panel in enumerate(panels):
        montage.paste(index, panel)
    return montage.image


def _tensor(photos: Sequence[Photo], device: torch.device) -> Tensor:
    """Photos of one size -> ``(B, 3, H, W)`` in [0, 1], channels_last."""
    return torch.from_numpy(numpy.stack(photos)).to(device).permute(0, 3, 1, 2).float() / 255


def _crop(photos: Sequence[Photo], side: int, generator: torch.Generator) -> Photo:
    """A random square, mirrored at random."""

    def draw(limit: int) -> int:
        return int(torch.randint(limit, (), generator=generator))

    photo = photos[draw(len(photos))]
    top, left = draw(photo.shape[0] - side + 1), draw(photo.shape[1] - side + 1)
    part = photo[top : top + side, left : left + side]
    return part[:, ::-1] if draw(2) else part
