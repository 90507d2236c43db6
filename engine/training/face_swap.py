"""Training the network of one identity, on the losses that the descent lowers (Korshunova et al. 2017, section 3.2).

The photos give poses, expressions and lights; the identity's pictures, brought over each of them, give the patches.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from engine.contracts.errors import ParameterError, PictureError
from engine.contracts.job import Job, Step
from engine.faces.align import Colours
from engine.faces.aligned_face import Head, chosen, head_of, ranked
from engine.faces.descent import FaceEnergy, Stage
from engine.faces.descent import Settings as Descent
from engine.faces.detection import find_faces
from engine.faces.identity_network import SIDE, read
from engine.faces.swap import Meeting, prepared, stage_of
from engine.hardware.device import Device, best_device
from engine.imaging.tensors import to_image
from engine.nets.face_transform import MULTIPLE, FaceTransform
from engine.perceptual.network import PerceptualNetwork, perceptual_network
from engine.training import checkpoint

SHAPE = 0.0
"""The network cannot know how far a face's shape is from the identity's; it keeps the scene's."""
SOURCES = 4
"""Most pictures of the identity for one scene."""
COARSE_SHARE = 0.6
"""Of the iterations, at half the size, where they cost a quarter."""
SAVE_EVERY = 100
MOST_ENERGIES = 48
"""Scenes whose features stay in memory, 40 MB each at 256 pixels; others are made again."""
MOST_SCENES = 240
"""Faces of photos with their variants, 6 MB each; of more photos, every so many."""
PREVIEWS = 3
"""Faces of the preview."""


@dataclass(frozen=True)
class Settings:
    """Of a training."""

    iterations: int = 20_000
    batch: int = 4
    side: int = SIDE
    """Of the faces in pixels, a multiple of 32."""
    variants: int = 6
    """Of each photo: mirrored, tilted, shifted, lit in another way."""
    likeness: float = 0.05
    """Weight of the content term."""
    rate: float = 1e-3
    seed: int = 0


class Lessons:
    """Scenes with what the losses compare them with, made when first asked for.

    Args:
        network: perceptual network.
        scenes: aligned faces of the photos.
        identity: aligned faces of the identity.
        settings: of the training.
    """

    def __init__(
        self, network: PerceptualNetwork, scenes: Sequence[Head], identity: Sequence[Head], settings: Settings
    ) -> None:
        self._network = network
        self._descent = Descent(likeness=settings.likeness, start=0.0, smoothing=0.0, rematch=1)
        self.stages = [_stage(scene, identity) for scene in scenes]
        self._energies: OrderedDict[tuple[int, int], FaceEnergy] = OrderedDict()

    def energy(self, index: int, side: int) -> FaceEnergy:
        """Of one scene at one size."""
        if (index, side) not in self._energies:
            self._energies[index, side] = FaceEnergy(self._network, self.stages[index], self._descent, side)
        self._energies.move_to_end((index, side))
        while len(self._energies) > MOST_ENERGIES:
            self._energies.popitem(last=False)
        return self._energies[index, side]


def _stage(scene: Head, identity: Sequence[Head]) -> Stage:
    meeting = Meeting(scene, ranked(scene, identity), 1)
    return stage_of(meeting, prepared(meeting, SHAPE), SHAPE, SOURCES)


def train(
    identity: Sequence[NDArray[numpy.uint8]],
    photos: Sequence[NDArray[numpy.uint8]],
    out: Path,
    settings: Settings,
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
        job: a stop request ends it with the network so far.
        start: a network to begin with.

    Raises:
        ParameterError: there is no usable face in one of both.
    """
    device = best_device()
    exact = replace(device, dtype=torch.float32)
    yield Step(done=0, stage="looking for faces")
    heads = _heads(identity, settings, device, "identity", mirrored=True)
    every = -(-len(photos) * settings.variants // MOST_SCENES)
    scenes = _heads(photos[::every], settings, device, "photos", mirrored=False)
    lessons = Lessons(perceptual_network("vgg19-normalised", device), scenes, heads, settings)
    random = torch.Generator().manual_seed(settings.seed)
    torch.manual_seed(settings.seed)
    net = (start or FaceTransform()).to(exact.torch_device).train().requires_grad_(True)
    solver = torch.optim.Adam(net.parameters(), lr=settings.rate, betas=(0.9, 0.99))
    kept = out.with_suffix(".training")
    whole = {**asdict(settings), "materials": _digest(identity, photos, start)}
    state = checkpoint.load(kept, whole)
    begun = 0
    if state is not None:
        net.load_state_dict(state["net"])
        solver.load_state_dict(state["solver"])
        random.set_state(state["random"])
        begun = state["iteration"]
    found: dict[str, float] = {}

    def save(iteration: int) -> None:
        state = {"net": net.state_dict(), "solver": solver.state_dict(), "random": random.get_state()}
        checkpoint.save({**state, "iteration": iteration, "settings": whole}, kept)
        _write(net, out)

    for iteration in range(begun, settings.iterations):
        side = settings.side // 2 if iteration < COARSE_SHARE * settings.iterations else settings.side
        for group in solver.param_groups:
            group["lr"] = settings.rate * _rate(iteration / settings.iterations)
        found = _learn(net, solver, lessons, side, settings, random, found)
        if (iteration + 1) % SAVE_EVERY == 0:
            save(iteration + 1)
        yield Step(
            done=(iteration + 1) / settings.iterations,
            stage=f"{side} px, iteration {iteration + 1} of {settings.iterations}",
            figures=lambda at=found: at,  # type: ignore[misc]
            preview=lambda: to_image(_preview(net, lessons, settings.side)),
        )
        if job.stopped:
            save(iteration + 1)
            return found
    save(settings.iterations)
    kept.unlink(missing_ok=True)  # the same command again is another training
    return found


def _digest(
    identity: Sequence[NDArray[numpy.uint8]], photos: Sequence[NDArray[numpy.uint8]], start: FaceTransform | None
) -> str:
    """Of all that a training is made from: another identity's must not go on from it."""
    found = sha256()
    for picture in (*identity, None, *photos):
        found.update(b"-" if picture is None else numpy.ascontiguousarray(picture).tobytes())
    for value in start.state_dict().values() if start is not None else ():
        found.update(value.cpu().float().numpy().tobytes())
    return found.hexdigest()


def _rate(done: float) -> float:
    """Share of the learning rate: up in the first hundredth, then down as half a cosine."""
    return min(1.0, 100 * done + 0.05) * (0.5 + 0.5 * float(numpy.cos(numpy.pi * done))) + 1e-3


def _learn(
    net: FaceTransform, solver: torch.optim.Adam, lessons: Lessons, side: int, settings: Settings,
    random: torch.Generator, before: Mapping[str, float],
) -> dict[str, float]:  # fmt: skip
    """One step; returns the losses, averaged over the last ones."""
    solver.zero_grad()
    totals: dict[str, float] = {}
    for index in torch.randint(len(lessons.stages), (settings.batch,), generator=random).tolist():
        energy = lessons.energy(index, side)
        terms = energy.terms(energy.inside(net(energy.scene)))
        torch.stack(list(terms.values())).sum().div(settings.batch).backward()  # type: ignore[no-untyped-call]
        for name, value in terms.items():
            totals[name] = totals.get(name, 0.0) + float(value.detach()) / settings.batch
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    solver.step()
    totals["total"] = sum(totals.values())
    return {name: 0.98 * before.get(name, value) + 0.02 * value for name, value in totals.items()}


@torch.no_grad()
def _preview(net: FaceTransform, lessons: Lessons, side: int) -> Tensor:
    """Some scenes above, what the network makes of them below."""
    stages = lessons.stages[:PREVIEWS]
    faces = [cv2.resize(each.scene, (side, side)) for each in stages]
    device = next(net.parameters()).device
    given = torch.from_numpy(numpy.stack(faces)).permute(0, 3, 1, 2).to(device)
    made = net(given).clamp(0, 1)
    return torch.cat([torch.cat(list(given), 2), torch.cat(list(made), 2)], 1)[None]


def _write(net: FaceTransform, out: Path) -> None:
    tensors = {name: value.detach().half().cpu().contiguous() for name, value in net.state_dict().items()}
    made = out.with_name(out.name + ".part")
    save_file(tensors, made, metadata={"about": "engine train face-swap"})
    made.replace(out)


def _heads(
    pictures: Sequence[NDArray[numpy.uint8]], settings: Settings, device: Device, what: str, *, mirrored: bool
) -> list[Head]:
    """Aligned faces: of the identity each with its mirror image, of photos in several variants."""
    random = numpy.random.default_rng(settings.seed)
    heads = []
    for picture in pictures:
        try:
            face = chosen(find_faces(picture, device), what)
        except PictureError:
            continue
        if mirrored:
            variants: list[NDArray[numpy.uint8]] = [picture, numpy.ascontiguousarray(picture[:, ::-1])]
        else:
            head = head_of(picture, face, max(settings.side, SIDE), device)
            variants = [_variant(head, random, first=index == 0) for index in range(settings.variants)]
        for each in variants:
            faces = find_faces(each, device)
            if faces:
                largest = max(faces, key=lambda one: one.box.area)
                heads.append(head_of(each, largest, max(settings.side, SIDE), device))
    if not heads:
        raise ParameterError(f"No usable face was found in the pictures of the {what}.")
    return heads


def _variant(head: Head, random: numpy.random.Generator, *, first: bool) -> NDArray[numpy.uint8]:
    """A picture of the head with some surroundings: mirrored, tilted, and lit in another way; the first as it is."""
    side = head.side
    margin = side // 4
    turn, grow = (0.0, 1.0) if first else (random.normal(0, 5), random.normal(1, 0.04))
    middle = ((side - 1) / 2, (side - 1) / 2)
    change = cv2.getRotationMatrix2D(middle, turn, grow)
    change[:, 2] += margin
    whole = numpy.vstack([change, [0, 0, 1]]) @ numpy.vstack([head.matrix, [0, 0, 1]])
    size = (side + 2 * margin, side + 2 * margin)
    image: NDArray[Any] = cv2.warpAffine(head.picture, whole[:2], size, borderMode=cv2.BORDER_REPLICATE)
    if first:
        return image
    if random.random() < 0.5:
        image = image[:, ::-1]
    values: Colours = image.astype(numpy.float32) / 255
    ramp = numpy.linspace(-1, 1, size[0], dtype=numpy.float32)
    shade = 1 + random.normal(0, 0.12) * ramp[None, :, None] + random.normal(0, 0.08) * ramp[:, None, None]
    tint = random.normal(1, 0.06, 3).astype(numpy.float32) * random.normal(1, 0.1)
    values = (values ** float(numpy.exp(random.normal(0, 0.15))) * shade * tint).clip(0, 1)
    return numpy.ascontiguousarray((255 * values).round().astype(numpy.uint8))


def network_of(path: Path) -> FaceTransform:
    """A network to begin with, to be trained on.

    Raises:
        ParameterError: the file is none.
    """
    net = read(path, f"{path.name!r} is no network of a face swap that can be read.")
    return net.requires_grad_(True)


def checked(settings: Settings) -> Settings:
    """ParameterError for a side that the network cannot have."""
    if settings.side % (2 * MULTIPLE) or settings.side < 64:
        raise ParameterError(f"--side has to be a multiple of {2 * MULTIPLE}, at least 64.")
    return settings
