"""Drawing pictures pixel by pixel from the model of :mod:`engine.nets.pixelcnn`, without calculating anything twice.

A pixel that is drawn changes only what the pixels after it see. What the rows above say is calculated once for each
row, and of a row's own stream, once for each pixel, only what the layers add there (as Ramachandran et al. 2017 do it).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.imaging.resize import back_projected
from engine.nets.pixelcnn import (
    SCALE,
    STEP,
    WIDTH,
    Layer,
    Mixture,
    PixelCNN,
    enlarged,
    gated,
    mixtures,
)

LEVELS = 256
BACK_PROJECTIONS = 2


class Sampler:
    """Several large pictures of one small one, drawn beside each other, row by row.

    Args:
        net: whose parameters' number format everything is calculated in.
        small: ``(1, 3, h, w)`` in [0, 1].
        count: how many pictures.
        temperature: above 0; logits are divided by it: under 1 the likely becomes likelier.
        seed: of the random numbers; they do not depend on how many pictures are drawn beside each other.
        weight: what the conditioning network's logits are multiplied by; 1 is the paper's.
    """

    def __init__(
        self, net: PixelCNN, small: Tensor, count: int, *, temperature: float, seed: int, weight: float = 1.0
    ) -> None:
        like = net.prior.tail.weight
        self._prior, self._temperature = net.prior, temperature
        small = small.to(like)
        height, width = (SCALE * length for length in small.shape[-2:])
        told = mixtures(net.conditioning(small).to(like), enlarged(small))
        self.mean = told.mean()
        """What the conditioning network alone expects, ``(1, 3, 4h, 4w)`` from -1 to 1."""
        # A power of a Gaussian is a narrower one. Of a mixture it is not, but each of its components is narrowed.
        self._told = Mixture(told.logits, told.means, told.scales - 0.5 * math.log(weight))
        self.values = self.mean.expand(count, -1, -1, -1).clone()
        """The pictures, ``(count, 3, 4h, 4w)`` from -1 to 1; the mean where nothing is drawn yet."""
        draws = [torch.Generator().manual_seed(seed + index) for index in range(count)]
        shape = (3, height, width)
        chances = torch.stack([torch.rand(shape, generator=each, dtype=torch.float64) for each in draws])
        self._chances = chances.to(like)
        self._bounds = (torch.arange(LEVELS - 1, device=like.device, dtype=like.dtype) + 0.5) * STEP - 1
        self._rows = [torch.zeros(count, WIDTH, 1, width).to(like) for _ in net.prior.layers]
        """What each layer was given for the row above."""
        # Behind three zeros that stand for what is left of the picture; a fourth channel says where it begins.
        self._known = torch.zeros(count, 4, height + 2, width + 4).to(like)
        self._taps = [_Taps(layer) for layer in net.prior.layers if isinstance(layer, Layer)]

    def rows(self) -> Iterator[int]:
        """Draw, and yield the number of each row that is done."""
        for row in range(self.values.shape[2]):
            self._draw(row)
            yield row

    @torch.inference_mode()
    def _draw(self, row: int) -> None:
        """Draw a row."""
        told = self._from_above(row)
        count, width = len(self.values), self.values.shape[3]
        first = self._prior.first_before
        # Two features to the left of the row's first pixel are zeros, too.
        histories = [torch.zeros(count, 2 * WIDTH).to(told[0]) for _ in self._taps]
        line = torch.zeros(count, 4, 1, width + 3).to(told[0])  # this row behind three places that are outside
        above = self.values[:, :, row - 1] if row else torch.zeros_like(self.values[:, :, 0])
        for column in range(width):
            features = functional.conv2d(line[..., column : column + 3], first.weight, first.bias).flatten(1)
            for index, taps in enumerate(self._taps):
                window = torch.cat([histories[index], features], 1)
                histories[index] = window[:, WIDTH:]
                features = features + taps(window, told[index][:, :, 0, column])
            numbers = self._prior.tail(functional.relu(features)[:, :, None, None])
            guess = 0.5 * (above[:, :, column] + line[:, :3, 0, column + 2])
            pixel = self._pixel(numbers, guess, row, column)
            line[:, :3, 0, column + 3] = pixel
            line[:, 3, 0, column + 3] = 1
            self.values[:, :, row, column] = pixel
        self._known[:, :, row + 2, 2:-2] = line[:, :, 0, 3:]

    def _from_above(self, row: int) -> list[Tensor]:
        """What the rows above say to each layer, ``(count, 2 WIDTH, 1, W)`` each."""
        first = self._prior.first_above
        above = functional.conv2d(self._known[:, :, row : row + 2], first.weight, first.bias)
        said = []
        for index, layer in enumerate(self._prior.layers):
            assert isinstance(layer, Layer)
            both = torch.cat([self._rows[index], above], 2)
            self._rows[index] = above
            seen = layer.above(functional.pad(both, (1, 1)))
            said.append(layer.told(seen))
            above = above + layer.out_above(gated(seen))
        return said

    def _pixel(self, numbers: Tensor, guess: Tensor, row: int, column: int) -> Tensor:
        """Draw red, green and blue of a pixel, ``(count, 3)`` from -1 to 1, one after the other."""
        mixture = mixtures(numbers[:, :-3], guess[:, :, None, None])
        by_red, blue_by_red, blue_by_green = numbers[:, -3:, 0, 0].unbind(1)
        pixel = torch.zeros_like(guess)
        for colour in range(3):
            apart = pixel - guess
            shift = (0 * by_red, by_red * apart[:, 0], blue_by_red * apart[:, 0] + blue_by_green * apart[:, 1])[colour]
            own = _at(mixture, colour, 0, 0)
            moved = Mixture(own.logits, own.means + shift[:, None], own.scales)
            both = _at(self._told, colour, row, column) * moved
            pixel[:, colour] = self._drawn(both, self._chances[:, colour, row, column])
        return pixel

    def _drawn(self, mixture: Mixture, chances: Tensor) -> Tensor:
        """Values ``(count,)`` of mixtures ``(count, K)``: where the summed probabilities pass chances in [0, 1)."""
        below = mixture.cumulated(self._bounds)
        if self._temperature != 1:
            likely = functional.pad(below, (1, 0)).diff(dim=1, append=torch.ones_like(below[:, :1]))
            warmed = likely.clamp(min=1e-12) ** (1 / self._temperature)
            below = warmed.cumsum(1)[:, :-1] / warmed.sum(1, keepdim=True)
        return (below <= chances[:, None]).sum(1).to(chances) * STEP - 1


def led_back(pictures: Tensor, small: Tensor) -> Tensor:
    """Pictures ``(B, 3, 4h, 4w)`` with the colours of the small one ``(1, 3, h, w)``, all in [0, 1].

    A sample strays where the prior was surer than the conditioning network; back-projection leads it back.
    """
    for _ in range(BACK_PROJECTIONS):
        pictures = back_projected(pictures, small.expand(len(pictures), -1, -1, -1)).clamp(0, 1)
    return pictures


class _Taps:
    """The row's own stream of a layer at one pixel, as products of matrices."""

    def __init__(self, layer: Layer) -> None:
        taps = layer.before.weight[:, :, 0].permute(0, 2, 1)  # columns j - 2, j - 1, j, each with all channels
        self._weight, self._out = taps.reshape(len(taps), -1).T.contiguous(), layer.out_before.weight[:, :, 0, 0].T
        self._bias, self._out_bias = _bias(layer.before), _bias(layer.out_before)

    def __call__(self, window: Tensor, told: Tensor) -> Tensor:
        """What the layer adds to the pixel's features, ``(count, WIDTH)``, from ``(count, 3 WIDTH)``."""
        both = torch.addmm(self._bias, window, self._weight) + told
        return torch.addmm(self._out_bias, gated(both), self._out)


def _bias(convolution: nn.Conv2d) -> Tensor:
    assert convolution.bias is not None
    return convolution.bias


def _at(mixture: Mixture, colour: int, row: int, column: int) -> Mixture:
    """The mixtures of one colour of one pixel, ``(B, K)``."""
    place = (slice(None), colour, row, column)
    return Mixture(mixture.logits[place], mixture.means[place], mixture.scales[place])
