"""Face Mesh (Kartynnik et al. 2019), MediaPipe's: 468 points of a face with their depth."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from engine.nets.blocks import SeparableBlock, padded, zeros
from engine.nets.opencv_net import PICTURE, Graph, OpenCvNet

SIDE = 192
"""Side in pixels of the square pictures that the network takes."""
POINTS = 468


class FaceMesh(OpenCvNet):
    """Faces ``(B, 3, 192, 192)`` in [0, 1] -> points ``(B, 468, 3)`` in pixels, scores ``(B,)`` before a sigmoid.

    The third coordinate is the depth, smaller towards the camera, in about the same unit.
    """

    def __init__(self) -> None:
        super().__init__(SIDE)
        self.first = nn.Conv2d(3, 16, 3, 2)
        self.slopes = nn.PReLU(16)
        widths = [16, 16, 32, 32, 32, 64, 64, 64, 128, 128, 128, 128, 128, 128]
        steps = zip([16, *widths], widths, strict=False)
        self.trunk = nn.Sequential(
            *(
                SeparableBlock(before, after, 2 if index in (2, 5, 8, 11) else 1, sloped=True)
                for index, (before, after) in enumerate(steps)
            )
        )
        self.points = _head(3, 3 * POINTS)
        self.score = _head(1, 1)

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        points, scores = self.maps(faces)
        return points.reshape(len(faces), POINTS, 3), scores.flatten()

    def layers(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Points and scores, each a map of one place."""
        features = self.trunk(self.slopes(self.first(padded(pictures, 3, 2))))
        return self.points(features), self.score(features)

    def draw(self, graph: Graph) -> tuple[str, ...]:
        """The same."""
        first = graph.rectified(graph.convolution(PICTURE, self.first, zeros(3, 2)), self.slopes)
        features = _drawn(graph, first, self.trunk)
        return _drawn(graph, features, self.points), _drawn(graph, features, self.score)


def _drawn(graph: Graph, features: str, chain: nn.Sequential) -> str:
    for layer in chain:
        if isinstance(layer, SeparableBlock):
            features = layer.draw(graph, features)
        elif isinstance(layer, nn.Conv2d):
            features = graph.convolution(features, layer)
        else:
            features = graph.rectified(features, layer)
    return features


def _head(blocks: int, outputs: int) -> nn.Sequential:
    """Blocks at half the size, channels reduced, one more block, and a convolution over all that is left."""
    chain = [SeparableBlock(128, 128, 1 if index else 2, sloped=True) for index in range(blocks)]
    return nn.Sequential(
        *chain, nn.Conv2d(128, 32, 1), nn.PReLU(32), SeparableBlock(32, 32, sloped=True), _last(outputs)
    )


def _last(outputs: int) -> nn.Conv2d:
    return nn.Conv2d(32, outputs, 3)


def build(tensors: Mapping[str, Tensor]) -> FaceMesh:
    """The mesh in eval mode, frozen."""
    net = FaceMesh()
    net.load_state_dict(dict(tensors))
    return net.eval().requires_grad_(False)
