"""MATLAB's bicubic interpolation against its published weights and a slow version of its rule."""

from __future__ import annotations

import math

import numpy
import pytest
import torch

from engine.imaging.resize import back_projected, imresize, imresize_bytes, resample, taps
from engine.imaging.tensors import to_tensor
from tests.support import pictures


def slow(line: list[float], new: int) -> list[float]:
    """imresize of one line, sample by sample, as its documentation tells it."""
    scale, samples = new / len(line), []
    stretch = max(1 / scale, 1)
    for place in range(new):
        centre = (place + 0.5) / scale - 0.5
        total = weight_sum = 0.0
        for source in range(math.floor(centre - 2 * stretch) - 1, math.ceil(centre + 2 * stretch) + 2):
            x = abs(centre - source) / stretch
            if x <= 1:
                weight = 1.5 * x**3 - 2.5 * x**2 + 1
            elif x <= 2:
                weight = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
            else:
                weight = 0.0
            total += weight * line[min(max(source, 0), len(line) - 1)]
            weight_sum += weight
        samples.append(total / weight_sum)
    return samples


def test_the_weights_are_the_known_ones() -> None:
    assert taps(8, 16).weights[6].tolist() == [-0.0234375, 0.2265625, 0.8671875, -0.0703125]
    halves = [-0.01171875, -0.03515625, 0.11328125, 0.43359375]
    assert [each for each in taps(16, 8).weights[3].tolist() if each] == [*halves, *halves[::-1]]


@pytest.mark.parametrize("new", [3, 4, 5, 11, 13, 26, 40, 52])
def test_a_line_against_the_slow_version(new: int) -> None:
    line = torch.rand(13, generator=torch.Generator().manual_seed(new), dtype=torch.float64)
    resized = resample(line[None, None, None], taps(13, new), 3)[0, 0, 0]
    assert resized.tolist() == pytest.approx(slow(line.tolist(), new), abs=1e-12)


def test_a_picture_is_rows_then_columns() -> None:
    picture = torch.rand(1, 2, 9, 12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    resized = imresize(picture, (5, 20))
    assert resized.shape == (1, 2, 20, 5)
    rows = torch.tensor([slow(column, 20) for column in picture[0, 1].T.tolist()]).T
    assert torch.allclose(resized[0, 1], torch.tensor([slow(row, 5) for row in rows.tolist()], dtype=torch.float64))


def test_bytes_are_rounded_after_each_direction() -> None:
    values = numpy.asarray(pictures.scene(24, 20))
    rows = [[[round_half_up(x) for x in slow(values[:, x, c].tolist(), 5)] for c in range(3)] for x in range(24)]
    first = numpy.array(rows).transpose(2, 0, 1)  # (rows, columns, channels)
    expected = numpy.array(
        [[[round_half_up(v) for v in slow(first[y, :, c].tolist(), 6)] for c in range(3)] for y in range(5)]
    )
    assert (imresize_bytes(values, (6, 5)) == expected.transpose(0, 2, 1)).all()


def round_half_up(value: float) -> int:
    return min(max(math.floor(value + 0.5 + 1e-9), 0), 255)


def test_the_bytes_given_are_not_changed() -> None:
    values = numpy.asarray(pictures.scene())
    before = values.copy()
    assert imresize_bytes(values, (12, 9)).shape == (9, 12, 3)
    assert (values == before).all()


def test_a_part_needs_only_what_it_says() -> None:
    line = torch.rand(1, 1, 1, 50)
    part = taps(50, 125).part(40, 60)
    low, high = part.needed
    assert 10 < low < high < 30
    resampled = resample(line[..., low:high], part, 3, offset=low)
    assert torch.allclose(resampled, resample(line, taps(50, 125), 3)[..., 40:60], rtol=0, atol=1e-6)


def test_back_projection_leads_colours_back() -> None:
    small = 0.25 + 0.5 * to_tensor(pictures.scene(24, 16))
    drifted = imresize(small, (96, 64)) + torch.tensor([0.05, -0.03, 0.02])[:, None, None]
    before, after = (
        (imresize(each, (24, 16)) - small).abs().mean() for each in (drifted, back_projected(drifted, small))
    )
    assert after < 0.15 * before
