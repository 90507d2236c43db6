"""Faces found and measured: BlazeFace (Bazarevsky et al. 2019) and Face Mesh (Kartynnik et al. 2019), both MediaPipe's.

Both are chains of one block: a depthwise convolution, a pointwise one, and a way around them.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

DETECTOR_SIDE = 256
"""Of BlazeFace's pictures, the model for back cameras."""
ANCHORS = ((16, 2), (8, 6))
"""Cells in a row and anchors in a cell, for each of the two maps."""
BOX_VALUES = 16
"""Of an anchor: offset of the centre, width and height, six points; all in pixels of the picture."""
MESH_SIDE = 192
"""Of Face Mesh's pictures."""
MESH_POINTS = 468


def padded(features: Tensor, kernel: int, stride: int) -> Tensor:
    """Zeros around features of an even size, as TensorFlow's SAME has them: the odd one at the right and the bottom."""
    total = kernel - stride
    before, after = total // 2, total - total // 2
    return functional.pad(features, (before, after, before, after))


class Block(nn.Module):
    """A separable convolution with a way around it, ``(B, C, H, W)`` -> ``(B, D, H / stride, W / stride)``, D >= C.

    Args:
        inputs: C.
        outputs: D; the way around fills up with zeros.
        stride: 1 or 2; the way around takes the largest of four.
        sloped: whether the rectifier has a slope below zero for every channel, as in Face Mesh.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1, *, sloped: bool = False) -> None:
        super().__init__()
        self._stride, self._more = stride, outputs - inputs
        self.depthwise = nn.Conv2d(inputs, inputs, 3, stride, groups=inputs, bias=False)
        self.pointwise = nn.Conv2d(inputs, outputs, 1)
        self.rectifier: nn.Module = nn.PReLU(outputs) if sloped else nn.ReLU()

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        around = functional.max_pool2d(features, 2) if self._stride == 2 else features
        around = functional.pad(around, (0, 0, 0, 0, 0, self._more))
        made = self.pointwise(self.depthwise(padded(features, 3, self._stride)))
        found: Tensor = self.rectifier(made + around)
        return found


class BlazeFace(nn.Module):
    """Pictures ``(B, 3, 256, 256)`` in [-1, 1] -> scores ``(B, 896)`` before the sigmoid, and values ``(B, 896, 16)``.

    Anchors row after row of the map of 16 x 16 cells, then of the one of 8 x 8.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 24, 5, 2)
        widths = [24] * 15 + [48] * 8 + [96] * 8
        steps = zip([24, *widths], widths, strict=False)
        self.blocks = nn.Sequential(
            *(Block(before, after, 2 if index in (7, 15, 23) else 1) for index, (before, after) in enumerate(steps))
        )
        self.depthwise = nn.Conv2d(96, 96, 3, 2, groups=96, bias=False)
        self.pointwise = nn.Conv2d(96, 96, 1)
        self.scores = nn.ModuleList(nn.Conv2d(96, count, 1) for _, count in ANCHORS)
        self.values = nn.ModuleList(nn.Conv2d(96, count * BOX_VALUES, 1) for _, count in ANCHORS)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        fine = self.blocks(self.first(padded(pictures, 5, 2)).relu())
        coarse = self.pointwise(self.depthwise(padded(fine, 3, 2))).relu()
        scores = [_rows(head(map_), 1) for head, map_ in zip(self.scores, (fine, coarse), strict=True)]
        values = [_rows(head(map_), BOX_VALUES) for head, map_ in zip(self.values, (fine, coarse), strict=True)]
        return torch.cat(scores, 1)[..., 0], torch.cat(values, 1)


class FaceMesh(nn.Module):
    """Faces ``(B, 3, 192, 192)`` in [0, 1] -> points ``(B, 468, 3)`` in pixels, scores ``(B,)`` before a sigmoid.

    The third coordinate is the depth, smaller towards the camera, in about the same unit.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, 2)
        self.slopes = nn.PReLU(16)
        widths = [16, 16, 32, 32, 32, 64, 64, 64, 128, 128, 128, 128, 128, 128]
        steps = zip([16, *widths], widths, strict=False)
        self.trunk = nn.Sequential(
            *(
                Block(before, after, 2 if index in (2, 5, 8, 11) else 1, sloped=True)
                for index, (before, after) in enumerate(steps)
            )
        )
        self.points = _head(3, 3 * MESH_POINTS)
        self.score = _head(1, 1)

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        features = self.trunk(self.slopes(self.first(padded(faces, 3, 2))))
        return self.points(features).reshape(len(faces), MESH_POINTS, 3), self.score(features).flatten()


def _head(blocks: int, outputs: int) -> nn.Sequential:
    """Blocks at half the size, channels reduced, one more block, and a convolution over all that is left."""
    chain = [Block(128, 128, 1 if index else 2, sloped=True) for index in range(blocks)]
    return nn.Sequential(*chain, nn.Conv2d(128, 32, 1), nn.PReLU(32), Block(32, 32, sloped=True), _last(outputs))


def _last(outputs: int) -> nn.Conv2d:
    return nn.Conv2d(32, outputs, 3)


def _rows(features: Tensor, values: int) -> Tensor:
    """``(B, count * values, H, W)`` -> ``(B, H * W * count, values)``."""
    return features.permute(0, 2, 3, 1).reshape(len(features), -1, values)


def blazeface(tensors: Mapping[str, Tensor]) -> BlazeFace:
    """The detector in eval mode, frozen."""
    net = BlazeFace()
    net.load_state_dict(dict(tensors))
    return net.eval().requires_grad_(False)


def facemesh(tensors: Mapping[str, Tensor]) -> FaceMesh:
    """The mesh in eval mode, frozen."""
    net = FaceMesh()
    net.load_state_dict(dict(tensors))
    return net.eval().requires_grad_(False)
