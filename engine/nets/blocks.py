"""Parts that several nets are made of; no net takes them from another net."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

if TYPE_CHECKING:
    from engine.nets.opencv_net import Graph

SCALE = ".scale"
"""Ending of the name of what multiplies a weight that is kept in bytes."""
EPSILON = 1e-5
"""Added to a variance before it divides."""


def unscaled(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a file in which weights are kept in bytes.

    Such a weight ``(O, I, k, k)`` comes with ``NAME.scale``, ``(O,)`` or ``(O, G)``: what it is multiplied by, for each
    output channel or for each I / G input channels of one.
    """
    whole = {name: value for name, value in tensors.items() if not name.endswith(SCALE)}
    for name, weight in whole.items():
        if name + SCALE in tensors:
            scales = tensors[name + SCALE].reshape(len(weight), -1)
            whole[name] = (weight.reshape(*scales.shape, -1) * scales[..., None]).reshape(weight.shape)
    return whole


def padded(features: Tensor, kernel: int, stride: int) -> Tensor:
    """Zeros around features of an even size, as TensorFlow's SAME has them: the odd one at the right and the bottom."""
    before, after = zeros(kernel, stride)
    return functional.pad(features, (before, after, before, after))


def zeros(kernel: int, stride: int) -> tuple[int, int]:
    """How many :func:`padded` puts at the left and the top, and how many at the right and the bottom."""
    before = (kernel - stride) // 2
    return before, kernel - stride - before


class SeparableBlock(nn.Module):
    """A separable convolution with a way around it, ``(B, C, H, W)`` -> ``(B, D, H / stride, W / stride)``, D >= C.

    BlazeFace and Face Mesh are chains of it.

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
        # What is small here is no arithmetic: a pad of nothing would copy the features.
        around = functional.max_pool2d(features, 2) if self._stride == 2 else features
        around = functional.pad(around, (0, 0, 0, 0, 0, self._more)) if self._more else around
        if self._stride == 1:
            inner = functional.conv2d(features, self.depthwise.weight, padding=1, groups=self.depthwise.groups)
        else:
            inner = self.depthwise(padded(features, 3, self._stride))
        rectified: Tensor = self.rectifier(self.pointwise(inner).add_(around))
        return rectified

    def draw(self, graph: Graph, features: str) -> str:
        """The same into a graph; takes and gives the names of maps."""
        around = graph.halved(features) if self._stride == 2 else features
        around = graph.widened(around, self._more) if self._more else around
        inner = graph.convolution(features, self.depthwise, zeros(3, 2) if self._stride == 2 else (1, 1))
        return graph.rectified(graph.added(graph.convolution(inner, self.pointwise), around), self.rectifier)


class Slopes(nn.PReLU):
    """A slope below zero for every channel, as torch's PReLU, whose kernel is slow for 48 channels on a CPU."""

    def forward(self, features: Tensor) -> Tensor:
        """``(B, C, H, W)``."""
        if features.device.type != "cpu" or torch.is_grad_enabled():
            plain: Tensor = super().forward(features)
            return plain
        slopes = self.weight.view(-1, 1, 1)
        return torch.addcmul(features.clamp_min(0), slopes, features.clamp_max(0))


class ResidualBlock(nn.Module):
    """Two convolutions of side 3 around an activation, and a skip connection; ``(B, width, H, W)`` -> the same.

    The networks of super-resolution are chains of it.
    """

    def __init__(self, width: int, activation: nn.Module) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.activation = activation
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        difference: Tensor = self.second(self.activation(self.first(features)))
        return features + difference


def exact(convolution: nn.Conv2d, features: Tensor) -> Tensor:
    """A convolution in float32, whatever format its weights are kept in.

    A network that calculates in bfloat16 takes its picture in and gives it out by this: eight bits are enough for
    features, and are seen in a picture.
    """
    bias = None if convolution.bias is None else convolution.bias.float()
    padding = convolution.padding if isinstance(convolution.padding, str) else tuple(convolution.padding)
    return functional.conv2d(
        features.float(), convolution.weight.float(), bias, convolution.stride, padding, convolution.dilation
    )


@lru_cache
def _rectifying(kind: torch.dtype) -> Callable[..., Tensor] | None:
    """The processor's convolution with an activation in it, or None where there is none for this number format."""
    try:
        operator: Callable[..., Tensor] = torch.ops.mkldnn._convolution_pointwise
        one = torch.ones(1, 1, 1, 1, dtype=kind)
        operator(one, one, None, [0, 0], [1, 1], [1, 1], 1, "relu", [], "")
    except (AttributeError, RuntimeError):
        return None
    return operator


def rectified(convolution: nn.Module, features: Tensor, slope: float = 0.0) -> Tensor:
    """A convolution and its rectifier; on a CPU in one, for reading and writing again takes as long as calculating.

    Args:
        convolution: zeros are around it, if anything.
        features: ``(B, C, H, W)``.
        slope: of the rectifier below zero.
    """
    assert isinstance(convolution, nn.Conv2d)
    operator = None
    if features.device.type == "cpu" and not torch.is_grad_enabled() and convolution.weight.dtype == features.dtype:
        operator = _rectifying(features.dtype)
    if operator is None or not isinstance(convolution.padding, tuple):
        output: Tensor = convolution(features)
        return functional.leaky_relu_(output, slope) if slope else functional.relu_(output)
    kind, slopes = ("leaky_relu", [slope]) if slope else ("relu", [])
    at = [*convolution.padding], [*convolution.stride], [*convolution.dilation], convolution.groups
    return operator(features, convolution.weight, convolution.bias, *at, kind, slopes, "")


FEW = 8
"""Output channels up to which :func:`few_outputs` is quicker than the convolution itself."""
REGISTER = 16
"""Output channels that a CPU's kernels calculate at least, however few are wanted."""


def few_outputs(convolution: nn.Conv2d, features: Tensor) -> Tensor:
    """A convolution without padding, at half to a third of its time on a CPU where it has up to eight output channels.

    Those of two or four neighbouring places are the channels of one wider convolution with a larger stride; what it
    gives in channels_last is the wanted picture, row after row.

    Args:
        convolution: with its weight ``(D, C, k, k)``.
        features: ``(B, C, H, W)``.
    """
    weight, bias, stride = convolution.weight, convolution.bias, convolution.stride[0]
    outputs, side = weight.shape[0], weight.shape[3]
    neighbours = 2 if outputs > REGISTER // 4 else 4
    plain = outputs > FEW or stride > 1 or features.device.type != "cpu"
    if plain or (features.shape[3] - side + 1) % neighbours:
        output: Tensor = convolution(features)
        return output
    moved = [functional.pad(weight, (place, neighbours - 1 - place)) for place in range(neighbours)]
    biases = None if bias is None else bias.repeat(neighbours)
    wide = functional.conv2d(features, torch.cat(moved), biases, (1, neighbours))
    batch, _, height, _ = wide.shape
    return wide.permute(0, 2, 3, 1).reshape(batch, height, -1, outputs).permute(0, 3, 1, 2)


def of_doubled(convolution: nn.Module, features: Tensor) -> Tensor:
    """A convolution of a picture made twice as large by nearest neighbour, at half to a fifth of the time.

    The larger picture is not made. Two of the three rows, and of the columns, that an output sees are one of the small
    picture, so their weights are added up: a kernel for the even rows and one for the odd, each with the outputs of
    two neighbouring places.

    Args:
        convolution: with its weight ``(D, C, 3, 3)``; its own padding does not count.
        features: ``(B, C, H + 2, W + 2)``: with a border of zeros where the doubled picture is to have one, or of the
            outermost pixels, repeated, where that border is a reflected one.

    Returns:
        ``(B, D, 2 * H, 2 * W)``.
    """
    assert isinstance(convolution, nn.Conv2d)
    above, middle, below = convolution.weight.unbind(2)
    biases = None if convolution.bias is None else convolution.bias.repeat(2)
    halves = []
    for start, rows in enumerate(((above, middle + below), (above + middle, below))):
        left, centre, right = torch.stack(rows, 2).unbind(3)
        none = torch.zeros_like(left)
        first, second = (left, centre + right, none), (none, left + centre, right)
        weight = torch.cat((torch.stack(first, 3), torch.stack(second, 3)))
        half = functional.conv2d(features[:, :, start : features.shape[2] - 1 + start], weight, biases)
        halves.append(half.permute(0, 2, 3, 1))
    both = torch.stack(halves, 2)
    batch, height, _, width, _ = both.shape
    return both.reshape(batch, 2 * height, 2 * width, -1).permute(0, 3, 1, 2)


class InstanceNormalisation(torch.autograd.Function):
    """To mean 0 and variance 1, with a backward that takes a twentieth of the time of torch's on a CPU."""

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        """``(B, C, H, W)``."""
        batch, channels, height, width = features.shape
        if features.device.type != "cpu":  # whose kernels know no channels_last
            features = features.contiguous()
        output, mean, inverse = torch.native_group_norm(
            features, None, None, batch, channels, height * width, channels, EPSILON
        )
        ctx.save_for_backward(features, mean, inverse)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """As large."""
        features, mean, inverse = ctx.saved_tensors
        mean, inverse = mean[:, :, None, None].float(), inverse[:, :, None, None].float()
        gradient, wide = gradients[0].float(), features.float()
        own = gradient.mean((2, 3), keepdim=True)
        along = ((gradient * wide).mean((2, 3), keepdim=True) - mean * own) * inverse
        slope = inverse.square() * along
        whole = (gradient * inverse).addcmul_(wide, -slope).add_(slope * mean - inverse * own)
        input_gradient: Tensor = whole.to(features.dtype)
        return input_gradient


NARROW = 8
"""Channels up to which normalisation in lanes is quicker than torch's kernel of group normalisation."""
LANES = 16
"""Neighbouring places that stand side by side as channels where there are few."""
Normalise = Callable[[int, Tensor, Tensor, Tensor], Tensor]
"""Index of the stage, features ``(B, C, H, W)``, scale and shift ``(1 or B, C)`` -> features."""


def normalised(index: int, features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Every channel of every picture to mean ``shift`` and standard deviation ``scale``."""
    learning = torch.is_grad_enabled() and (features.requires_grad or scale.requires_grad)
    if len(scale) == len(features) == 1 and not learning and features.device.type == "cpu" and len(scale[0]) <= NARROW:
        return _few_normalised(features, scale[0], shift[0])
    if len(scale) == 1 and not learning:
        # One group a channel is instance normalisation, and its kernel is much quicker than that of instance_norm.
        kind = features.dtype if features.device.type != "cpu" else scale.dtype  # only the CPU's mixes dtypes
        return functional.group_norm(features, features.shape[1], scale[0].to(kind), shift[0].to(kind), EPSILON)
    plain: Tensor = InstanceNormalisation.apply(features)
    scale, shift = scale.to(plain.dtype)[:, :, None, None], shift.to(plain.dtype)[:, :, None, None]
    return torch.addcmul(shift, plain, scale)


def channel_moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of every channel of one picture ``(1, C, H, W)``: ``(C,)`` each, float32 or wider.

    A CPU's kernels go through the channels of a place, and a few of them do not fill its registers: in channels_last,
    those of :data:`LANES` neighbouring places are the channels of one picture, whose moments are then put together.
    """
    wide = _in_lanes(features)
    kind = torch.promote_types(features.dtype, torch.float32)
    one = torch.ones(wide.shape[1], dtype=kind, device=features.device)
    _, means, inverse = torch.native_batch_norm(wide, one, 0 * one, None, None, True, 0.0, EPSILON)
    means, variances = (each.view(-1, features.shape[1]) for each in (means, inverse**-2 - EPSILON))
    mean = means.mean(0)
    return mean, (variances + (means - mean) ** 2).mean(0)


def _few_normalised(features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """:func:`normalised` of one picture with few channels, on a CPU in a tenth of the time."""
    mean, variance = channel_moments(features)
    scale = scale * (variance + EPSILON).rsqrt()
    return scaled(features, scale.to(mean.dtype), (shift - mean * scale).to(mean.dtype))


def scaled(features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Every channel of one picture ``(1, C, H, W)`` times ``scale`` plus ``shift``, both ``(C,)``.

    By the kernel of batch normalisation, which knows channels_last and takes float32 beside 16 bits.
    """
    wide = _in_lanes(features)
    scales, shifts = (each.repeat(wide.shape[1] // len(each)) for each in (scale, shift))
    zero = torch.zeros_like(scales)
    whole = functional.batch_norm(wide, zero, zero + 1, scales, shifts, training=False, eps=0.0)
    return whole.permute(0, 2, 3, 1).reshape(features.permute(0, 2, 3, 1).shape).permute(0, 3, 1, 2)


def _in_lanes(features: Tensor) -> Tensor:
    """``(1, C, H, W)`` -> ``(1, lanes * C, H, W / lanes)``; in channels_last, a view."""
    _, channels, height, width = features.shape
    lanes = math.gcd(width, LANES) if features.device.type == "cpu" else 1
    return features.permute(0, 2, 3, 1).reshape(1, height, width // lanes, lanes * channels).permute(0, 3, 1, 2)
