"""Pixel recursive super-resolution (Dahl, Norouzi & Shlens 2017): a picture drawn pixel by pixel, colour by colour.

Two networks look at different things. The conditioning network sees the small picture and says, for every pixel of the
large one, which values are likely. The prior, a PixelCNN, sees only the pixels that are already drawn, those above and
those to the left. Their logits are added (the paper's equation 5): the probabilities are multiplied.

Where this departs from the paper: logits are not 256 free numbers but the logarithm of a mixture of Gaussians over the
values, as in PixelCNN++ (Salimans et al. 2017, section 2.1, with logistics): it learns in hours what free numbers need
days for, and the product of two mixtures is again one, so that it can be normalised without summing over all values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.imaging.resize import imresize
from engine.nets.blocks import ResidualBlock

SCALE = 4
"""How much longer the sides of the large picture are."""
WIDTH = 64
LAYERS = 8
"""Of the prior; each sees one row further up and two pixels further to the left."""
COMPONENTS = 3
"""Gaussians in each of the two mixtures, for every colour of every pixel."""
NARROWEST = -5.0
"""Least logarithm of a standard deviation, in units of half the range of values: under one grey level."""
STEP = 2 / 255
"""Distance of two neighbouring values: 0 to 255 are laid onto -1 to 1."""


@dataclass(frozen=True)
class Mixture:
    """Mixtures of Gaussians over the values of a colour, ``(..., K)`` each; values go from -1 to 1."""

    logits: Tensor
    """Logarithms of the components' shares, up to a constant."""
    means: Tensor
    scales: Tensor
    """Logarithms of their standard deviations."""

    def __mul__(self, other: Mixture) -> Mixture:
        """The product of two densities: their logits added; ``(..., K)`` and ``(..., L)`` -> ``(..., K L)``."""
        mine, theirs = (2 * self.scales).exp()[..., :, None], (2 * other.scales).exp()[..., None, :]
        both = mine + theirs
        apart = self.means[..., :, None] - other.means[..., None, :]
        logits = self.logits[..., :, None] + other.logits[..., None, :] - 0.5 * (apart.square() / both + both.log())
        means = (self.means[..., :, None] * theirs + other.means[..., None, :] * mine) / both
        scales = self.scales[..., :, None] + other.scales[..., None, :] - 0.5 * both.log()
        return Mixture(logits.flatten(-2), means.flatten(-2), scales.flatten(-2))

    def log_probability(self, values: Tensor) -> Tensor:
        """Natural logarithm of the probability of each of the ``(...)`` values, which are whole steps from -1 to 1.

        A value's probability is the density's integral over its step; the outermost ones have all that is beyond them
        (PixelCNN++, equation 2).
        """
        deviation = self.scales.exp()
        apart = values[..., None] - self.means
        upper, lower = _cumulated((apart + STEP / 2) / deviation), _cumulated((apart - STEP / 2) / deviation)
        upper = torch.where(values[..., None] > 1 - STEP / 2, torch.ones_like(upper), upper)
        lower = torch.where(values[..., None] < -1 + STEP / 2, torch.zeros_like(lower), lower)
        share = upper - lower
        # Far from the middle the difference has no digits left; there the density times the step is as good.
        density = -0.5 * (apart / deviation).square() - self.scales + math.log(STEP / math.sqrt(2 * math.pi))
        component = torch.where(share > 1e-4, share.clamp(min=1e-12).log(), density)
        return (self.logits.log_softmax(-1) + component).logsumexp(-1)

    def cumulated(self, bounds: Tensor) -> Tensor:
        """The probability of less than each of N bounds, from ``(..., K)`` and ``(N,)`` -> ``(..., N)``."""
        apart = (bounds[:, None] - self.means[..., None, :]) / self.scales.exp()[..., None, :]
        return (self.logits.softmax(-1)[..., None, :] * _cumulated(apart)).sum(-1)

    def mean(self) -> Tensor:
        """``(...)``: the mean value, from -1 to 1."""
        return (self.logits.softmax(-1) * self.means).sum(-1).clamp(-1, 1)


def _cumulated(z: Tensor) -> Tensor:
    """The standard Gaussian's distribution function."""
    return 0.5 * (1 + torch.erf(z / math.sqrt(2)))


class Conditioning(nn.Module):
    """The conditioning network: ``(B, 3, h, w)`` in [0, 1] -> what the three mixtures of every large pixel are made of.

    Residual blocks on the small picture, on one twice and on one four times as large.
    """

    def __init__(self) -> None:
        super().__init__()

        def stage(blocks: int) -> nn.Sequential:
            return nn.Sequential(*(ResidualBlock(WIDTH, nn.ReLU()) for _ in range(blocks)))

        self.head = nn.Conv2d(3, WIDTH, 3, padding=1)
        self.stages = nn.ModuleList((stage(6), stage(4), stage(2)))
        self.doublings = nn.ModuleList(nn.Conv2d(WIDTH, 4 * WIDTH, 3, padding=1) for _ in range(2))
        self.tail = nn.Conv2d(WIDTH, 9 * COMPONENTS, 3, padding=1)

    def forward(self, small: Tensor) -> Tensor:
        """``(B, 9 K, 4h, 4w)``, for :func:`mixtures`."""
        features = self.head(2 * small - 1)
        for index, stage in enumerate(self.stages):
            if index:
                features = functional.pixel_shuffle(functional.relu(self.doublings[index - 1](features)), 2)
            features = stage(features)
        numbers: Tensor = self.tail(functional.relu(features))
        return numbers


class Layer(nn.Module):
    """A gated layer of the prior (van den Oord et al. 2016, figure 2), without a blind spot.

    Two streams: ``above`` at a pixel knows the rows above it, on both sides; ``before`` also what is left of it in its
    own row. The second is told what the first knows, never the other way.
    """

    def __init__(self) -> None:
        super().__init__()
        self.above = nn.Conv2d(WIDTH, 2 * WIDTH, (2, 3))
        self.before = nn.Conv2d(WIDTH, 2 * WIDTH, (1, 3))
        self.told = nn.Conv2d(2 * WIDTH, 2 * WIDTH, 1)
        self.out_above = nn.Conv2d(WIDTH, WIDTH, 1)
        self.out_before = nn.Conv2d(WIDTH, WIDTH, 1)

    def forward(self, above: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """Both streams, ``(B, WIDTH, H, W)`` each."""
        seen = self.above(functional.pad(above, (1, 1, 1, 0)))
        both = self.before(functional.pad(before, (2, 0, 0, 0))) + self.told(seen)
        return above + self.out_above(gated(seen)), before + self.out_before(gated(both))


def gated(features: Tensor) -> Tensor:
    """tanh of one half of the channels times the logistic function of the other (their equation 2)."""
    content, gate = features.chunk(2, 1)
    return content.tanh() * gate.sigmoid()


class Prior(nn.Module):
    """The PixelCNN: a large picture -> what the mixtures of every pixel are made of, from the pixels before it alone.

    Within a pixel red comes first; green's mean shifts with red's value and blue's with both (PixelCNN++, equation 3).
    """

    def __init__(self) -> None:
        super().__init__()
        self.first_above = nn.Conv2d(4, WIDTH, (2, 5))
        self.first_before = nn.Conv2d(4, WIDTH, (1, 3))
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.tail = nn.Conv2d(WIDTH, 9 * COMPONENTS + 3, 1)
        self.alone = nn.Conv2d(WIDTH, 9 * COMPONENTS + 3, 1)
        """As ``tail``, for a picture of which there is no small one."""
        for last in (self.tail, self.alone):
            assert last.bias is not None
            with torch.no_grad():  # colours mostly change together
                last.bias[-3:] = torch.tensor([0.8, 0.2, 0.6])

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``(B, 3, H, W)`` from -1 to 1 -> ``(B, 9 K + 3, H, W)`` twice, with and without a small picture; guesses.

        A guess is the mean of the pixels above and to the left, ``(B, 3, H, W)``.
        """
        known = functional.pad(picture, (0, 0, 0, 0, 0, 1), value=1)  # a fourth channel tells black from outside
        above = self.first_above(functional.pad(known, (2, 2, 2, 0))[:, :, :-1])
        before = self.first_before(functional.pad(known, (3, 0, 0, 0))[..., :-1])
        for layer in self.layers:
            above, before = layer(above, before)
        last = functional.relu(before)
        guess = 0.5 * (functional.pad(picture, (0, 0, 1, 0))[:, :, :-1] + functional.pad(picture, (1, 0))[..., :-1])
        return self.tail(last), self.alone(last), guess


class PixelCNN(nn.Module):
    """Both networks."""

    def __init__(self) -> None:
        super().__init__()
        self.conditioning = Conditioning()
        self.prior = Prior()

    def log_probabilities(self, small: Tensor, large: Tensor, *, half: bool = False) -> dict[str, Tensor]:
        """How likely the values of large pictures are, ``(B, 3, 4h, 4w)``, in natural logarithms.

        Args:
            small: ``(B, 3, h, w)`` in [0, 1].
            large: ``(B, 3, 4h, 4w)`` in [0, 1], whole grey levels.
            half: whether convolutions are calculated in bfloat16.

        Returns:
            ``both``: the model; ``conditioning``: that network alone; ``prior``: the PixelCNN alone, with an output of
            its own.
        """
        values = 2 * large - 1
        with torch.autocast(small.device.type, torch.bfloat16, enabled=half):
            told = self.conditioning(small)
            joint, alone, guess = self.prior(values)
        conditioning = mixtures(told, enlarged(small))
        both = conditioning * mixtures(joint[:, :-3], guess, shifts(joint, values, guess))
        prior = mixtures(alone[:, :-3], guess, shifts(alone, values, guess))
        models = {"both": both, "conditioning": conditioning, "prior": prior}
        return {name: mixture.log_probability(values) for name, mixture in models.items()}


def enlarged(small: Tensor) -> Tensor:
    """The small picture interpolated, ``(B, 3, h, w)`` in [0, 1] -> ``(B, 3, 4h, 4w)`` from -1 to 1: a first guess."""
    height, width = small.shape[-2:]
    return 2 * imresize(small, (SCALE * width, SCALE * height)).clamp(0, 1) - 1


def mixtures(numbers: Tensor, guess: Tensor, shift: Tensor | float = 0) -> Mixture:
    """What a network says as mixtures: ``(B, 9 K, H, W)`` and guesses ``(B, 3, H, W)`` -> ``(B, 3, H, W, K)``."""
    batch, channels, height, width = numbers.shape
    parts = numbers.float() if numbers.dtype == torch.bfloat16 else numbers
    logits, means, scales = parts.reshape(batch, 3, 3, channels // 9, height, width).movedim(3, -1).unbind(1)
    return Mixture(logits, (guess + shift)[..., None] + 0.25 * means, (scales - 2).clamp(min=NARROWEST))


def shifts(numbers: Tensor, values: Tensor, guess: Tensor) -> Tensor:
    """How far each colour's mean moves for the colours before it, ``(B, 3, H, W)``; red's does not."""
    red, green = ((values - guess)[:, index] for index in (0, 1))
    by_red, blue_by_red, blue_by_green = (numbers[:, index].to(values) for index in (-3, -2, -1))
    nothing = torch.zeros_like(red)
    return torch.stack([nothing, by_red * red, blue_by_red * red + blue_by_green * green], 1)


def build(tensors: Mapping[str, Tensor]) -> PixelCNN:
    """The net in eval mode, frozen."""
    net = PixelCNN()
    net.load_state_dict(dict(tensors))
    return net.eval().requires_grad_(False)
