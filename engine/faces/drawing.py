"""Faces for the eye: landmarks, numbered boxes."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.faces.align import samples
from engine.faces.aligned_face import AlignedFace
from engine.faces.face import BROWS, EYES, JAW, MOUTH, NOSE, Face, Points

PARTS = (
    (JAW, (255, 255, 255)), (BROWS, (255, 170, 60)), (NOSE, (120, 230, 120)), (EYES, (80, 200, 255)),
    (MOUTH, (255, 110, 160)),
)  # fmt: skip
"""Colour of each group of the 68 points."""
BOX = (255, 216, 74)


def dotted(image: NDArray[numpy.uint8], points: Points, radius: float) -> NDArray[numpy.uint8]:
    """A copy of an image with 68 points on it."""
    dots: NDArray[numpy.uint8] = image.copy()
    for part, colour in PARTS:
        for across, down in points[part]:
            place = (round(16 * float(across)), round(16 * float(down)))
            cv2.circle(dots, place, round(16 * (radius + 0.8)), (20, 20, 20), -1, cv2.LINE_AA, 4)
            cv2.circle(dots, place, round(16 * radius), colour, -1, cv2.LINE_AA, 4)
    return dots


REGIONS = numpy.array(
    [(235, 235, 235), (240, 205, 180), (200, 160, 140), (250, 170, 90), (220, 80, 110), (70, 150, 230), (110, 190, 250),
     (130, 90, 60), (165, 120, 85)], numpy.uint8,
)  # fmt: skip
"""Colours of :data:`engine.faces.aligned_face.LABELS`."""


def region_picture(labels: NDArray[numpy.int64]) -> NDArray[numpy.uint8]:
    """Parts of a face in colours: a patch is looked for in its own."""
    return REGIONS[labels]


def with_landmarks(head: AlignedFace) -> NDArray[numpy.uint8]:
    """An aligned face with its landmarks."""
    return dotted(samples(head.crop), head.landmarks, head.side / 170)


def numbered(image: NDArray[numpy.uint8], faces: Sequence[Face], *, landmarks: bool) -> Image.Image:
    """A picture with a numbered box around every face."""
    drawn = image
    if landmarks:
        for face in faces:
            drawn = dotted(drawn, face.landmarks, max(1.0, face.scale / 45))
    shown = Image.fromarray(numpy.ascontiguousarray(drawn))
    draw = ImageDraw.Draw(shown)
    line = max(2, round(max(shown.size) / 160))
    text = max(14, round(max(shown.size) / 24))
    font = ImageFont.load_default(text)
    for number, face in enumerate(faces, start=1):
        box = face.box
        draw.rectangle((box.left, box.top, box.right, box.bottom), None, BOX, line)
        label = str(number)
        wide = font.getlength(label) + text // 2
        top = max(0, box.top - text - line)
        draw.rectangle((box.left, top, box.left + wide, top + text + line), BOX)
        draw.text((box.left + text // 4, top), label, (20, 20, 20), font)
    return shown
