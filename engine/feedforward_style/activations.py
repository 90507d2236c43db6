"""Pictures of the activations inside a feed-forward style network."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.contracts.messages import Message
from engine.feedforward_style.painters import AdaINPainter, Painter, TransformPainter
from engine.imaging.montage import Plates, heat_map
from engine.imaging.tensors import reduced, to_image
from engine.nets import adain

STAGES = {
    "head": Message("edges and colours"), "down2": Message("a quarter of the size"),
    "block3_2": Message("after three blocks"), "block6_2": Message("after six blocks"),
    "up2": Message("at full size again"),
}  # fmt: skip
"""Stages that are shown, and what is said of them."""
LONGEST = 256
"""Longer side of the picture whose way is shown."""


@torch.no_grad()
def activation_plates(painter: Painter, picture: Tensor) -> Plates:
    """A picture on its way through a painter.

    Args:
        painter: with its style.
        picture: ``(1, 3, H, W)`` in [0, 1]; a large one is looked at in small.
    """
    picture = reduced(picture, LONGEST)
    photo = to_image(picture)
    if isinstance(painter, AdaINPainter):
        return _moments(painter, picture)
    assert isinstance(painter, TransformPainter)
    seen: dict[str, Tensor] = {}

    def watched(index: int, features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        normalised = painter.normalise(index, features, scale, shift)
        name = painter.net.stages[index].name
        if name in STAGES:
            seen[name] = normalised[0].abs().mean(0).float().cpu()
        return normalised

    painted = painter.with_statistics(watched).whole(picture)
    plates = [(Message("photo\n"), photo)]
    for name, caption in STAGES.items():
        if name in seen:
            answers = seen[name].numpy()
            both = Message("{layer}\n{caption}", layer=name, caption=caption)
            plates.append((both, heat_map(answers, photo.size, float(answers.max()))))
    return Plates([*plates, (Message("painted\n"), to_image(painted.clamp(0, 1)))], 4)


def _moments(painter: AdaINPainter, picture: Tensor) -> Plates:
    """AdaIN: the same features with the photo's own moments, and with the painting's."""
    height, width = (side - side % adain.STEP for side in picture.shape[2:])
    picture = picture[..., :height, :width]
    features = painter.encoder(picture, [adain.LAYER])[adain.LAYER]
    own = adain.moments(features)
    shown = features[0].abs().mean(0).float().cpu().numpy()
    answers = heat_map(shown, (width, height), float(shown.max()))
    plates = [(Message("photo"), to_image(picture)), (Message("{layer}", layer=adain.LAYER), answers)]
    for caption, moments in ((Message("own moments"), own), (Message("the painting's moments"), painter.style)):
        decoded = painter.decoder(adain.adapted(features, own, moments)).float()
        plates.append((caption, to_image(decoded.clamp(0, 1))))
    return Plates(plates, 4)
