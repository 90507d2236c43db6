"""The methods of super-resolution, and how they are composed to any scale. No torch here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from engine.contracts.messages import Message

LARGEST = 8.0
"""Largest scale."""
VIEWS = 8
"""Ways to turn and mirror a picture, in each of which a self-ensemble looks at it (Lim et al. 2017, section 3.4)."""


@dataclass(frozen=True, kw_only=True)
class Upscaler:
    """A network with a fixed scale."""

    weights: str
    """Its entry in the catalogue."""
    scale: int
    """How much longer the network makes each side."""
    radius: int
    """Pixels of context that it is given around a tile; what lies further off changes nothing that can be seen."""
    mflop: float
    """Arithmetic for one pixel of the small picture."""
    drifts: bool = False
    """Whether its colours stray from the small picture's; back-projection then brings them back."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to enlarge a picture."""

    title: Message
    """For a person: what it is for, and in brackets which network does it."""
    paper: str
    """Who described it."""
    name: str
    """For a program: its key in what is told of a comparison."""
    upscalers: tuple[Upscaler, ...] = ()
    """Networks of its own; bicubic interpolation has none."""

    def chain(self, scale: float, *, faithful: bool = True) -> tuple[Upscaler, ...]:
        """The cheapest networks one after the other that reach a scale; what is too much is reduced afterwards.

        Unless ``faithful``, colours that drift are not led back.
        """
        if not self.upscalers or scale == 1:
            return ()
        seconds = (*self.upscalers, *SECOND)
        chains = [(each,) for each in self.upscalers] + list(product(self.upscalers, seconds))
        cheapest = min((each for each in chains if reach(each) >= scale), key=cost)
        return cheapest if faithful else tuple(replace(each, drifts=False) for each in cheapest)

    def weights(self, scale: float) -> tuple[str, ...]:
        """Entries of the catalogue that a scale needs."""
        return tuple(each.weights for each in self.chain(scale))


def cost(chain: Sequence[Upscaler]) -> float:
    """Megaflop for one pixel of the small picture."""
    total, area = 0.0, 1
    for upscaler in chain:
        total += area * upscaler.mflop
        area *= upscaler.scale**2
    return total


def reach(chain: Sequence[Upscaler]) -> int:
    """By how much a chain enlarges."""
    return prod(each.scale for each in chain)


_COMPACT = tuple(
    Upscaler(weights="compact-sr", scale=scale, radius=18, mflop=2 * (0.415 + 0.0013 * (1 + scale**2)))
    for scale in (2, 3, 4)
)
SECOND = _COMPACT
"""Networks that may go on where another one has already enlarged a picture."""


def _residual(weights: str, scale: int = 4, mflop: float = 4.44, *, radius: int = 24, drifts: bool = False) -> Upscaler:
    # The convolutions reach 40 pixels. Measured at seams: SRResNet differs by a tenth of a grey level with 16 of them,
    # SRGAN by a hundredth with 24.
    return Upscaler(weights=weights, scale=scale, radius=radius, mflop=mflop, drifts=drifts)


def _rrdb(weights: str, mflop: float = 35.9, *, radius: int = 40, drifts: bool = False) -> Upscaler:
    return Upscaler(weights=weights, scale=4, radius=radius, mflop=mflop, drifts=drifts)


METHODS: Mapping[str, Method] = {
    "bicubic": Method(title=Message("Interpolated (bicubic)"), name="bicubic", paper="Keys 1981"),
    "residual": Method(
        title=Message("Faithful (SRResNet)"),
        name="residual (SRResNet)",
        paper="Ledig et al. 2017",
        upscalers=(_residual("srresnet-x4", radius=16),),
    ),
    "gan": Method(
        title=Message("Sharp (SRGAN)"),
        name="GAN (SRGAN)",
        paper="Ledig et al. 2017",
        upscalers=(_residual("srgan-x4", drifts=True),),
    ),
    "compact": Method(
        title=Message("Fast (ours)"), name="compact residual (ours)", paper="after Kim et al. 2016", upscalers=_COMPACT
    ),
    "edsr": Method(
        title=Message("Faithful (EDSR)"),
        name="residual (EDSR)",
        paper="Lim et al. 2017",
        upscalers=(_residual("edsr-x2", 2, 2.74), _residual("edsr-x4", 4, 3.96)),
    ),
    "rrdb": Method(
        title=Message("Faithful (RRDB)"),
        name="residual (RRDB)",
        paper="Wang et al. 2018",
        upscalers=(_rrdb("rrdb-psnr-x4"),),
    ),
    "esrgan": Method(
        title=Message("Sharp (ESRGAN)"),
        name="GAN (ESRGAN)",
        paper="Wang et al. 2018",
        upscalers=(_rrdb("esrgan-x4", drifts=True),),
    ),
    "real-esrgan": Method(
        title=Message("Real photo (Real-ESRGAN)"),
        name="GAN (Real-ESRGAN)",
        paper="Wang et al. 2021",
        upscalers=(_rrdb("real-esrgan-x4"),),
    ),
    "drawing": Method(
        title=Message("Drawing (Real-ESRGAN, 6 blocks)"),
        name="GAN (Real-ESRGAN, drawings)",
        paper="Wang et al. 2021",
        upscalers=(_rrdb("real-esrgan-drawing-x4", 11.4, radius=32),),
    ),
    "drawing-fast": Method(
        title=Message("Drawing, fast (SRVGG)"),
        name="GAN (Real-ESRGAN, animated videos)",
        paper="Wang et al. 2021",
        upscalers=(Upscaler(weights="real-esrgan-video-x4", scale=4, radius=18, mflop=1.24),),
    ),
}
"""By their names as parameters."""
TITLES: Mapping[str, Message] = {name: method.title for name, method in METHODS.items()}
"""What the methods are called where one is chosen."""
