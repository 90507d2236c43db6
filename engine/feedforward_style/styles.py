"""The styles that can be chosen by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ShippedName = Literal[
    "starry-night", "great-wave", "scream", "composition-vii", "udnie",
    "minotaur", "water-lilies", "wheat-field", "contrast-of-forms", "metzinger",
]  # fmt: skip
HubName = Literal["candy", "mosaic", "rain-princess", "udnie-classical", "pointilism"]

NETWORK = "style-v2"
"""Catalogue entry of our network, which has all shipped styles."""
DECODER = "adain-decoder"
ENCODER = "vgg19-normalised"
"""The two entries that paint like any painting."""


@dataclass(frozen=True)
class Style:
    """A style for the eye of a person."""

    title: str
    by: str
    """Painter and year, or who trained it."""


SHIPPED: Mapping[str, Style] = {
    "starry-night": Style("Starry Night", "Vincent van Gogh, 1889"),
    "great-wave": Style("The Great Wave", "Katsushika Hokusai, 1831"),
    "scream": Style("The Scream", "Edvard Munch, 1893"),
    "composition-vii": Style("Composition VII", "Wassily Kandinsky, 1913"),
    "udnie": Style("Udnie", "Francis Picabia, 1913"),
    "minotaur": Style("Shipwreck of the Minotaur", "J. M. W. Turner, about 1810"),
    "water-lilies": Style("Water Lilies", "Claude Monet"),
    "wheat-field": Style("Wheat Field with Cypresses", "Vincent van Gogh, 1889"),
    "contrast-of-forms": Style("Contrast of Forms", "Fernand Léger, 1913"),
    "metzinger": Style("Portrait of Jean Metzinger", "Robert Delaunay, 1906"),
}
HUB: Mapping[str, tuple[str, Style]] = {
    "candy": ("candy-9", Style("Candy", "pytorch/examples")),
    "mosaic": ("mosaic-9", Style("Mosaic", "pytorch/examples")),
    "rain-princess": ("rain-princess-9", Style("Rain Princess", "pytorch/examples")),
    "udnie-classical": ("udnie-9", Style("Udnie, the paper's network", "pytorch/examples")),
    "pointilism": ("pointilism-9", Style("Pointilism", "pytorch/examples")),
}
"""Name -> catalogue entry of its own network, and how it is called."""
