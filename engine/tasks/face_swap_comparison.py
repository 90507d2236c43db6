"""Input | editor | classical | patches: the rows of the paper's figures, on one photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy
from PIL import Image

from engine.contracts.job import Job, Outcome, Run, Step, Walk
from engine.contracts.parameters import option
from engine.contracts.task import Pictures, Task
from engine.imaging.comparison import Comparison, Panel
from engine.imaging.raster import COMPOSITE, Raster
from engine.imaging.tiles import Box
from engine.tasks.face_swap import (
    INPUTS,
    Scene,
    Swap,
    begun,
    check_identity,
    checked,
    gflop,
    labelled,
    preparation,
    swapping_of,
    weights_of,
)

MethodName = Literal["editor", "classical", "patches"]
TITLES = {"editor": "image editor", "classical": "warp, light, blend", "patches": "patches (V3)"}
AROUND = 0.5
"""What is shown around the face, as a share of its width."""
SHOWN_SIDE = 640
"""Longest side of a panel in pixels."""


class FaceSwapComparison(Swap):
    """Parameters of the comparison."""

    methods: tuple[MethodName, ...] = option(
        ("editor", "classical", "patches"), least=1, most=len(TITLES), label="Methods"
    )
    """What is compared, in this order: a warp and a seamless clone, the classical chain, and the descent."""


def run(pictures: Pictures, parameters: FaceSwapComparison, job: Job) -> Run:
    """See :attr:`engine.contracts.task.Task.run`."""
    from engine.faces.swap import meet, swapped
    from engine.hardware.device import best_device, measured

    checked(parameters)
    check_identity(pictures, "patches")
    device = best_device()
    scene = Scene(pictures["image"][0].as_raster(), parameters)
    identity = [numpy.asarray(each.image) for each in pictures["identity"]]
    names = tuple(dict.fromkeys(parameters.methods))
    shares = [preparation(len(identity), scene.size), *(gflop(parameters, name, len(identity)) for name in names)]
    meeting = Walk(meet(scene.picture, identity, parameters.face, device))
    for step in meeting:
        yield step.within(0, shares[0] / sum(shares))
        begun(job)
    met = meeting.result
    part = _around(met.scene.face.box, scene.size)
    yield Step(done=shares[0] / sum(shares), stage="faces found", preview=scene.untouched)
    panels = [
        Panel("your photo", _part(scene.picture, part)),
        Panel(f"identity, picture {met.candidates[0].number}", _identity(met.best.crop, part)),
    ]
    done = shares[0]
    for name, share in zip(names, shares[1:], strict=True):
        if job.stopped and len(panels) > 2:
            break
        walk = Walk(measured(swapped(met, swapping_of(parameters, name), device, job, scene.size, scene.preview)))
        for step in walk:
            yield step.within(done / sum(shares), share / sum(shares), f"{TITLES[name]}, ")
        done += share
        found = walk.result
        values = scene.with_face(found.result.box, found.result.colours, found.result.cover, plain=True).image()
        image = _part(numpy.asarray(values), part)
        panels.append(
            Panel(TITLES[name], labelled(image, parameters), found.seconds, found.memory, stopped=job.stopped)
        )
    missing = [TITLES[name] for name in names[len(panels) - 2 :]]
    comparison = Comparison(panels, missing, last=False, pair=(panels[0].title, panels[-1].title))
    sheet = comparison.sheet()
    facts = {"methods": {panel.title: panel.facts for panel in panels[2:]}, "faces": met.count}
    raster = Raster(numpy.asarray(sheet), source_type=COMPOSITE)
    if not job.stopped:
        yield Step(done=1, stage="side by side", preview=sheet.copy)
    return Outcome(image=sheet, raster=raster, facts=facts, explanation=comparison)


def _around(face: Box, size: tuple[int, int]) -> Box:
    return face.grown(round(AROUND * face.width), size)


def _part(picture: numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.uint8]], part: Box) -> Image.Image:
    image = Image.fromarray(picture[part.top : part.bottom, part.left : part.right])
    image.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.LANCZOS)
    return image


def _identity(crop: numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.float32]], part: Box) -> Image.Image:
    """In the size of the other panels, with white beside it."""
    from engine.faces.blend import samples

    size = Image.new("RGB", (part.width, part.height))
    size.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    image = Image.fromarray(samples(crop))
    side = min(size.size)
    sheet = Image.new("RGB", size.size, "white")
    sheet.paste(
        image.resize((side, side), Image.Resampling.LANCZOS), ((size.width - side) // 2, (size.height - side) // 2)
    )
    return sheet


def cost(parameters: FaceSwapComparison, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> float:
    """See :attr:`engine.contracts.task.Task.cost`."""
    count = len(sizes.get("identity", ()))
    return preparation(count, sizes["image"][0]) + sum(
        gflop(parameters, name, max(1, count)) for name in set(parameters.methods)
    )


FACE_SWAP_COMPARISON = Task(
    name="face-swap-comparison",
    title="Face swaps side by side",
    summary="Swaps one face as an image editor does, by the classical chain, and by patches.",
    paper="Korshunova et al. 2017; Pérez, Gangnet & Blake 2003",
    parameters=FaceSwapComparison,
    inputs=INPUTS,
    run=run,
    weights=lambda parameters: weights_of(parameters, parameters.methods),
    cost=cost,
)
