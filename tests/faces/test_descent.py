"""The face made anew: which patches may be taken, and the blur of a correction."""

from __future__ import annotations

import cv2
import numpy
import pytest
import torch

from engine.faces import classical_swap, descent
from engine.faces.aligned_face import AlignedFace, region_labels
from engine.imaging.tensors import blurred


def test_a_patch_comes_from_the_same_part_and_near(scene: AlignedFace, source: AlignedFace) -> None:
    face = classical_swap.warped(scene, source)
    labels = region_labels(scene.landmarks, scene.inside)
    hidden = face.skin * 0
    stage = descent.Stage(scene.crop, [face.colours] * 2, [face.skin, hidden], labels, scene.inside)
    features = 32
    allowed = descent.allowed_near(stage, features, torch.device("cpu"))
    small = cv2.resize(labels.astype(numpy.uint8), (features, features), interpolation=cv2.INTER_NEAREST)[1:-1, 1:-1]
    valid = cv2.resize(face.skin, (features, features), interpolation=cv2.INTER_AREA)[1:-1, 1:-1] > 0.5
    side = features - 2
    assert allowed.regions is not None
    assert allowed.table.shape[1] == 2 * side * side
    random = numpy.random.default_rng(0)
    for row, column in random.integers(0, side, (40, 2)):
        answer = allowed.table[allowed.regions[row, column]].reshape(2, side, side)
        down, across = ((numpy.arange(1, side + 1) * descent.CELLS) // features for _ in range(2))
        near = (abs(down - down[row]) <= 1)[:, None] & (abs(across - across[column]) <= 1)[None]
        expected = near & (small == small[row, column])
        if (expected & valid).any():
            assert (answer[0].numpy() == (expected & valid)).all()
            assert not answer[1].any(), "nothing of a picture that shows no face there"
        else:
            assert (answer.numpy() == expected).all()


def test_a_blur_keeps_what_is_even_and_averages_the_rest() -> None:
    even = torch.full((1, 3, 20, 24), 0.3)
    assert torch.allclose(blurred(even, 2.0), even)
    point = torch.zeros(1, 1, 21, 21)
    point[..., 10, 10] = 1
    spot = blurred(point, 1.5)
    assert float(spot.sum()) == pytest.approx(1, abs=1e-4)
    assert float(spot[0, 0, 10, 12]) == pytest.approx(float(spot[0, 0, 12, 10]))
    spread = (spot[0, 0].sum(0) * (torch.arange(21) - 10) ** 2).sum()
    assert float(spread) == pytest.approx(1.5**2, rel=0.05)
