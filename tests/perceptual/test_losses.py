"""Every loss against a slow independent version in float64, and its gradient against differences."""

from __future__ import annotations

import itertools

import numpy
import pytest
import torch
from torch import Tensor

from engine.perceptual import losses

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 2e-2}
FORMATS = (torch.contiguous_format, torch.channels_last)


def features(shape: tuple[int, ...], dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def slow_gram(values: numpy.ndarray) -> numpy.ndarray:
    """One number at a time, as the definition says."""
    batch, channels, height, width = values.shape
    gram = numpy.zeros((batch, channels, channels))
    for b, i, j in itertools.product(range(batch), range(channels), range(channels)):
        gram[b, i, j] = sum(values[b, i, y, x] * values[b, j, y, x] for y in range(height) for x in range(width)) / (
            height * width
        )
    return gram


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_gram_matrix_is_the_definition(dtype: torch.dtype, layout: torch.memory_format) -> None:
    values = features((2, 5, 4, 7), dtype).contiguous(memory_format=layout)
    expected = slow_gram(values.double().numpy())
    gram = losses.gram_matrix(values)
    assert gram.dtype == dtype
    numpy.testing.assert_allclose(gram.double().numpy(), expected, rtol=TOLERANCE[dtype])


@pytest.mark.parametrize("layout", FORMATS)
def test_gram_matrix_has_the_gradient_of_its_definition(layout: torch.memory_format) -> None:
    values = features((1, 3, 4, 2)).contiguous(memory_format=layout).requires_grad_()
    assert torch.autograd.gradcheck(losses.gram_matrix, (values,))
    unsymmetric = features((1, 3, 3), seed=1)
    (ours,) = torch.autograd.grad((losses.gram_matrix(values) * unsymmetric).sum(), values)
    rows = values.flatten(2)
    (plain,) = torch.autograd.grad((rows @ rows.mT / rows.shape[2] * unsymmetric).sum(), values)
    torch.testing.assert_close(ours, plain)


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("part", [1, 40, losses.PART], ids=["a row", "some rows", "whole"])
def test_moments_are_numpys(
    dtype: torch.dtype, layout: torch.memory_format, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "PART", part)
    values = features((2, 5, 4, 7), dtype).contiguous(memory_format=layout)
    found = losses.moments(values).double().numpy()
    assert found.shape == (2, 5, 6)
    for picture, ours in zip(values.double().numpy(), found, strict=True):
        rows = picture.reshape(5, -1)
        near = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype] / 5}
        numpy.testing.assert_allclose(ours[:, :5], numpy.cov(rows, bias=True), **near)
        numpy.testing.assert_allclose(ours[:, 5], rows.mean(1), **near)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_a_covariance_is_right_where_the_mean_is_far_above_the_deviation(dtype: torch.dtype) -> None:
    values = (10 + features((1, 5, 40, 40), torch.float64)).to(dtype)
    ours = losses.moments(values).double().numpy()[0, :, :5]
    expected = numpy.cov(values.double().numpy()[0].reshape(5, -1), bias=True)
    assert numpy.linalg.norm(ours - expected) < 0.02 * numpy.linalg.norm(expected)


@pytest.mark.parametrize("part", [1, 40, losses.PART], ids=["a row", "some rows", "whole"])
@pytest.mark.parametrize("layout", FORMATS)
def test_moments_have_the_gradient_of_their_definition(
    layout: torch.memory_format, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "PART", part)
    values = features((1, 3, 4, 2)).contiguous(memory_format=layout).requires_grad_()
    assert torch.autograd.gradcheck(losses.moments, (values,))


def test_the_moments_style_loss_is_the_mean_of_both_errors() -> None:
    values, target = features((1, 3, 4, 5)), features((1, 3, 6, 4), seed=1)
    ours, theirs = losses.moments(values), losses.moments(target)
    covariance, mean = (
        ((a - b).square().sum() / b.square().sum())
        for a, b in ((ours[..., :3], theirs[..., :3]), (ours[..., 3], theirs[..., 3]))
    )
    loss = losses.style_loss(values, theirs, "moments")
    torch.testing.assert_close(loss, (covariance + mean) / 2)
    assert losses.style_loss(target, theirs, "moments") < 1e-12


def test_gram_matrix_does_not_depend_on_the_size_of_the_picture() -> None:
    values = features((1, 4, 5, 6))
    torch.testing.assert_close(losses.gram_matrix(values), losses.gram_matrix(values.repeat(1, 1, 3, 2)))


def test_style_and_content_loss_are_relative_errors() -> None:
    values, target = features((1, 3, 4, 5)), features((1, 3, 4, 5), seed=1)
    gram, goal = slow_gram(values.numpy()), slow_gram(target.numpy())
    expected = ((gram - goal) ** 2).sum() / (goal**2).sum()
    assert losses.style_loss(values, losses.gram_matrix(target)).item() == pytest.approx(expected, rel=1e-12)
    content = ((values - target) ** 2).sum() / (target**2).sum()
    assert losses.content_loss(values, target).item() == pytest.approx(content.item(), rel=1e-12)
    assert losses.content_loss(10 * values, 10 * target).item() == pytest.approx(content.item(), rel=1e-12)


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("part", [1, 40, losses.PART], ids=["a row", "some rows", "whole"])
def test_content_is_compared_in_parts(part: int, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    values, target = features((batch, 3, 7, 5)).requires_grad_(), features((batch, 3, 7, 5), seed=1)
    plain = losses.relative_error(values, target)
    (expected,) = torch.autograd.grad(plain, values)
    monkeypatch.setattr(losses, "PART", part)
    loss = losses.content_loss(values, target)
    (gradient,) = torch.autograd.grad(loss, values)
    torch.testing.assert_close(loss, plain)
    torch.testing.assert_close(gradient, expected)


def test_total_variation_is_the_mean_squared_difference_of_neighbours() -> None:
    picture = features((1, 3, 5, 6))
    values = picture.numpy()
    across = [(values[0, c, y, x + 1] - values[0, c, y, x]) ** 2 for c in range(3) for y in range(5) for x in range(5)]
    down = [(values[0, c, y + 1, x] - values[0, c, y, x]) ** 2 for c in range(3) for y in range(4) for x in range(6)]
    expected = numpy.mean(across) + numpy.mean(down)
    assert losses.total_variation(picture).item() == pytest.approx(expected, rel=1e-12)
    assert losses.total_variation(torch.full((1, 3, 4, 4), 0.3)).item() == 0


def test_pixel_loss_is_the_mean_squared_distance() -> None:
    picture, target = features((1, 3, 4, 4)), features((1, 3, 4, 4), seed=1)
    assert losses.pixel_loss(picture, target).item() == pytest.approx(((picture - target) ** 2).mean().item())


@pytest.mark.parametrize(
    "loss",
    [
        lambda value: losses.content_loss(value, features((1, 3, 4, 4), seed=1)),
        lambda value: losses.style_loss(value, losses.gram_matrix(features((1, 3, 4, 4), seed=1))),
        lambda value: losses.pixel_loss(value, features((1, 3, 4, 4), seed=1)),
        losses.total_variation,
    ],
    ids=["content", "style", "pixels", "total variation"],
)
def test_gradients_of_the_losses(loss: object) -> None:
    assert torch.autograd.gradcheck(loss, (features((1, 3, 4, 4)).requires_grad_(),))  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_losses_of_narrow_features_are_float32(dtype: torch.dtype) -> None:
    values = features((1, 4, 6, 6), dtype)
    assert losses.content_loss(values, values).dtype == torch.float32
    assert losses.style_loss(values, losses.gram_matrix(values)).dtype == torch.float32


def test_a_target_of_zeros_gives_a_finite_loss() -> None:
    zeros = torch.zeros(1, 3, 4, 4)
    assert torch.isfinite(losses.content_loss(torch.ones(1, 3, 4, 4), zeros))
    assert losses.content_loss(zeros, zeros).item() == 0
