"""BiSeNetV2 (Yu et al. 2021): what every part of a face is. Batch normalisation is part of the convolutions here.

A wide, shallow branch keeps details, a narrow, deep one knows what they mean; each guides the other at the end.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.nets.blocks import padded, unscaled

SIDE = 448
"""Side in pixels of the square pictures that the network was trained with."""
STEP = 8
"""Pixels between two values of its map."""
CLASSES = (
    "background", "skin", "left brow", "right brow", "left eye", "right eye", "glasses", "left ear", "right ear",
    "earring", "nose", "mouth", "upper lip", "lower lip", "neck", "necklace", "cloth", "hair", "hat",
)  # fmt: skip
"""Class names of CelebAMask-HQ (Lee et al. 2020), in the order of the output channels."""


class _Convolution(nn.Conv2d):
    """3 x 3 or 1 x 1 with TensorFlow's zeros around it, for maps of an even size."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, *, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups)

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        return super().forward(
            padded(features, self.kernel_size[0], self.stride[0]) if self.kernel_size[0] > 1 else features
        )


class _Stem(nn.Module):
    """``(B, 3, H, W)`` -> ``(B, 16, H / 4, W / 4)``, by convolutions and by maxima."""

    def __init__(self) -> None:
        super().__init__()
        self.first = _Convolution(3, 16, stride=2)
        self.narrow = _Convolution(16, 8, 1)
        self.down = _Convolution(8, 16, stride=2)
        self.last = _Convolution(32, 16)

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        features = self.first(pictures).relu()
        left = self.down(self.narrow(features).relu()).relu()
        right = functional.max_pool2d(functional.pad(features, (0, 1, 0, 1), value=-torch.inf), 3, 2)
        output: Tensor = self.last(torch.cat([left, right], 1)).relu()
        return output


class _Gather(nn.Module):
    """A gather-and-expansion layer (figure 5): wide depthwise convolutions between narrow ones; halves when asked."""

    def __init__(self, inputs: int, outputs: int, *, halves: bool) -> None:
        super().__init__()
        self.first = _Convolution(inputs, inputs)
        if halves:
            self.wide: nn.Module = nn.Sequential(
                _Convolution(inputs, 6 * inputs, stride=2, groups=inputs),
                _Convolution(6 * inputs, 6 * inputs, groups=6 * inputs),
            )
            self.around: nn.Module = nn.Sequential(
                _Convolution(inputs, inputs, stride=2, groups=inputs), _Convolution(inputs, outputs, 1)
            )
        else:
            self.wide = nn.Sequential(_Convolution(inputs, 6 * inputs, groups=inputs))
            self.around = nn.Identity()
        self.last = _Convolution(6 * inputs, outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        expanded = self.last(self.wide(self.first(features).relu()))
        output: Tensor = (expanded + self.around(features)).relu()
        return output


class BiSeNetV2(nn.Module):
    """Faces ``(B, 3, H, W)`` in [-1, 1], sides multiples of 32 -> ``(B, 19, H / 8, W / 8)``, before the softmax."""

    def __init__(self) -> None:
        super().__init__()
        widths = [
            (3, 64, 2),
            (64, 64, 1),
            (64, 64, 2),
            (64, 64, 1),
            (64, 64, 1),
            (64, 128, 2),
            (128, 128, 1),
            (128, 128, 1),
        ]
        self.detail = nn.ModuleList(_Convolution(before, after, stride=stride) for before, after, stride in widths)
        self.stem = _Stem()
        layers = [(16, 32), (32, 32), (32, 64), (64, 64), (64, 128), *[(128, 128)] * 3]
        self.semantic = nn.Sequential(*(_Gather(before, after, halves=before < after) for before, after in layers))
        self.scale, self.shift = nn.Parameter(torch.ones(128)), nn.Parameter(torch.zeros(128))
        self.context = _Convolution(128, 128, 1)
        self.embedded = _Convolution(128, 128)
        self.detail_near = nn.Sequential(_Convolution(128, 128, groups=128), _Convolution(128, 128, 1))
        self.detail_far = _Convolution(128, 128, stride=2)
        self.semantic_near = _Convolution(128, 128)
        self.semantic_far = nn.Sequential(_Convolution(128, 128, groups=128), _Convolution(128, 128, 1))
        self.joined = _Convolution(128, 128)
        self.head = _Convolution(128, 256)
        self.last = _Convolution(256, len(CLASSES), 1)

    def forward(self, faces: Tensor) -> Tensor:
        """See the class."""
        detail = faces
        for convolution in self.detail[:-1]:
            detail = convolution(detail).relu()
        detail = self.detail[-1](detail)
        semantic = self._embedded(self.semantic(self.stem(faces)))
        near = self.detail_near(detail) * enlarged(self.semantic_near(semantic), 4).sigmoid()
        far = _mean_of_nine(self.detail_far(detail)) * self.semantic_far(semantic).sigmoid()
        joined = self.joined(near + enlarged(far, 4)).relu()
        logits: Tensor = self.last(self.head(joined).relu())
        return logits

    def _embedded(self, features: Tensor) -> Tensor:
        """With what the whole picture is about added everywhere."""
        whole = features.mean((2, 3), keepdim=True) * self.scale.view(1, -1, 1, 1) + self.shift.view(1, -1, 1, 1)
        embedded: Tensor = self.embedded(self.context(whole).relu() + features)
        return embedded


def enlarged(features: Tensor, factor: int) -> Tensor:
    """``(B, C, H, W)`` -> ``(B, C, factor * H, factor * W)``, bilinear, the corner samples on each other.

    As TensorFlow's first ResizeBilinear: sample i lies at i / factor; behind the last one it stays.
    """
    height, width = features.shape[2:]
    more = functional.pad(features, (0, 1, 0, 1), mode="replicate")
    size = (factor * height + 1, factor * width + 1)
    return functional.interpolate(more, size=size, mode="bilinear", align_corners=True)[..., :-1, :-1]


def _mean_of_nine(features: Tensor) -> Tensor:
    """Means of 3 x 3, a map of half the size; places outside do not count."""
    around = (0, 1, 0, 1)
    ones = functional.pad(torch.ones_like(features[:1, :1]), around)
    totals = functional.avg_pool2d(functional.pad(features, around), 3, 2)
    return totals / functional.avg_pool2d(ones, 3, 2)


def build(tensors: Mapping[str, Tensor]) -> BiSeNetV2:
    """The net in eval mode, frozen; its file has bytes with a scale for each output channel."""
    net = BiSeNetV2()
    net.load_state_dict(unscaled(tensors))
    return net.eval().requires_grad_(False)
