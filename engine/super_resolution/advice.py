"""Which method of super-resolution suits a picture, judged by the picture and its file. No torch here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from engine.contracts.messages import Message
from engine.contracts.notes import Note, NoteKind
from engine.imaging.picture import Picture
from engine.super_resolution.methods import METHODS

JUDGED_SIDE = 768
"""Longest side, in pixels, of the middle part that is judged."""
FLAT_SHARE, FLAT_LEVELS = 0.5, 1
"""A drawing has this share of pixels that differ from their neighbours by no more than so many grey levels..."""
EDGE_SHARE, EDGE_LEVELS, UNLIKE_LEVELS = 0.15, 48, 3
"""... and of those that differ by more than three, this share differs by much: an outline, where skies have slopes."""
PALETTE, PALETTE_SHARE = 24, 0.8
"""And it has this share of its pixels in so many colours, of 4096."""
TILE, QUIET = 16, 15
"""Noise is looked for in tiles of this side, in the quietest per cent of them: elsewhere there are things."""
NOISY = 4.0
"""Standard deviation of noise, in grey levels, that a net trained on clean pictures would sharpen."""
POOR_QUALITY = 75
"""JPEG quality below which blocks and rims would be sharpened."""


@dataclass(frozen=True)
class Advice:
    """A method, and why."""

    method: str
    """Key of :data:`engine.super_resolution.methods.METHODS`."""
    reason: Message


def advice(picture: Picture) -> Advice | None:
    """The method that suits a picture better than the default does; None where the default suits."""
    colours = _judged_part(picture)
    if _is_drawing(colours):
        return Advice("drawing", Message("large flat colours, as in a drawing"))
    quality = picture.jpeg_quality
    if quality is not None and quality < POOR_QUALITY:
        return Advice("real-esrgan", Message("a JPEG of quality {quality}, with blocks and rims", quality=quality))
    noise = noise_of(colours)
    if noise > NOISY:
        return Advice("real-esrgan", Message("noise of {levels:.0f} grey levels", levels=noise))
    return None


def remark(picture: Picture) -> Note | None:
    """The advice as a note on an upload."""
    found = advice(picture)
    if found is None:
        return None
    suited = METHODS[found.method].title
    return Note(NoteKind.ADVICE, Message("{reason}: {method} suits it", reason=found.reason, method=suited))


def noise_of(colours: NDArray[numpy.uint8]) -> float:
    """Standard deviation of a picture's noise in grey levels, ``(H, W, 3)``; 0 for one of less than a tile.

    Second differences in both directions cancel whatever is smooth (Immerkær 1996); unlike his, the mean is taken in
    quiet tiles alone, so that a lawn is not noise.
    """
    grey = colours.astype(numpy.float32).mean(2)
    across = grey[:, :-2] - 2 * grey[:, 1:-1] + grey[:, 2:]
    both = abs(across[:-2] - 2 * across[1:-1] + across[2:])
    rows, columns = (length // TILE for length in both.shape)
    if not rows * columns:
        return 0.0
    tiles = both[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE).mean((1, 3))
    # The differences' standard deviation is 6 times the noise's, and the mean of a Gaussian's size 0.798 of its own.
    return float(numpy.percentile(tiles, QUIET) / 6 / 0.798)


def _judged_part(picture: Picture) -> NDArray[numpy.uint8]:
    """The middle of a picture in its own pixels: reduced ones would hide what is judged."""
    width, height = picture.size
    left, top = max(0, (width - JUDGED_SIDE) // 2), max(0, (height - JUDGED_SIDE) // 2)
    return numpy.asarray(
        picture.image.crop((left, top, min(width, left + JUDGED_SIDE), min(height, top + JUDGED_SIDE)))
    )


def _is_drawing(colours: NDArray[numpy.uint8]) -> bool:
    values = colours.astype(numpy.int16)
    inner = values[:-1, :-1]
    unlike = numpy.maximum(abs(inner - values[1:, :-1]).max(2), abs(inner - values[:-1, 1:]).max(2))
    if (unlike <= FLAT_LEVELS).mean() < FLAT_SHARE:
        return False
    if (unlike > EDGE_LEVELS).sum() <= EDGE_SHARE * (unlike > UNLIKE_LEVELS).sum():
        return False
    sixteenths = (colours >> 4).astype(numpy.int32)
    keys = (sixteenths[..., 0] * 16 + sixteenths[..., 1]) * 16 + sixteenths[..., 2]
    counts = numpy.sort(numpy.bincount(keys.ravel(), minlength=4096))[::-1]
    return bool(counts[:PALETTE].sum() >= PALETTE_SHARE * keys.size)
