"""The styles that can be chosen by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.contracts.messages import Message

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
EARLIER = ("style-v2-fourth", "style-v2-third", "style-v2-second", "style-v2-first")
"""The same network before it was trained on; styles that visitors have taught it are of use with it alone."""
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

    title: Message
    by: str
    """Painter and year, or who trained it."""


SHIPPED: Mapping[str, Style] = {
    "starry-night": Style(Message("Starry Night"), "Vincent van Gogh, 1889"),
    "great-wave": Style(Message("The Great Wave"), "Katsushika Hokusai, 1831"),
    "scream": Style(Message("The Scream"), "Edvard Munch, 1893"),
    "composition-vii": Style(Message("Composition VII"), "Wassily Kandinsky, 1913"),
    "udnie": Style(Message("Udnie"), "Francis Picabia, 1913"),
    "minotaur": Style(Message("Shipwreck of the Minotaur"), "J. M. W. Turner, about 1810"),
    "water-lilies": Style(Message("Water Lilies"), "Claude Monet"),
    "wheat-field": Style(Message("Wheat Field with Cypresses"), "Vincent van Gogh, 1889"),
    "contrast-of-forms": Style(Message("Contrast of Forms"), "Fernand Léger, 1913"),
    "metzinger": Style(Message("Portrait of Jean Metzinger"), "Robert Delaunay, 1906"),
}
_TITLES_OF_MAGENTA: Mapping[str, Message] = {
    "dawn-pastels": Message("Dawn pastels"),
    "ink-and-yellow": Message("Ink and yellow"),
    "pale-wash": Message("Pale wash"),
    "electric-night": Message("Electric night"),
    "crimson-and-sky": Message("Crimson and sky"),
    "blazing-strokes": Message("Blazing strokes"),
    "dark-spheres": Message("Dark spheres"),
    "primary-shadows": Message("Primary shadows"),
    "bright-sketch": Message("Bright sketch"),
    "red-and-slate": Message("Red and slate"),
    "copper-dusk": Message("Copper dusk"),
    "gold-etching": Message("Gold etching"),
    "lilac-haze": Message("Lilac haze"),
    "green-fauve": Message("Green fauve"),
    "sea-mist": Message("Sea mist"),
    "stained-glass": Message("Stained glass"),
    "blue-crayon": Message("Blue crayon"),
    "red-weave": Message("Red weave"),
    "sepia-woodcut": Message("Sepia woodcut"),
    "blue-and-gold": Message("Blue and gold"),
    "red-glow": Message("Red glow"),
    "paper-cut": Message("Paper cut"),
    "bold-outlines": Message("Bold outlines"),
    "grey-evening": Message("Grey evening"),
    "pale-wave": Message("Pale wave"),
    "broken-browns": Message("Broken browns"),
}
MAGENTA: Mapping[str, Style] = {name: Style(title, "Magenta, 2017") for name, title in _TITLES_OF_MAGENTA.items()}
"""Magenta does not say which paintings these were trained on: the names say what they look like."""
RETIRED = ("minotaur", "water-lilies", "wheat-field", "metzinger")
"""Styles of our own in which photos are hard to read, and Magenta's do better. They are not shown; who names them, in
a recipe or a link, still gets them."""
SHOWN: Mapping[str, Style] = {name: each for name, each in {**SHIPPED, **MAGENTA}.items() if name not in RETIRED}
"""The styles of the gallery, in its order; all are on this machine."""
NOTHING = "nothing"
"""Stands for no second style."""
HUB: Mapping[str, tuple[str, Style]] = {
    "candy": ("candy-9", Style(Message("Candy"), "pytorch/examples")),
    "mosaic": ("mosaic-9", Style(Message("Mosaic"), "pytorch/examples")),
    "rain-princess": ("rain-princess-9", Style(Message("Rain Princess"), "pytorch/examples")),
    "udnie-classical": ("udnie-9", Style(Message("Udnie, the paper's network"), "pytorch/examples")),
    "pointilism": ("pointilism-9", Style(Message("Pointilism"), "pytorch/examples")),
}
"""Name -> catalogue entry of its own network, and how it is called."""


TITLES: Mapping[str, Message] = {
    **{name: style.title for name, style in {**SHIPPED, **MAGENTA}.items()},
    **{name: style.title for name, (_, style) in HUB.items()},
}
"""Every style's name -> what it is called."""
