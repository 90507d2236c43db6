"""The main subject of a picture as a mask."""

from __future__ import annotations

import numpy
import pytest
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


def two_things() -> tuple[Image.Image, numpy.ndarray, numpy.ndarray]:
    """A large thing and a small one on a plain ground, and where each is."""
    image = Image.new("RGB", (480, 320), (150, 170, 190))
    masks = []
    for box, colour in (((60, 60, 240, 260), (120, 40, 40)), ((350, 120, 420, 190), (230, 200, 60))):
        mask = Image.new("L", image.size)
        ImageDraw.Draw(image).ellipse(box, colour)
        ImageDraw.Draw(mask).ellipse(box, 255)
        masks.append(numpy.asarray(mask) > 0)
    return image, masks[0], masks[1]


@pytest.mark.parametrize(("place", "which"), [((31, 50), 0), ((80, 48), 1)])
def test_what_is_pointed_at_is_marked(runtime: Runtime, place: tuple[float, float], which: int) -> None:
    image, *things = two_things()
    marked = proposed(runtime, image, margin=0, across=place[0], down=place[1])
    thing, other = things[which], things[1 - which]
    assert (marked & thing).sum() / (marked | thing).sum() > 0.85
    assert not (marked & other).any()


def test_pointing_at_the_ground_marks_little(runtime: Runtime) -> None:
    image, *_ = two_things()
    assert proposed(runtime, image, margin=0, across=2, down=96).mean() < 0.2
