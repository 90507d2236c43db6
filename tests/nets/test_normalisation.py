"""Instance normalisation against its definition."""

from __future__ import annotations

import pytest
import torch

from engine.nets.normalisation import EPSILON, channel_moments, normalised


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("channels", "width"), [(1, 32), (3, 24), (4, 7), (8, 48)])
def test_few_channels_have_the_moments_of_the_definition(
    channels: int, width: int, layout: torch.memory_format
) -> None:
    features = (3 + 2 * torch.randn(1, channels, 10, width, dtype=torch.float64)).contiguous(memory_format=layout)
    features[:, 0] = 7.0  # no variance
    mean, variance = channel_moments(features)
    torch.testing.assert_close(mean, features.mean((0, 2, 3)))
    torch.testing.assert_close(variance, features.var((0, 2, 3), correction=0), atol=1e-12, rtol=1e-9)
    scale, shift = torch.rand(1, channels, dtype=torch.float64), torch.rand(1, channels, dtype=torch.float64)
    with torch.no_grad():
        ours = normalised(0, features, scale, shift)
    plain = (features - mean[:, None, None]) / (variance[:, None, None] + EPSILON).sqrt()
    torch.testing.assert_close(ours, plain * scale[..., None, None] + shift[..., None, None])
