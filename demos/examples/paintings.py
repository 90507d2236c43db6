"""Paintings that are shipped to paint like, all in the public domain. weights/recipes/examples.py makes the files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "paintings"


@dataclass(frozen=True)
class Painting:
    """A painting, and where its picture is from."""

    name: str
    """Of its file, without the ending."""
    title: str
    artist: str
    year: str
    object_number: int | None = None
    """Of the Metropolitan Museum (CC0); None for the one that comes with OpenCV's samples (Apache-2.0)."""

    @property
    def path(self) -> Path:
        """The file."""
        return FOLDER / f"{self.name}.jpg"

    @property
    def caption(self) -> str:
        """Artist, title and year."""
        return f"{self.artist}: {self.title}, {self.year}"


PAINTINGS = (
    Painting("starry_night", "The Starry Night", "Vincent van Gogh", "1889"),
    Painting("wheat_field", "Wheat Field with Cypresses", "Vincent van Gogh", "1889", 436535),
    Painting("irises", "Irises", "Vincent van Gogh", "1890", 436528),
    Painting("self_portrait", "Self-Portrait with a Straw Hat", "Vincent van Gogh", "1887", 436532),
    Painting("circus_sideshow", "Circus Sideshow", "Georges Seurat", "1887-88", 437654),
    Painting("grande_jatte", "Study for A Sunday on La Grande Jatte", "Georges Seurat", "1884", 437658),
    Painting("whalers", "Whalers", "J. M. W. Turner", "about 1845", 437854),
    Painting("toledo", "View of Toledo", "El Greco", "about 1600", 436575),
    Painting("ia_orana_maria", "Ia Orana Maria", "Paul Gauguin", "1891", 438821),
    Painting("primavesi", "Mäda Primavesi", "Gustav Klimt", "1912-13", 436819),
    Painting("apples", "Still Life with Apples", "Paul Cézanne", "about 1890", 435882),
    Painting("seashore", "By the Seashore", "Auguste Renoir", "1883", 437430),
    Painting("repast_of_the_lion", "The Repast of the Lion", "Henri Rousseau", "about 1907", 438822),
    Painting("harvesters", "The Harvesters", "Pieter Bruegel the Elder", "1565", 435809),
)
