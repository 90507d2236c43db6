"""The styles that can be chosen by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from engine.contracts.messages import Message, declared

ShippedName = Literal[
    "starry-night", "great-wave", "scream", "composition-vii", "udnie",
    "minotaur", "water-lilies", "wheat-field", "contrast-of-forms", "metzinger",
]  # fmt: skip
MagentaName = Literal[
    "dawn-pastels", "ink-and-yellow", "pale-wash", "electric-night", "crimson-and-sky", "blazing-strokes",
    "dark-spheres", "primary-shadows", "bright-sketch", "red-and-slate", "copper-dusk", "gold-etching", "lilac-haze",
    "green-fauve", "sea-mist", "stained-glass", "blue-crayon", "red-weave", "sepia-woodcut", "blue-and-gold",
    "red-glow", "paper-cut", "bold-outlines", "grey-evening", "pale-wave", "broken-browns",
]  # fmt: skip
HubName = Literal["candy", "mosaic", "rain-princess", "udnie-classical", "pointilism"]

NETWORK = "style-v2"
"""Catalogue entry of our network, which has styles of our own."""
MAGENTA_NETWORK = "style-v2-magenta"
"""Magenta's network with 26 styles: a third of the parameters of ours, clear outlines."""
ANY_STYLE = ("any-style-predictor", "any-style")
"""The two entries that paint like any painting and keep outlines: Magenta's predictor and its transform network."""
DECODER = "adain-decoder"
ENCODER = "vgg19-normalised"
"""The two entries that paint like any painting by its moments (AdaIN)."""


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
MAGENTA: Mapping[str, Style] = {
    name: Style(name.replace("-", " ").capitalize(), "Magenta, 2017") for name in get_args(MagentaName)
}
"""Magenta does not say which paintings these were trained on: the names say what they look like."""
RETIRED = ("minotaur", "water-lilies", "wheat-field", "metzinger")
"""Styles of our own in which photos are hard to read, and Magenta's do better. They are not shown; who names them, in
a recipe or a link, still gets them."""
SHOWN: Mapping[str, Style] = {name: each for name, each in {**SHIPPED, **MAGENTA}.items() if name not in RETIRED}
"""The styles of the gallery, in its order; all are on this machine."""
NOTHING = "nothing"
"""Stands for no second style."""
HUB: Mapping[str, tuple[str, Style]] = {
    "candy": ("candy-9", Style("Candy", "pytorch/examples")),
    "mosaic": ("mosaic-9", Style("Mosaic", "pytorch/examples")),
    "rain-princess": ("rain-princess-9", Style("Rain Princess", "pytorch/examples")),
    "udnie-classical": ("udnie-9", Style("Udnie, the paper's network", "pytorch/examples")),
    "pointilism": ("pointilism-9", Style("Pointilism", "pytorch/examples")),
}
"""Name -> catalogue entry of its own network, and how it is called."""


TITLES: Mapping[str, Message] = {
    **{name: declared(style.title) for name, style in {**SHIPPED, **MAGENTA}.items()},
    **{name: declared(style.title) for name, (_, style) in HUB.items()},
}
"""Every style's name -> what it is called."""
