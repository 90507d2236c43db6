"""The transform network and its styles while they are learnt: how styles begin, how they are measured and shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from engine.imaging.detail import with_finest_luminance
from engine.imaging.montage import Montage
from engine.imaging.tensors import to_image
from engine.nets.transform import COLOURS, STYLE, TransformNet, neutral
from engine.perceptual.colour import Palette, match_colours, palette
from engine.perceptual.gatys import GatysEnergy
from engine.perceptual.losses import pixel_loss
from engine.training.targets import Targets, starting_colours

Photo = NDArray[numpy.uint8]
"""``(H, W, 3)``, RGB."""
HELD_OUT = 20
"""Photos that are only measured on; the first ones."""
SHOWN_SIDE = 256
"""Side in pixels of the photos on the sheet that shows the training's progress."""


class Apprentice(nn.Module):
    """The network and its styles while they are learnt; one module, so that gradients of both are shared.

    Args:
        net: the network.
        styles: the numbers of each, ``(S, P)``.
        fine_detail: share of the finest luminance that is the photo's, as visitors' pictures have it.
    """

    def __init__(self, net: TransformNet, styles: Tensor, fine_detail: float = 0.0) -> None:
        super().__init__()
        self.net = net
        self._fine_detail = fine_detail
        self.styles = nn.Parameter(styles)

    def forward(self, picture: Tensor, indices: Tensor) -> Tensor:
        """Each picture ``(B, 3, H, W)`` in the style of its index ``(B,)``."""
        painted: Tensor = self.net(picture, self.styles[indices])
        return with_finest_luminance(painted, picture, self._fine_detail)

    def tensors(self, names: Sequence[str]) -> dict[str, Tensor]:
        """As :func:`engine.nets.transform.build` reads them."""
        styles = {STYLE + name: row.detach() for name, row in zip(names, self.styles, strict=True)}
        return {**self.net.state_dict(), **styles}


def held_out(photos: Sequence[Photo]) -> Sequence[Photo]:
    """Those that are never trained on."""
    return photos[: max(1, min(HELD_OUT, len(photos) // 5))]


def starting_styles(net: TransformNet, photos: Sequence[Photo], targets: Targets, device: torch.device) -> list[Tensor]:
    """Every style before training: the painting's palette, and nothing else."""
    own = palette([photos_tensor([each], device) for each in photos], [1 / len(photos)] * len(photos))
    return [neutral(net, starting_colours(own, each)) for each in targets.palettes.values()]


def recoloured_loss(painted: Tensor, photos: Tensor, palettes: Sequence[Palette]) -> Tensor:
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


@torch.no_grad()
def measure(
    apprentice: Apprentice, photos: Sequence[Photo], targets: Targets, gatys: GatysEnergy, names: Sequence[str]
) -> dict[str, float]:
    """Mean total loss of photos in each style, and of all."""
    device = apprentice.styles.device
    totals = dict.fromkeys(names, 0.0)
    for photo in photos:
        content = photos_tensor([photo], device)
        target = gatys.content_target(content)
        for index, name in enumerate(names):
            chosen = torch.tensor([index], device=device)
            losses = gatys.terms(apprentice(content, chosen), target, targets.grams(chosen))
            totals[name] += float(sum(losses.values())) / len(photos)
    return {"held_out": sum(totals.values()) / len(totals), **totals}


@torch.no_grad()
def sheet(apprentice: Apprentice, photos: Sequence[Photo], names: Sequence[str], device: torch.device) -> Image.Image:
    """Photos, one a row, and beside each what it becomes in every style."""
    panels, captions = [], []
    for photo in photos:
        content = photos_tensor([photo], device)
        painted = (to_image(apprentice(content, torch.tensor([index], device=device))) for index in range(len(names)))
        panels += [Image.fromarray(photo), *painted]
        captions += ["photo", *names]
    montage = Montage((SHOWN_SIDE, SHOWN_SIDE), captions, len(names) + 1)
    for index, panel in enumerate(panels):
        montage.paste(index, panel)
    return montage.image


def photos_tensor(photos: Sequence[Photo], device: torch.device) -> Tensor:
    """Photos of one size -> ``(B, 3, H, W)`` in [0, 1], channels_last."""
    return torch.from_numpy(numpy.stack(photos)).to(device).permute(0, 3, 1, 2).float() / 255


def random_crop(photos: Sequence[Photo], side: int, generator: torch.Generator) -> Photo:
    """A random square, mirrored at random."""

    def draw(limit: int) -> int:
        return int(torch.randint(limit, (), generator=generator))

    photo = photos[draw(len(photos))]
    top, left = draw(photo.shape[0] - side + 1), draw(photo.shape[1] - side + 1)
    part = photo[top : top + side, left : left + side]
    return part[:, ::-1] if draw(2) else part
