"""Several versions of one picture beside each other, and what each of them cost and is worth. No torch here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy
from PIL import Image

from engine.imaging.montage import Montage

STOPPED = "stopped"
"""In place of the quality of what was not finished."""
DIFFERENCE_GAIN = 4
"""How much a difference map is brightened: an error of 32 grey levels is half way to black or white."""


@dataclass(frozen=True)
class Panel:
    """One of the pictures."""

    title: str
    """``"GAN (SRGAN)"``, ``"original"``."""
    image: Image.Image
    """RGB."""
    seconds: float | None = None
    """How long it took; None for what was not computed."""
    memory: int | None = None
    """How much more memory it took than was in use before it, in bytes."""
    quality: Mapping[str, float] = field(default_factory=dict)
    """``psnr`` in dB, ``ssim``, ``lpips``, and what else was measured; only where there is an original."""
    stopped: bool = False
    """Whether a stop left this unfinished."""

    @property
    def figures(self) -> str:
        """Time, memory and quality in a line."""
        told = []
        if self.seconds is not None:
            told.append(f"{self.seconds:.2f} s")
        if self.memory is not None:
            told.append(f"+{self.memory / 1e9:.2f} GB")
        if self.judged:
            told.append(self.judged)
        return ", ".join(told)

    @property
    def facts(self) -> dict[str, float | None]:
        """The same as JSON-ready values."""
        return {"seconds": round(self.seconds or 0, 3), "memory_bytes": self.memory, **self.quality}

    @property
    def judged(self) -> str:
        """Quality alone; empty where there is no original."""
        if self.stopped:
            return STOPPED
        if not self.quality:
            return ""
        told = "PSNR {psnr:.2f} dB, SSIM {ssim:.3f}, LPIPS {lpips:.3f}".format(**self.quality)
        return told + (f", sharpness {self.quality['sharpness']:.2f}" if "sharpness" in self.quality else "")


@dataclass(frozen=True)
class Comparison:
    """All of them, of one size; the explanation of a run."""

    panels: Sequence[Panel]
    """In their order."""
    missing: Sequence[str] = ()
    """Titles of methods that a stop left out."""
    last: bool = True
    """Whether the last panel is what methods are compared with, and stands behind those that were left out."""
    columns: int = 0
    """In a row of the sheet; 0 for all of them."""
    pair: tuple[str, str] | None = None
    """Titles of the two that are shown first on top of each other; None for the first one and the last method."""

    def picture(self) -> Image.Image:
        """A sheet with all figures as captions, for a file."""
        return self._sheet([f"{panel.title}\n{panel.figures}" for panel in self.panels])

    def sheet(self) -> Image.Image:
        """A sheet with captions that are the same whenever it is made: without time and memory."""
        return self._sheet([f"{panel.title}\n{panel.judged}" for panel in self.panels])

    def _sheet(self, captions: Sequence[str]) -> Image.Image:
        first = self.panels[0].image
        left_out = [f"{title}\n{STOPPED}" for title in self.missing]
        told = [*captions[:-1], *left_out, captions[-1]] if self.last else [*captions, *left_out]
        montage = Montage(first.size, told, columns=self.columns or len(told), text=max(12, first.width // 32))
        for index, panel in enumerate(self.panels):
            behind = len(left_out) if self.last and index == len(self.panels) - 1 else 0
            montage.paste(index + behind, panel.image)
        return montage.image

    def named(self, title: str) -> Panel:
        """The panel of that title; the first one where there is none."""
        return next((panel for panel in self.panels if panel.title == title), self.panels[0])


def difference(picture: Image.Image, other: Image.Image) -> Image.Image:
    """What ``picture`` has more (brighter) or less (darker) than ``other`` of the same size, around grey; RGB."""
    ours, theirs = (numpy.asarray(each.convert("RGB")).astype(numpy.int16) for each in (picture, other))
    return Image.fromarray((128 + DIFFERENCE_GAIN * (ours - theirs)).clip(0, 255).astype(numpy.uint8))
