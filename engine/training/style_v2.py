"""Training of style V2's transform network on the energy of V1 (Johnson et al. 2016, section 3.2).

Every iteration paints a few photos, each in a few styles. A short warm-up teaches the network the picture that V1's
descent starts from, the photo in the painting's colours: it costs no pass of the perceptual network.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from engine.contracts.errors import ParameterError
from engine.contracts.job import Job, Step
from engine.contracts.messages import Message
from engine.imaging.picture import Picture
from engine.model_store.loaded_nets import LoadedNets
from engine.nets.transform import TransformNet
from engine.perceptual.gatys import GatysEnergy
from engine.perceptual.network import perceptual_network
from engine.perceptual.optimisers import Adam
from engine.training import checkpoint
from engine.training.apprentice import (
    Apprentice,
    Photo,
    held_out,
    measure,
    nearest,
    photos_tensor,
    random_crop,
    recoloured_loss,
    sheet,
    starting_styles,
)
from engine.training.averaging import moving_average
from engine.training.distributed import Team
from engine.training.photos import read_photos
from engine.training.style_settings import Settings
from engine.training.targets import Targets

LOOKED_AT = 4
"""Number of held-out photos that are measured and drawn during the training."""
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


@dataclass(frozen=True)
class Materials:
    """Photos, targets and losses that a training works with."""

    photos: Sequence[Photo]
    """That are learnt from."""
    held_out: Sequence[Photo]
    """That are measured and drawn during the training."""
    targets: Targets
    gatys: GatysEnergy
    names: Sequence[str]
    """Names of the styles."""


def train(
    photos: Path,
    paintings: Mapping[str, Picture],
    out: Path,
    settings: Settings,
    job: Job,
    team: Team,
    nets: LoadedNets,
    start: TransformNet | None = None,
) -> Generator[Step, None, dict[str, Any]]:
    """Train; a generator of steps that writes ``out`` and returns the mean losses of held-out photos by style.

    The state goes to ``out`` with the ending ``.checkpoint`` every :data:`CHECK_EVERY` iterations and on a stop; a
    training that finds it there goes on from it. Beside it, ``.jpg`` shows held-out photos in every style.

    Args:
        photos: a folder or a .tar.
        paintings: name of a style -> its painting.
        out: ``.safetensors``.
        settings: see there.
        job: a stop request ends it with the network so far.
        team: the processes that train together.
        nets: the perceptual network is taken from, on the team's device.
        start: another of our networks: its convolutions are learnt on, and every style begins as itself where it has
            that, else as that of its styles which is most alike.

    Raises:
        ParameterError: too few photos, or a checkpoint of another training.
    """
    yield Step(done=0, stage=Message("reading the photos"))
    materials = _materials(photos, paintings, settings, nets)
    path = out.with_suffix(".checkpoint")
    student = Student(materials, settings, team, start, fresh=not path.exists())
    quality: dict[str, Any] = {}
    for done in range(student.resume(path) + 1, settings.iterations + 1):
        losses = student.learn(done - 1)
        if done % CHECK_EVERY == 0 or done == settings.iterations:
            quality = student.quality()
            student.keep(path, out, done)
            student.draw(out.with_suffix(".jpg"))
        yield Step(
            done=done / settings.iterations,
            stage=Message("iteration {done} of {iterations}", done=done, iterations=settings.iterations),
            figures=lambda losses=losses, quality=quality: _figures(losses, quality),  # type: ignore[misc]
            preview=lambda: student.sheet(materials.held_out[:2]),
        )
        if team.any(job.stopped):
            student.keep(path, out, done)
            break
    return quality or student.quality()


def _materials(photos: Path, paintings: Mapping[str, Picture], settings: Settings, nets: LoadedNets) -> Materials:
    every = read_photos(photos, shortest=settings.crop)
    if len(every) <= LOOKED_AT:
        raise ParameterError(
            Message(
                "{photos} photos are too few to train on; give more than {minimum}.",
                photos=len(every),
                minimum=LOOKED_AT,
            )
        )
    apart = held_out(every)
    gatys = GatysEnergy(
        perceptual_network("vgg19-normalised", nets, settings.pooling), balance=settings.balance,
        smoothness=settings.smoothness, statistics=settings.statistics, detail=settings.detail,
    )  # fmt: skip
    targets = Targets(paintings, gatys, settings.size, nets.device.torch_device)
    return Materials(every[len(apart) :], apart[:LOOKED_AT], targets, gatys, list(paintings))


class Student:
    """The network and its styles while they are learnt, their average, and where the training stands.

    Args:
        materials: to learn from.
        settings: of the training.
        team: the processes that train together.
        start: a network to go on from.
        fresh: whether the training begins, so that each style looks for the nearest one of that network.
    """

    def __init__(
        self, materials: Materials, settings: Settings, team: Team, start: TransformNet | None, *, fresh: bool
    ) -> None:
        self._materials, self._settings, self._team, self._warms_up = materials, settings, team, start is None
        device = self._device = team.device.torch_device
        torch.manual_seed(settings.seed)
        net = start or TransformNet()
        starts = starting_styles(net, materials.photos[:COLOURS_OF], materials.targets, device)
        if start and fresh:
            if not set(materials.names) <= set(start.styles):
                side = settings.crop
                parts = [photos_tensor([each], device)[..., :side, :side] for each in materials.held_out]
                starts = nearest(start.to(device), torch.cat(parts), materials.targets, materials.gatys, starts)
            starts = [start.styles.get(name, begun) for name, begun in zip(materials.names, starts, strict=True)]
        apprentice = Apprentice(net, torch.stack(starts), settings.fine_detail)
        self._apprentice = apprentice.to(device).to(memory_format=torch.channels_last)
        self._average = moving_average(self._apprentice, AVERAGE)
        shared = 0.0 if settings.styles_only else 1.0
        shares = [(self._apprentice.net.parameters(), shared), ([self._apprentice.styles], STYLES_RATE)]
        groups = [{"params": [*parameters], "share": share} for parameters, share in shares]
        self._optimiser = Adam(groups)
        balances = [settings.balances.get(name, settings.balance) for name in materials.names]
        self._balances = torch.tensor(balances, device=device)
        self._often = torch.tensor([settings.often.get(name, 1.0) for name in materials.names])
        self._parallel = team.parallel(self._apprentice)
        newer = ("often", "styles_only")  # checkpoints of before do not know them
        decided = {name: value for name, value in asdict(settings).items() if value or name not in newer}
        del decided["iterations"]
        self._decided = {**decided, "styles": materials.names}

    @property
    def average(self) -> Apprentice:
        """The weights that are shipped."""
        module = self._average.module
        assert isinstance(module, Apprentice)
        return module

    def learn(self, iteration: int) -> dict[str, Tensor]:
        """One step of the optimiser; returns the losses and their total."""
        settings = self._settings
        for group in self._optimiser.param_groups:
            group["lr"] = group["share"] * settings.rate * min(1.0, (1 - iteration / settings.iterations) / FALL)
        # Anew for every iteration and process: a training that goes on draws what it would have drawn.
        seed = (settings.seed * 1_000_003 + iteration) * self._team.size + self._team.rank
        generator = torch.Generator().manual_seed(seed)
        photos = [random_crop(self._materials.photos, settings.crop, generator) for _ in range(settings.photos)]
        drawn = torch.cat([self._drawn(generator) for _ in range(settings.photos)])
        losses = self._losses(photos_tensor(photos, self._device), drawn.to(self._device), iteration)
        total = torch.stack(list(losses.values())).sum()
        self._optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        self._average.update_parameters(self._apprentice)
        return {**{name: value.detach() for name, value in losses.items()}, "total": total.detach()}

    def _drawn(self, generator: torch.Generator) -> Tensor:
        """Indices of different styles that one photo is painted in."""
        count = min(self._settings.styles_each, len(self._often))
        if not self._settings.often:
            return torch.randperm(len(self._often), generator=generator)[:count]
        return self._often.multinomial(count, generator=generator)

    def _losses(self, content: Tensor, styles: Tensor, iteration: int) -> dict[str, Tensor]:
        each = len(styles) // self._settings.photos
        half = self._team.device.dtype == torch.bfloat16
        with torch.autocast(self._device.type, torch.bfloat16, enabled=half):
            painted = self._parallel(content.repeat_interleave(each, 0), styles)
        targets, gatys = self._materials.targets, self._materials.gatys
        if iteration < WARM_UP and self._warms_up:
            palettes = [targets.palettes[self._materials.names[style]] for style in styles.tolist()]
            return {"pixels": PIXELS * recoloured_loss(painted, content.repeat_interleave(each, 0), palettes)}
        contents = gatys.content_target(content)
        target = {layer: features.repeat_interleave(each, 0) for layer, features in contents.items()}
        return gatys.terms(painted, target, targets.grams(styles), self._balances[styles])

    def quality(self) -> dict[str, float]:
        """See :func:`measure`."""
        materials = self._materials
        return measure(self.average, materials.held_out, materials.targets, materials.gatys, materials.names)

    def sheet(self, photos: Sequence[Photo]) -> Image.Image:
        """See :func:`sheet`."""
        return sheet(self.average, photos, self._materials.names, self._device)

    def keep(self, path: Path, out: Path, iteration: int) -> None:
        """Write where the training stands, and the network so far."""
        if not self._team.leads:
            return
        states = {"apprentice": self._apprentice.state_dict(), "average": self.average.state_dict()}
        rest = {"optimiser": self._optimiser.state_dict(), "iteration": iteration, "settings": self._decided}
        checkpoint.save({**states, **rest}, path)
        tensors = self.average.tensors(self._materials.names)
        save_file({name: value.cpu().half().contiguous() for name, value in tensors.items()}, out)

    def draw(self, path: Path) -> None:
        """Write a sheet that shows held-out photos in every style."""
        if self._team.leads:
            self.sheet(self._materials.held_out).save(path, quality=90)

    def resume(self, path: Path) -> int:
        """Go on from there; returns the number of iterations that are done."""
        state = checkpoint.load(path, self._decided)
        if state is None:
            return 0
        self._apprentice.load_state_dict(state["apprentice"])
        self.average.load_state_dict(state["average"])
        self._average.n_averaged.fill_(state["iteration"])
        self._optimiser.load_state_dict(state["optimiser"])
        return int(state["iteration"])


def _figures(figures: Mapping[str, Tensor], quality: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in figures.items()} | dict(quality)
