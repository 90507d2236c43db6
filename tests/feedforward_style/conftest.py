"""Shared by the tests of style V2's painters."""

from __future__ import annotations

import pytest

from engine.feedforward_style import banded_inference
from engine.feedforward_style.painters import TransformPainter
from tests.support.nets import random_net


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> TransformPainter:
    """A painter whose bands are a few rows."""
    monkeypatch.setattr(banded_inference, "BAND_VALUES", 3000)
    net, style = random_net()
    return TransformPainter(net, style)
