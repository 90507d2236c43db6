"""Classical fillings: slopes go on, and nothing of what is under the mask leaks."""

from __future__ import annotations

import numpy
import pytest

from engine.inpainting import classical as classical_methods
from engine.inpainting.classical import CLASSICAL_SIDES, Classical, classical
from tests.support.pictures import colours, small_hole


@pytest.mark.parametrize("method", list(CLASSICAL_SIDES))
def test_a_slope_goes_on_through_a_classical_filling(method: Classical) -> None:
    rows = numpy.linspace(0.2, 0.8, 60, dtype=numpy.float32)[:, None, None]
    slope = numpy.broadcast_to(rows, (60, 80, 3)).copy()
    mask = small_hole(80, 60)
    broken = numpy.where(mask[..., None], 0, slope).astype(numpy.float32)
    assert numpy.abs(classical(broken, mask, method) - slope).max() < 0.05


def test_a_large_part_is_filled_at_a_smaller_size(monkeypatch: pytest.MonkeyPatch) -> None:
    photo, mask = colours(160, 120), small_hole(160, 120)
    monkeypatch.setattr(classical_methods, "CLASSICAL_SIDES", dict.fromkeys(CLASSICAL_SIDES, 64))
    filled = classical(numpy.where(mask[..., None], 1, photo).astype(numpy.float32), mask, "telea")
    assert filled.shape == photo.shape
    # The white that was under the mask would make it brighter than anything around it.
    assert filled[mask].max() <= photo[~mask].max() + 0.05
    assert filled[mask].mean() < 0.8
