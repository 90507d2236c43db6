"""The main subject of a picture as a mask."""

from __future__ import annotations

import numpy
from PIL import Image, ImageDraw

from engine import TASKS, Runtime, open_picture
from tests.support.runs import finished


def portrait() -> tuple[Image.Image, numpy.ndarray]:
    """Something on a plain ground, and where it is."""
    image, mask = Image.new("RGB", (300, 220), (150, 170, 190)), Image.new("L", (300, 220))
    for box, colour in (((110, 30, 190, 120), (210, 170, 140)), ((80, 115, 220, 219), (120, 40, 40))):
        ImageDraw.Draw(image).ellipse(box, colour)
        ImageDraw.Draw(mask).ellipse(box, 255)
    return image, numpy.asarray(mask) > 0


def proposed(runtime: Runtime, image: Image.Image, **parameters: float) -> numpy.ndarray:
    proposal = finished(runtime, TASKS["main-subject"], {"image": [open_picture(image)]}, **parameters).image
    assert proposal.size == image.size
    return numpy.asarray(proposal.convert("L")) > 127


def test_the_main_subject_is_marked(runtime: Runtime) -> None:
    image, subject = portrait()
    marked = proposed(runtime, image, margin=0)
    assert (marked & subject).sum() / (marked | subject).sum() > 0.8


def test_a_margin_goes_beyond_the_edge(runtime: Runtime) -> None:
    image, _ = portrait()
    tight, wide = proposed(runtime, image, margin=0), proposed(runtime, image, margin=5)
    assert (wide >= tight).all()
    assert wide.sum() > 1.1 * tight.sum()
