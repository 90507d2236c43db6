"""Filling holes without a network: three classical methods. Colours ``(H, W, 3)`` in [0, 1], float32, sRGB.

What is given where the mask is True never matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import cv2
import numpy

from engine.imaging.masks import Colours, Mask

Classical = Literal["telea", "navier-stokes", "biharmonic"]

RADIUS = 5
"""Radius of Telea's and the flow's neighbourhood in pixels; larger ones are slower and no better on photos."""
CLASSICAL_SIDES: Mapping[Classical, int] = {"telea": 1536, "navier-stokes": 1536, "biharmonic": 512}
"""Longest side in pixels that each is computed at: what they make is smooth, and their time grows quickly."""


def classical(colours: Colours, mask: Mask, method: Classical) -> Colours:
    """A filling without a network; a picture as large as was given.

    - ``telea``: fast marching from the border inwards (Telea 2004), OpenCV's;
    - ``navier-stokes``: isophotes carried on like a flow (Bertalmio et al. 2001), OpenCV's;
    - ``biharmonic``: the smoothest surface through the border (Damelin & Hoang 2018), scikit-image's.
    """
    height, width = mask.shape
    factor = CLASSICAL_SIDES[method] / max(height, width)
    if factor < 1:
        size = (max(1, round(factor * width)), max(1, round(factor * height)))
        known = (~mask).astype(numpy.float32)
        share = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
        small = cv2.resize(colours * known[..., None], size, interpolation=cv2.INTER_AREA)
        small = small / share.clip(1e-6, None)[..., None]
        filled = classical(small.astype(numpy.float32), share < 1e-3, method)
        return cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    if method == "biharmonic":
        return _biharmonic(colours, mask)
    values = (255 * colours).round().astype(numpy.uint8)
    flag = cv2.INPAINT_TELEA if method == "telea" else cv2.INPAINT_NS
    return cv2.inpaint(values, mask.astype(numpy.uint8), RADIUS, flag).astype(numpy.float32) / 255


def _biharmonic(colours: Colours, mask: Mask) -> Colours:
    from skimage.restoration import inpaint_biharmonic

    filled = inpaint_biharmonic(colours, mask, channel_axis=-1, split_into_regions=True)
    return filled.clip(0, 1).astype(numpy.float32)  # type: ignore[no-any-return]
