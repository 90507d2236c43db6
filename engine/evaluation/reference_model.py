"""An independent model of faces to measure ours with: dlib's detector, 68 points and 128-D embedding.

For development, never for a swap. It is not a dependency: ``pip install dlib-bin face_recognition_models``. The points
are for research only (iBUG 300-W).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy
from numpy.typing import NDArray

from engine.contracts.errors import ParameterError
from engine.contracts.messages import Message

MISSING = Message("This needs a model that is no part of the hub: pip install dlib-bin face_recognition_models")
POINTS, EMBEDDING = "shape_predictor_68_face_landmarks.dat", "dlib_face_recognition_resnet_model_v1.dat"
SIDE = 900
"""Longest side in pixels at which it looks at pictures."""


@dataclass(frozen=True, eq=False)
class ReferenceFace:
    """One face."""

    points: NDArray[numpy.float64]
    """``(68, 2)`` in pixels of the picture."""
    embedding: NDArray[numpy.float64]
    """``(128,)``; distances below 0.6 mean the same person."""


class ReferenceModel:
    """Looks at the largest face of a picture.

    Raises:
        ParameterError: dlib or its models are not installed.
    """

    def __init__(self) -> None:
        spec = find_spec("face_recognition_models")
        if find_spec("dlib") is None or spec is None or not spec.submodule_search_locations:
            raise ParameterError(MISSING)
        models = Path(next(iter(spec.submodule_search_locations))) / "models"
        dlib: Any = import_module("dlib")
        self._detect = dlib.get_frontal_face_detector()
        self._points = dlib.shape_predictor(str(models / POINTS))
        self._embed = dlib.face_recognition_model_v1(str(models / EMBEDDING))

    def __call__(self, picture: NDArray[numpy.uint8]) -> ReferenceFace | None:
        """A picture ``(H, W, 3)``; None where it finds no face."""
        import cv2

        factor = min(1.0, SIDE / max(picture.shape[:2]))
        size = (round(picture.shape[1] * factor), round(picture.shape[0] * factor))
        seen = numpy.ascontiguousarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
        boxes = self._detect(seen, 1)
        if not boxes:
            return None
        shape = self._points(seen, max(boxes, key=lambda box: box.area()))
        points = numpy.array([[shape.part(index).x, shape.part(index).y] for index in range(68)], numpy.float64)
        return ReferenceFace(points / factor, numpy.array(self._embed.compute_face_descriptor(seen, shape, 1)))
