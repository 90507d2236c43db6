"""Training the network of one identity, on the losses that the descent lowers (Korshunova et al. 2017, section 3.2).

The photos give poses, expressions and lights; the identity's pictures, brought over each of them, give the patches.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import cv2
import numpy
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from engine.contracts.errors import ParameterError
from engine.contracts.job import Job, Step
from engine.contracts.messages import Message
from engine.faces.identity_network import read
from engine.imaging.tensors import to_image
from engine.model_store.loaded_nets import LoadedNets
from engine.nets.face_transform import MULTIPLE, FaceTransform
from engine.perceptual.network import perceptual_network
from engine.perceptual.optimisers import Adam
from engine.perceptual.synthesis import Scale
from engine.training import checkpoint
from engine.training.face_lessons import Lessons, Settings, aligned_faces

COARSE_SHARE = 0.6
"""Share of the iterations, the first ones, at half the size, where they cost a quarter."""
SAVE_EVERY = 100
MOST_SCENES = 240
"""Faces of photos with their variants, 6 MB each; of more photos, every so many."""
PREVIEWS = 3
"""Faces of the preview."""


def train(
    identity: Sequence[NDArray[numpy.uint8]],
    photos: Sequence[NDArray[numpy.uint8]],
    out: Path,
    settings: Settings,
    nets: LoadedNets,
    job: Job,
    *,
    start: FaceTransform | None = None,
) -> Generator[Step, None, dict[str, float]]:
    """Train and write the network; a generator of steps that returns the last losses. Killed, it goes on.

    Args:
        identity: pictures ``(H, W, 3)`` of the identity, each with one face.
        photos: pictures with faces of anybody; those without are left out.
        out: ``.safetensors``.
        settings: see there.
        nets: the networks that find and judge faces are taken from.
        job: a stop request ends it with the network so far.
        start: a network to begin with.

    Raises:
        ParameterError: there is no usable face in one of both.
    """
    yield Step(done=0, stage=Message("looking for faces"))
    faces = aligned_faces(identity, settings, nets, Message("identity"), mirrored=True)
    every = -(-len(photos) * settings.variants // MOST_SCENES)
    scenes = aligned_faces(photos[::every], settings, nets, Message("photos"), mirrored=False)
    lessons = Lessons(perceptual_network("vgg19-normalised", nets), scenes, faces, settings)
    student = Student(lessons, settings, nets.device.torch_device, start, _digest(identity, photos, start))
    path = out.with_suffix(".training")
    first = student.resume(path)
    losses: dict[str, float] = {}
    for iteration in range(first, settings.iterations):
        side = settings.side // 2 if iteration < COARSE_SHARE * settings.iterations else settings.side
        losses = student.learn(iteration, side, losses)
        if (iteration + 1) % SAVE_EVERY == 0:
            student.keep(path, out, iteration + 1)
        yield Step(
            done=(iteration + 1) / settings.iterations,
            stage=Scale((side, side), settings.iterations).stage(iteration + 1),
            figures=lambda at=losses: at,  # type: ignore[misc]
            preview=lambda: to_image(student.preview()),
        )
        if job.stopped:
            student.keep(path, out, iteration + 1)
            return losses
    student.keep(path, out, settings.iterations)
    path.unlink(missing_ok=True)  # the same command again is another training
    return losses


class Student:
    """The network while it is learnt, and where the training stands.

    Args:
        lessons: to learn from.
        settings: of the training.
        device: where it learns.
        start: a network to go on from.
        materials: what tells one training's pictures from another's.
    """

    def __init__(
        self, lessons: Lessons, settings: Settings, device: torch.device, start: FaceTransform | None, materials: str
    ) -> None:
        self._lessons, self._settings = lessons, settings
        self._random = torch.Generator().manual_seed(settings.seed)
        torch.manual_seed(settings.seed)
        self._net = (start or FaceTransform()).to(device).train().requires_grad_(True)
        self._solver = Adam(self._net.parameters(), lr=settings.rate, betas=(0.9, 0.99))
        self._decided = {**asdict(settings), "materials": materials}

    def learn(self, iteration: int, side: int, before: Mapping[str, float]) -> dict[str, float]:
        """One step of the optimiser on faces of ``side`` pixels; returns the losses, averaged over the last ones."""
        settings = self._settings
        for group in self._solver.param_groups:
            group["lr"] = settings.rate * _rate(iteration / settings.iterations)
        self._solver.zero_grad()
        totals: dict[str, float] = {}
        scenes = torch.randint(len(self._lessons.stages), (settings.batch,), generator=self._random)
        for index in scenes.tolist():
            energy = self._lessons.energy(index, side)
            terms = energy.terms(energy.inside(self._net(energy.scene)))
            torch.stack(list(terms.values())).sum().div(settings.batch).backward()  # type: ignore[no-untyped-call]
            for name, value in terms.items():
                totals[name] = totals.get(name, 0.0) + float(value.detach()) / settings.batch
        torch.nn.utils.clip_grad_norm_(self._net.parameters(), 1.0)
        self._solver.step()
        totals["total"] = sum(totals.values())
        return {name: 0.98 * before.get(name, value) + 0.02 * value for name, value in totals.items()}

    def keep(self, path: Path, out: Path, iteration: int) -> None:
        """Write where the training stands, and the network so far."""
        states = {"net": self._net.state_dict(), "solver": self._solver.state_dict()}
        rest = {"random": self._random.get_state(), "iteration": iteration, "settings": self._decided}
        checkpoint.save({**states, **rest}, path)
        tensors = {name: value.detach().half().cpu().contiguous() for name, value in self._net.state_dict().items()}
        part = out.with_name(out.name + ".part")
        save_file(tensors, part, metadata={"about": "engine train face-swap"})
        part.replace(out)

    def resume(self, path: Path) -> int:
        """Go on from there; returns the number of iterations that are done."""
        state = checkpoint.load(path, self._decided)
        if state is None:
            return 0
        self._net.load_state_dict(state["net"])
        self._solver.load_state_dict(state["solver"])
        self._random.set_state(state["random"])
        return int(state["iteration"])

    @torch.no_grad()
    def preview(self) -> Tensor:
        """Some scenes above, what the network makes of them below, ``(1, 3, H, W)``."""
        side = self._settings.side
        faces = [cv2.resize(each.scene, (side, side)) for each in self._lessons.stages[:PREVIEWS]]
        device = next(self._net.parameters()).device
        scenes = torch.from_numpy(numpy.stack(faces)).permute(0, 3, 1, 2).to(device)
        swapped = self._net(scenes).clamp(0, 1)
        return torch.cat([torch.cat(list(scenes), 2), torch.cat(list(swapped), 2)], 1)[None]


def _digest(
    identity: Sequence[NDArray[numpy.uint8]], photos: Sequence[NDArray[numpy.uint8]], start: FaceTransform | None
) -> str:
    """SHA-256, in hex, of all pictures and the starting network: only the same ones go on from a checkpoint."""
    digest = sha256()
    for picture in (*identity, None, *photos):
        digest.update(b"-" if picture is None else numpy.ascontiguousarray(picture).tobytes())
    for value in start.state_dict().values() if start is not None else ():
        digest.update(value.cpu().float().numpy().tobytes())
    return digest.hexdigest()


def _rate(done: float) -> float:
    """Share of the learning rate: up in the first hundredth, then down as half a cosine."""
    return min(1.0, 100 * done + 0.05) * (0.5 + 0.5 * float(numpy.cos(numpy.pi * done))) + 1e-3


def network_of(path: Path) -> FaceTransform:
    """A network to begin with, to be trained on.

    Raises:
        ParameterError: the file is none.
    """
    net = read(path, Message("{file!r} is no network of a face swap that can be read.", file=path.name))
    return net.requires_grad_(True)


def checked(settings: Settings) -> Settings:
    """ParameterError for a side that the network cannot have."""
    if settings.side % (2 * MULTIPLE) or settings.side < 64:
        raise ParameterError(
            Message("--side has to be a multiple of {multiple}, at least {minimum}.", multiple=2 * MULTIPLE, minimum=64)
        )
    return settings
