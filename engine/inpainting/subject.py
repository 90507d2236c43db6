"""What a picture is of, and what is at a place of it, as masks.

The main subject is what U2-Net sees (Qin et al. 2020). What a person points at is often not that: there the network
looks at smaller and smaller parts around the place, the part in which something whole is seen best counts, and GrabCut
(Rother, Kolmogorov & Blake 2004) finds its outline by the colours inside and around.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy
from PIL import Image

from engine.imaging.masks import Cover, Mask
from engine.imaging.preview import contained

if TYPE_CHECKING:
    from engine.model_store.loaded_nets import LoadedNets

NETWORK = "u2netp"
SIDE = 480
"""Longer side in pixels of the picture in which an outline is looked for."""
SHARES = (1.0, 0.65, 0.4, 0.25)
"""Parts of the picture's sides in which something around the place is looked for."""
DOT = 0.012
"""Radius around the place that surely belongs to the object, as a share of the longer side."""
RING = 0.05
"""How far beyond what the network sees the outline may be, as a share of the longer side."""
ROUNDS = 3
"""Iterations of GrabCut."""
LIKE = 9.0
"""Greatest distance from pixel to pixel in L*a*b* for places that belong together, where the network sees nothing."""
LARGEST = 0.5
"""Share of the picture above which what is alike in colour is ground, not an object."""


class _Seen(NamedTuple):
    """Something that the network sees at a place."""

    mask: Mask
    score: float


def salience(image: Image.Image, nets: LoadedNets) -> Cover:
    """How sure the network is of each place, ``(320, 320)`` in [0, 1], whatever the picture's size.

    The surest pixel counts as 1, as in rembg: a faint subject is still the subject.
    """
    import torch

    from engine.imaging.tensors import resized
    from engine.nets.u2net import DEVIATION, MEAN
    from engine.nets.u2net import SIDE as SEEN

    net = nets.get(NETWORK, nets.device.cpu_format)
    picture = resized(image, (SEEN, SEEN), nets.device.torch_device)
    mean, deviation = (torch.tensor(each, device=picture.device)[:, None, None] for each in (MEAN, DEVIATION))
    with torch.inference_mode():
        answer = net(((picture - mean) / deviation).to(nets.device.cpu_format))[0, 0].float().cpu().numpy()
    sure: Cover = answer / max(float(answer.max()), 1e-6)
    return sure


def subject_of(image: Image.Image, certainty: float, nets: LoadedNets) -> Mask:
    """``(H, W)``: the main subject, where the network is surer than ``certainty`` in [0, 1]."""
    return _at_size(salience(image, nets), image.size) > certainty


def object_at(image: Image.Image, place: tuple[float, float], certainty: float, nets: LoadedNets) -> Mask:
    """``(H, W)``: what is at a place.

    Args:
        image: RGB.
        place: across and down, in [0, 1] of the picture.
        certainty: in [0, 1]; less takes more of what the network sees.
        nets: has the network.
    """
    small = contained(image, SIDE)
    x, y = (min(int(at * length), length - 1) for at, length in zip(place, small.size, strict=True))
    seen = [each for share in SHARES if (each := _seen(small, (x, y), share, certainty, nets)) is not None]
    mask = max(seen, key=lambda each: each.score).mask if seen else _alike(small, (x, y))
    outlined = _outlined(small, mask, (x, y))
    return _at_size(outlined.astype(numpy.float32), image.size) > 0.5


def _seen(small: Image.Image, place: tuple[int, int], share: float, certainty: float, nets: LoadedNets) -> _Seen | None:
    """What the network sees at a place in a part of the picture; None where that is nothing, or all of it."""
    (width, height), (x, y) = small.size, place
    sides = max(32, round(width * share)), max(32, round(height * share))
    left, top = (
        min(max(at - side // 2, 0), max(length - side, 0))
        for at, side, length in zip(place, sides, small.size, strict=True)
    )
    right, bottom = min(left + sides[0], width), min(top + sides[1], height)
    sure = _at_size(salience(small.crop((left, top, right, bottom)), nets), (right - left, bottom - top))
    part = _component(sure > certainty, (x - left, y - top))
    if part is None or part.mean() > 0.9:
        return None
    inner = [
        part[:, 0] if left > 0 else part[:0, 0], part[:, -1] if right < width else part[:0, 0],
        part[0] if top > 0 else part[0, :0], part[-1] if bottom < height else part[0, :0],
    ]  # fmt: skip
    cut = sum(int(each.sum()) for each in inner) / max(1, sum(each.size for each in inner))
    mask = numpy.zeros((height, width), numpy.bool_)
    mask[top:bottom, left:right] = part
    return _Seen(mask, float(sure[part].mean()) * (1 - cut) - 0.05 * (share == 1))


def _alike(small: Image.Image, place: tuple[int, int]) -> Mask:
    """What hangs together with a place in colour; only the place itself where that is most of the picture."""
    colours = cv2.cvtColor(cv2.GaussianBlur(numpy.asarray(small.convert("RGB")), (0, 0), 1.5), cv2.COLOR_RGB2Lab)
    flooded = numpy.zeros((small.height + 2, small.width + 2), numpy.uint8)
    cv2.floodFill(colours, flooded, place, 0, (LIKE,) * 3, (LIKE,) * 3, 8 | cv2.FLOODFILL_MASK_ONLY | 255 << 8)
    mask: Mask = flooded[1:-1, 1:-1] > 0
    return mask if mask.mean() < LARGEST else _dot(small.size, place, 4 * DOT)


def _outlined(small: Image.Image, mask: Mask, place: tuple[int, int]) -> Mask:
    """The mask with the outline that the colours have, by GrabCut; the mask itself where that finds nothing like it."""
    ring = _disc(max(2, round(RING * max(small.size))))
    likely = mask | _dot(small.size, place, DOT)
    near = cv2.dilate(likely.astype(numpy.uint8), ring) > 0
    labels = numpy.where(likely, cv2.GC_PR_FGD, numpy.where(near, cv2.GC_PR_BGD, cv2.GC_BGD)).astype(numpy.uint8)
    labels[_dot(small.size, place, DOT)] = cv2.GC_FGD
    if near.all():
        return likely
    models = [numpy.zeros((1, 65)), numpy.zeros((1, 65))]
    cv2.setRNGSeed(0)
    cv2.grabCut(
        numpy.asarray(small.convert("RGB")), labels, (0, 0, 1, 1), models[0], models[1], ROUNDS, cv2.GC_INIT_WITH_MASK
    )
    found = _component((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), place)
    if found is None or not 0.3 < found.sum() / likely.sum() < 3:
        found = likely
    return _without_holes(found)


def _component(mask: Mask, place: tuple[int, int]) -> Mask | None:
    """The part of a mask that hangs together and has the place (x, y) in it; None where that is not marked."""
    x, y = place
    if not mask[y, x]:
        return None
    _, labels = cv2.connectedComponents(mask.astype(numpy.uint8))
    part: Mask = labels == labels[y, x]
    return part


def _without_holes(mask: Mask) -> Mask:
    """The mask, and what it encloses."""
    outside = numpy.pad(mask.astype(numpy.uint8), 1)
    cv2.floodFill(outside, None, (0, 0), 2)
    filled: Mask = outside[1:-1, 1:-1] != 2
    return filled


def _dot(size: tuple[int, int], place: tuple[int, int], radius: float) -> Mask:
    dot = numpy.zeros(size[::-1], numpy.uint8)
    cv2.circle(dot, place, max(1, round(radius * max(size))), 1, -1)
    return dot > 0


def _disc(radius: int) -> Any:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def _at_size(cover: Cover, size: tuple[int, int]) -> Cover:
    resized: Cover = cv2.resize(cover, size, interpolation=cv2.INTER_CUBIC)
    return resized
