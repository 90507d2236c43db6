"""Several versions of one picture beside each other, and what each of them cost and is worth. No torch here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy
from PIL import Image

from engine.contracts.facts import MethodFacts
from engine.contracts.messages import Listing, Message
from engine.imaging.montage import Montage

STOPPED = Message("stopped")
"""Stands in place of the quality of what was not finished."""
MEASURES = {"psnr": "PSNR {:.2f} dB", "ssim": "SSIM {:.3f}", "lpips": "LPIPS {:.3f}"}
"""Measure -> how it is written, in this order."""
DIFFERENCE_GAIN = 4
"""How much a difference map is brightened: an error of 32 grey levels is half way to black or white."""


@dataclass(frozen=True)
class Panel:
    """One of the pictures."""

    title: Message
    """``"GAN (SRGAN)"``, ``"original"``."""
    image: Image.Image
    """RGB."""
    seconds: float | None = None
    """How long it took; None for what was not computed."""
    memory_bytes: int | None = None
    """How much more memory it took than was in use before it."""
    quality: Mapping[str, float] = field(default_factory=dict)
    """``psnr`` in dB, ``ssim``, ``lpips``, where there is an original; ``sharpness``; ``bits`` for each value."""
    stopped: bool = False
    """Whether a stop left this unfinished."""
    name: str = ""
    """See :attr:`engine.contracts.facts.MethodFacts.name`."""

    @property
    def figures(self) -> Listing:
        """Time, memory and quality in a line."""
        costs = []
        if self.seconds is not None:
            costs.append(f"{self.seconds:.2f} s")
        if self.memory_bytes is not None:
            costs.append(f"+{self.memory_bytes / 1e9:.2f} GB")
        return Listing([*costs, *self.quality_line.parts])

    @property
    def facts(self) -> MethodFacts:
        """The same, typed."""
        return MethodFacts(
            title=self.title,
            seconds=self.seconds or 0,
            memory_bytes=self.memory_bytes,
            figures=self.quality,
            name=self.name,
        )

    @property
    def quality_line(self) -> Listing:
        """Quality alone; empty where nothing was measured."""
        if self.stopped:
            return Listing([STOPPED])
        if not self.quality:
            return Listing([])
        measures = [text.format(self.quality[name]) for name, text in MEASURES.items() if name in self.quality]
        parts: list[Message | str] = [", ".join(measures)] if measures else []
        if "sharpness" in self.quality:
            parts.append(Message("sharpness {sharpness:.2f}", sharpness=self.quality["sharpness"]))
        if "bits" in self.quality:
            parts.append(Message("{bits:.2f} bits", bits=self.quality["bits"]))
        return Listing(parts)


@dataclass(frozen=True)
class Comparison:
    """All of them, of one size; the explanation of a run."""

    panels: Sequence[Panel]
    """In their order."""
    missing: Sequence[Message] = ()
    """Titles of methods that a stop left out."""
    last: bool = True
    """Whether the last panel is what methods are compared with, and stands behind those that were left out."""
    columns: int = 0
    """Panels in a row of the sheet; 0 for all of them."""
    pair: tuple[int, int] | None = None
    """Numbers, from 0, of the two panels that are first shown on top of each other; None for the first one and the
    last method."""

    @property
    def first_pair(self) -> tuple[int, int]:
        """The two panels that are first shown on top of each other."""
        return self.pair or (0, max(0, len(self.panels) - 2))

    def picture(self) -> Image.Image:
        """A sheet with all figures as captions, for a file."""
        return self._sheet([f"{panel.title}\n{panel.figures}" for panel in self.panels])

    def sheet(self) -> Image.Image:
        """A sheet with captions that are the same whenever it is made: without time and memory."""
        return self._sheet([f"{panel.title}\n{panel.quality_line}" for panel in self.panels])

    def _sheet(self, captions: Sequence[str]) -> Image.Image:
        first = self.panels[0].image
        left_out = [f"{title}\n{STOPPED}" for title in self.missing]
        every = [*captions[:-1], *left_out, captions[-1]] if self.last else [*captions, *left_out]
        montage = Montage(first.size, every, columns=self.columns or len(every), text=max(12, first.width // 32))
        for index, panel in enumerate(self.panels):
            behind = len(left_out) if self.last and index == len(self.panels) - 1 else 0
            montage.paste(index + behind, panel.image)
        return montage.image


def difference(picture: Image.Image, other: Image.Image) -> Image.Image:
    """Difference of two pictures of the same size, RGB around grey: brighter where ``picture`` has more."""
    ours, theirs = (numpy.asarray(each.convert("RGB")).astype(numpy.int16) for each in (picture, other))
    return Image.fromarray((128 + DIFFERENCE_GAIN * (ours - theirs)).clip(0, 255).astype(numpy.uint8))
