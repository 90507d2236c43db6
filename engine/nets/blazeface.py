"""BlazeFace (Bazarevsky et al. 2019), MediaPipe's detector of faces: the model for back cameras."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from engine.nets.blocks import SeparableBlock, padded, zeros
from engine.nets.opencv_net import PICTURE, Graph, OpenCvNet

SIDE = 256
"""Side in pixels of the square pictures that the detector takes."""
ANCHORS = ((16, 2), (8, 6))
"""Cells in a row and anchors in a cell, for each of the two maps."""
BOX_VALUES = 16
"""Values for each anchor: offset of the centre, width and height, six points; all in pixels of the picture."""


class BlazeFace(OpenCvNet):
    """Pictures ``(B, 3, 256, 256)`` in [-1, 1] -> scores ``(B, 896)`` before the sigmoid, and values ``(B, 896, 16)``.

    Anchors row after row of the map of 16 x 16 cells, then of the one of 8 x 8.
    """

    def __init__(self) -> None:
        super().__init__(SIDE)
        self.first = nn.Conv2d(3, 24, 5, 2)
        widths = [24] * 15 + [48] * 8 + [96] * 8
        steps = zip([24, *widths], widths, strict=False)
        self.blocks = nn.Sequential(
            *(
                SeparableBlock(before, after, 2 if index in (7, 15, 23) else 1)
                for index, (before, after) in enumerate(steps)
            )
        )
        self.depthwise = nn.Conv2d(96, 96, 3, 2, groups=96, bias=False)
        self.pointwise = nn.Conv2d(96, 96, 1)
        self.scores = nn.ModuleList(nn.Conv2d(96, count, 1) for _, count in ANCHORS)
        self.values = nn.ModuleList(nn.Conv2d(96, count * BOX_VALUES, 1) for _, count in ANCHORS)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        maps = self.maps(pictures)
        scores, values = [_rows(each, 1) for each in maps[:2]], [_rows(each, BOX_VALUES) for each in maps[2:]]
        return torch.cat(scores, 1)[..., 0], torch.cat(values, 1)

    def layers(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Scores of both maps, values of both maps."""
        fine = self.blocks(self.first(padded(pictures, 5, 2)).relu())
        coarse = self.pointwise(self.depthwise(padded(fine, 3, 2))).relu()
        return tuple(head(features) for head, features in zip(self._heads(), (fine, coarse) * 2, strict=True))

    def draw(self, graph: Graph) -> tuple[str, ...]:
        """The same."""
        rectifier = nn.ReLU()
        fine = graph.rectified(graph.convolution(PICTURE, self.first, zeros(5, 2)), rectifier)
        for block in self.blocks:
            assert isinstance(block, SeparableBlock)
            fine = block.draw(graph, fine)
        deep = graph.convolution(fine, self.depthwise, zeros(3, 2))
        coarse = graph.rectified(graph.convolution(deep, self.pointwise), rectifier)
        pairs = zip(self._heads(), (fine, coarse) * 2, strict=True)
        return tuple(graph.convolution(features, head) for head, features in pairs)

    def _heads(self) -> list[nn.Conv2d]:
        """Of the scores, then of the values, of both maps."""
        return [head for heads in (self.scores, self.values) for head in heads if isinstance(head, nn.Conv2d)]


def _rows(features: Tensor, values: int) -> Tensor:
    """``(B, count * values, H, W)`` -> ``(B, H * W * count, values)``."""
    return features.permute(0, 2, 3, 1).reshape(len(features), -1, values)


def build(tensors: Mapping[str, Tensor]) -> BlazeFace:
    """The detector in eval mode, frozen."""
    net = BlazeFace()
    net.load_state_dict(dict(tensors))
    return net.eval().requires_grad_(False)
