"""Pictures of Gram matrices, which show how far a descent has brought them to those of the painting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy
import torch
from torch import Tensor

from engine.contracts.messages import Message
from engine.imaging.montage import Plates, heat_map
from engine.imaging.tensors import reduced
from engine.perceptual.losses import relative_error
from engine.perceptual.network import PerceptualNetwork

CHANNELS = 48
"""Rows and columns of a matrix that are shown: the channels that answer most to the painting."""
SIDE = 144
"""Side in pixels of the picture of one matrix."""
LONGEST = 256
"""Longer side of the pictures that are looked at: more would take time and change nothing that can be seen."""


@torch.no_grad()
def gram_plates(
    network: PerceptualNetwork, layers: Sequence[str], photo: Tensor, grams: Mapping[str, Tensor], result: Tensor
) -> Plates:
    """Layer by layer the Gram matrix of the photo, of the painting, and of the result.

    Args:
        network: that was used.
        layers: whose matrices were matched.
        photo: ``(1, 3, H, W)`` in [0, 1].
        grams: layer -> Gram matrix ``(1, C, C)`` of the painting.
        result: ``(1, 3, H, W)`` in [0, 1].
    """
    own, reached = (network.style_targets([reduced(each, LONGEST)], [1.0], layers) for each in (photo, result))
    columns = [(Message("photo"), own), (Message("painting"), grams), (Message("result"), reached)]
    plates = []
    for layer in layers:
        target = grams[layer].float()
        most = target[0].diagonal().argsort(descending=True)[:CHANNELS].sort().values
        highest = float(target[0].diagonal()[most].quantile(0.98))
        for name, matrices in columns:
            matrix = matrices[layer].float()
            caption = Message("{layer}, {picture}", layer=layer, picture=name)
            if matrices is not grams:
                percent = 100 * float(relative_error(matrix, target))
                caption = Message("{caption}\n{percent:.0f} % apart", caption=caption, percent=percent)
            shown = matrix[0][most][:, most].clamp_min(0).cpu().numpy().astype(numpy.float32)
            plates.append((caption, heat_map(shown, (SIDE, SIDE), highest)))
    return Plates(plates, len(columns))
