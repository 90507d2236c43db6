"""Our own residual network of super-resolution: it learns what bicubic interpolation lacks."""

from __future__ import annotations

import torch

from engine.imaging.resize import imresize
from engine.nets.compact import CompactNet


def test_an_untaught_difference_of_zero_is_bicubic() -> None:
    net = CompactNet()
    for tail in net.tails.values():
        torch.nn.init.zeros_(tail.weight)  # type: ignore[arg-type]
        torch.nn.init.zeros_(tail.bias)  # type: ignore[arg-type]
    picture = torch.rand(1, 3, 9, 8)
    for scale in (2, 3, 4):
        assert torch.equal(net(picture, scale), imresize(picture, (8 * scale, 9 * scale)))
