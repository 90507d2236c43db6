"""Paintings that are shipped to paint like, all in the public domain. weights/recipes/examples.py makes the files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.contracts.messages import Message

FOLDER = Path(__file__).parent / "paintings"


@dataclass(frozen=True)
class Painting:
    """A painting, and where its picture is from."""

    name: str
    """Of its file, without the ending."""
    title: Message
    artist: Message
    year: str
    object_number: int | None = None
    """Of the Metropolitan Museum (CC0); None for the one that comes with OpenCV's samples (Apache-2.0)."""
    about: bool = False
    """Whether the year is a guess."""

    @property
    def path(self) -> Path:
        """The file."""
        return FOLDER / f"{self.name}.jpg"

    @property
    def caption(self) -> Message:
        """Artist, title and year."""
        year: Message | str = Message("about {year}", year=self.year) if self.about else self.year
        return Message("{artist}: {title}, {year}", artist=self.artist, title=self.title, year=year)


RENOIR = Message("Auguste Renoir")
EL_GRECO = Message("El Greco")
SEURAT = Message("Georges Seurat")
KLIMT = Message("Gustav Klimt")
ROUSSEAU = Message("Henri Rousseau")
TURNER = Message("J. M. W. Turner")
CEZANNE = Message("Paul Cézanne")
GAUGUIN = Message("Paul Gauguin")
BRUEGEL = Message("Pieter Bruegel the Elder")
VAN_GOGH = Message("Vincent van Gogh")

PAINTINGS = (
    Painting("starry_night", Message("The Starry Night"), VAN_GOGH, "1889"),
    Painting("wheat_field", Message("Wheat Field with Cypresses"), VAN_GOGH, "1889", 436535),
    Painting("irises", Message("Irises"), VAN_GOGH, "1890", 436528),
    Painting("self_portrait", Message("Self-Portrait with a Straw Hat"), VAN_GOGH, "1887", 436532),
    Painting("circus_sideshow", Message("Circus Sideshow"), SEURAT, "1887-88", 437654),
    Painting("grande_jatte", Message("Study for A Sunday on La Grande Jatte"), SEURAT, "1884", 437658),
    Painting("whalers", Message("Whalers"), TURNER, "1845", 437854, about=True),
    Painting("toledo", Message("View of Toledo"), EL_GRECO, "1600", 436575, about=True),
    Painting("ia_orana_maria", Message("Ia Orana Maria"), GAUGUIN, "1891", 438821),
    Painting("primavesi", Message("Mäda Primavesi"), KLIMT, "1912-13", 436819),
    Painting("apples", Message("Still Life with Apples"), CEZANNE, "1890", 435882, about=True),
    Painting("seashore", Message("By the Seashore"), RENOIR, "1883", 437430),
    Painting("repast_of_the_lion", Message("The Repast of the Lion"), ROUSSEAU, "1907", 438822, about=True),
    Painting("harvesters", Message("The Harvesters"), BRUEGEL, "1565", 435809),
)
