"""Tensors of pictures: what is blurred."""

from __future__ import annotations

import cv2
import numpy
import pytest
import torch

from engine.imaging.tensors import blurred


@pytest.mark.parametrize("deviation", [0.5, 0.8, 3.0])
def test_a_blur_is_the_one_of_opencv(deviation: float) -> None:
    picture = torch.rand(2, 3, 24, 17, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    side = 2 * max(1, round(3 * deviation)) + 1
    for plane, ours in zip(picture.flatten(0, 1), blurred(picture, deviation).flatten(0, 1), strict=True):
        theirs = cv2.GaussianBlur(plane.numpy(), (side, side), deviation, borderType=cv2.BORDER_REPLICATE)
        numpy.testing.assert_allclose(ours.numpy(), theirs, atol=1e-12)


def test_a_blur_has_a_gradient_and_leaves_the_picture_as_it_was() -> None:
    picture = torch.rand(1, 2, 6, 6, dtype=torch.float64, requires_grad=True)
    before = picture.detach().clone()
    assert torch.autograd.gradcheck(lambda each: blurred(each, 0.8), (picture,))
    assert torch.equal(picture.detach(), before)
    assert blurred(picture, 0.01) is picture
