"""A face as points: MediaPipe's mesh of 468, and the 68 that the field uses. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy
from numpy.typing import NDArray

from engine.imaging.tiles import Box

Points = NDArray[Any]
"""``(N, 2)`` float32: across and down in pixels, the middle of the upper left pixel is (0, 0)."""

JAW, BROWS, NOSE, EYES, MOUTH = slice(0, 17), slice(17, 27), slice(27, 36), slice(36, 48), slice(48, 68)
LEFT_EYE, RIGHT_EYE, LEFT_BROW, RIGHT_BROW = slice(36, 42), slice(42, 48), slice(17, 22), slice(22, 27)
OUTER_LIPS, INNER_LIPS = slice(48, 60), slice(60, 68)
"""Parts of the 68 points of iBUG 300-W (Sagonas et al. 2013); left is left in the picture."""
INNER = slice(17, 68)
"""All but the jaw, whose definition differs from method to method."""

LANDMARKS_OF_MESH = (
    127, 234, 93, 215, 138, 136, 150, 176, 152, 400, 379, 365, 367, 435, 323, 454, 356,
    70, 63, 105, 66, 55, 285, 296, 334, 293, 300,
    168, 197, 5, 4, 75, 97, 2, 326, 305,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 11, 267, 269, 291, 405, 314, 17, 84, 91, 78, 82, 13, 312, 308, 317, 14, 87,
)  # fmt: skip
"""Which points of the mesh stand for the 68; chosen against another detector on faces apart from those measured."""
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""The mesh's outline, from the top of the forehead clockwise."""
CHEEKS = 234, 454
"""Left and right edge of the mesh, for the turn of the head."""


@dataclass(frozen=True, eq=False)
class Face:
    """One face of a picture."""

    mesh: NDArray[numpy.float32]
    """``(468, 3)``: across, down, and depth (smaller towards the camera), all in pixels of the picture."""
    score: float
    """How sure the mesh is that this is a face, 0 to 1."""

    @property
    def landmarks(self) -> Points:
        """The 68 points, ``(68, 2)``."""
        return self.mesh[list(LANDMARKS_OF_MESH), :2]

    @property
    def box(self) -> Box:
        """Around all points; may reach out of the picture."""
        (left, top), (right, bottom) = self.mesh[:, :2].min(0), self.mesh[:, :2].max(0)
        return Box(int(left), int(top), int(right) + 1, int(bottom) + 1)

    @property
    def eyes(self) -> tuple[Points, Points]:
        """Middles of the left and of the right eye, ``(2,)`` each."""
        points = self.landmarks
        return points[LEFT_EYE].mean(0), points[RIGHT_EYE].mean(0)

    @property
    def scale(self) -> float:
        """Distance between the outer corners of the eyes in pixels; what errors are measured in (300-W)."""
        points = self.landmarks
        return float(numpy.linalg.norm(points[45] - points[36]))

    @property
    def yaw(self) -> float:
        """Turn to the side in degrees, from the depth of the two edges; 0 straight ahead."""
        left, right = self.mesh[list(CHEEKS)]
        across = float(numpy.linalg.norm(right[:2] - left[:2]))
        return float(numpy.degrees(numpy.arctan2(right[2] - left[2], across)))

    @property
    def roll(self) -> float:
        """Tilt to the side in degrees, clockwise in the picture."""
        left, right = self.eyes
        return float(numpy.degrees(numpy.arctan2(right[1] - left[1], right[0] - left[0])))


def openness(points: Points) -> dict[str, float]:
    """How far eyes and lips of 68 points are open: height through width, ``left eye``, ``right eye``, ``mouth``."""
    ratios = {}
    for name, part in (("left eye", LEFT_EYE), ("right eye", RIGHT_EYE)):
        eye = points[part]
        height = numpy.linalg.norm(eye[1] - eye[5]) + numpy.linalg.norm(eye[2] - eye[4])
        ratios[name] = float(height / (2 * numpy.linalg.norm(eye[3] - eye[0]) + 1e-6))
    lips = points[INNER_LIPS]
    gap = sum(float(numpy.linalg.norm(lips[above] - lips[below])) for above, below in ((1, 7), (2, 6), (3, 5))) / 3
    ratios["mouth"] = float(gap / (numpy.linalg.norm(lips[4] - lips[0]) + 1e-6))
    return ratios
