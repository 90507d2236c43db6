"""Drawing pictures pixel by pixel from the model of :mod:`engine.nets.pixelcnn`, without calculating anything twice.

A pixel that is drawn changes only what the pixels after it see. What the rows above say is calculated once for each
row, and of a row's own stream, once for each pixel, only what the layers add there (as Ramachandran et al. 2017 do it).

A pixel is a hundred tiny operations in a row: on every device they are done on the CPU, and by NumPy, for waking
another thread or a GPU takes longer than any of them.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy
import torch
from numpy.typing import NDArray
from scipy.special import ndtr  # type: ignore[import-untyped]
from torch import Tensor
from torch.nn import functional

from engine.imaging.resize import back_projected
from engine.nets.pixelcnn import (
    COMPONENTS,
    NARROWEST,
    STEP,
    WIDTH,
    Layer,
    Mixture,
    PixelCNN,
    enlarged,
    gated,
    mixtures,
)

Values = NDArray[Any]
"""Of the number format of the network's weights."""
LEVELS = 256
BACK_PROJECTIONS = 2
"""Steps that lead a sample back to the small picture's colours; the second one still changes something."""
_BOUNDS = (numpy.arange(LEVELS - 1) + 0.5) * STEP - 1
"""Between the levels, which are laid onto -1 to 1."""


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
        self._prior = net.prior if like.device.type == "cpu" else copy.deepcopy(net.prior).cpu()
        self._temperature = temperature
        small = small.to(like)
        told = mixtures(net.conditioning(small).to(like), enlarged(small))
        self.mean = told.mean().cpu()
        """What the conditioning network alone expects, ``(1, 3, 4h, 4w)`` from -1 to 1."""
        height, width = self.mean.shape[-2:]
        # A power of a Gaussian is a narrower one. Of a mixture it is not, but each of its components is narrowed.
        narrowed = Mixture(told.logits, told.means, told.scales - 0.5 * math.log(weight))
        self._told = _Mixtures(*(each[0].cpu().numpy() for each in (narrowed.logits, narrowed.means, narrowed.scales)))
        self.values = self.mean.expand(count, -1, -1, -1).clone()
        """The pictures, ``(count, 3, 4h, 4w)`` from -1 to 1; the mean where nothing is drawn yet."""
        draws = [torch.Generator().manual_seed(seed + index) for index in range(count)]
        chances = [torch.rand((3, height, width), generator=each, dtype=torch.float64) for each in draws]
        self._chances = torch.stack(chances).numpy()
        self._rows = [torch.zeros(count, WIDTH, 1, width).to(self.values) for _ in self._prior.layers]
        """What each layer was given for the row above."""
        # Two rows and two columns of zeros stand for what is outside; a fourth channel says where the picture is.
        self._known = torch.zeros(count, 4, height + 2, width + 4).to(self.values)
        self._taps = [_Taps(layer) for layer in self._prior.layers if isinstance(layer, Layer)]
        self._first = _matrix(self._prior.first_before), _bias(self._prior.first_before)
        self._tail = _matrix(self._prior.tail), _bias(self._prior.tail)

    def rows(self) -> Iterator[int]:
        """Draw, and yield the number of each row that is done."""
        for row in range(self.values.shape[2]):
            self._draw(row)
            yield row

    @torch.inference_mode()
    def _draw(self, row: int) -> None:
        """Draw a row."""
        told, pictures = self._from_above(row), self.values.numpy()
        count, width = len(pictures), pictures.shape[3]
        # Two features to the left of the row's first pixel are zeros, too.
        histories = [numpy.zeros((count, 2 * WIDTH), pictures.dtype) for _ in self._taps]
        line = numpy.zeros((count, width + 3, 4), pictures.dtype)  # this row behind three places that are outside
        above = pictures[:, :, row - 1] if row else numpy.zeros_like(pictures[:, :, 0])
        for column in range(width):
            features = line[:, column : column + 3].reshape(count, -1) @ self._first[0] + self._first[1]
            for index, taps in enumerate(self._taps):
                window = numpy.concatenate([histories[index], features], 1)
                histories[index] = window[:, WIDTH:]
                features = features + taps(window, told[index][column])
            numbers = numpy.maximum(features, 0) @ self._tail[0] + self._tail[1]
            guess = 0.5 * (above[:, :, column] + line[:, column + 2, :3])
            line[:, column + 3, :3] = pictures[:, :, row, column] = self._pixel(numbers, guess, row, column)
            line[:, column + 3, 3] = 1
        self._known[:, :, row + 2, 2:-2] = torch.from_numpy(line[:, 3:].transpose(0, 2, 1).copy())

    def _from_above(self, row: int) -> list[Values]:
        """What the rows above say to each layer, ``(W, count, 2 WIDTH)`` each."""
        first = self._prior.first_above
        above = functional.conv2d(self._known[:, :, row : row + 2], first.weight, first.bias)
        said = []
        for index, layer in enumerate(self._prior.layers):
            assert isinstance(layer, Layer)
            both = torch.cat([self._rows[index], above], 2)
            self._rows[index] = above
            seen = layer.above(functional.pad(both, (1, 1)))
            said.append(layer.told(seen)[:, :, 0].permute(2, 0, 1).contiguous().numpy())
            above = above + layer.out_above(gated(seen))
        return said

    def _pixel(self, numbers: Values, guess: Values, row: int, column: int) -> Values:
        """Draw red, green and blue of a pixel, ``(count, 3)`` from -1 to 1, one after the other.

        Args:
            numbers: what the prior says, ``(count, 9 K + 3)``.
            guess: mean of the pixels above and to the left, ``(count, 3)``.
            row: of the pixel.
            column: likewise.
        """
        logits, means, scales = numbers[:, :-3].reshape(-1, 3, 3, COMPONENTS).swapaxes(0, 1)
        by_red, blue_by_red, blue_by_green = numbers[:, -3:].T
        pixel = numpy.zeros_like(guess)
        for colour in range(3):
            apart = pixel - guess
            shift = (0, by_red * apart[:, 0], blue_by_red * apart[:, 0] + blue_by_green * apart[:, 1])[colour]
            moved = (guess[:, colour] + shift)[:, None] + 0.25 * means[:, colour]
            own = _Mixtures(logits[:, colour], moved, (scales[:, colour] - 2).clip(NARROWEST))
            both = own.times(_Mixtures(*(each[colour, row, column] for each in self._told)))
            pixel[:, colour] = self._drawn(both, self._chances[:, colour, row, column])
        return pixel

    def _drawn(self, mixture: _Mixtures, chances: Values) -> Values:
        """Values ``(count,)`` of mixtures ``(count, K)``: where the summed probabilities pass chances in [0, 1)."""
        below = mixture.cumulated(_BOUNDS.astype(self._told.means.dtype))
        if self._temperature != 1:
            edges = numpy.zeros_like(below[:, :1])
            likely = numpy.diff(below, axis=1, prepend=edges, append=1 + edges)
            warmed = (likely / likely.max(1, keepdims=True)).clip(0) ** (1 / self._temperature)
            below = warmed.cumsum(1)[:, :-1] / warmed.sum(1, keepdims=True)
        values: Values = (below <= chances[:, None]).sum(1) * STEP - 1
        return values


class _Mixtures(NamedTuple):
    """As :class:`engine.nets.pixelcnn.Mixture`, of arrays."""

    logits: Values
    means: Values
    scales: Values

    def times(self, other: _Mixtures) -> _Mixtures:
        """The product: ``(count, K)`` and ``(L,)`` -> ``(count, K L)``."""
        count = len(self.means)
        mine, theirs = numpy.exp(2 * self.scales)[:, :, None], numpy.exp(2 * other.scales)
        both = mine + theirs
        halves = 0.5 * numpy.log(both)
        apart = self.means[:, :, None] - other.means
        logits = self.logits[:, :, None] + other.logits - 0.5 * apart**2 / both - halves
        means = (self.means[:, :, None] * theirs + other.means * mine) / both
        scales = self.scales[:, :, None] + other.scales - halves
        return _Mixtures(*(each.reshape(count, -1) for each in (logits, means, scales)))

    def cumulated(self, bounds: Values) -> Values:
        """The probability of less than each of N bounds, ``(count, N)``."""
        shares = numpy.exp(self.logits - self.logits.max(1, keepdims=True))
        shares = shares / shares.sum(1, keepdims=True)
        narrow = numpy.exp(-self.scales)
        places = bounds[:, None] * narrow[:, None] - (self.means * narrow)[:, None]
        summed: Values = (ndtr(places) @ shares[:, :, None])[:, :, 0]
        return summed


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
        self._weight, self._out = _matrix(layer.before), _matrix(layer.out_before)
        self._bias, self._out_bias = _bias(layer.before), _bias(layer.out_before)

    def __call__(self, window: Values, told: Values) -> Values:
        """What the layer adds to the pixel's features, ``(count, WIDTH)``, from ``(count, 3 WIDTH)``."""
        both = window @ self._weight + (told + self._bias)
        content, gate = both[:, :WIDTH], both[:, WIDTH:]
        gated_features = numpy.tanh(content) * (0.5 + 0.5 * numpy.tanh(0.5 * gate))  # tanh times the logistic function
        added: Values = gated_features @ self._out + self._out_bias
        return added


def _matrix(convolution: torch.nn.Conv2d) -> Values:
    """Weights ``(O, C, 1, k)`` as ``(k C, O)``: the taps from left to right, each with all channels."""
    taps = convolution.weight.detach()[:, :, 0].permute(2, 1, 0)
    matrix: Values = numpy.ascontiguousarray(taps.reshape(-1, taps.shape[2]).numpy())
    return matrix


def _bias(convolution: torch.nn.Conv2d) -> Values:
    assert convolution.bias is not None
    bias: Values = convolution.bias.detach().numpy()
    return bias
