"""Results as files: what a saved picture keeps."""

from __future__ import annotations

import io

import numpy
import pytest
from PIL import Image

from engine import save_picture
from engine.imaging.picture import read_recipe
from tests.support import pictures


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_a_saved_picture_keeps_pixels_profile_and_recipe_only(kind: str) -> None:
    stream = io.BytesIO()
    mine = pictures.scene()
    mine.info["comment"] = b"private"
    save_picture(mine, stream, kind=kind, recipe='{"seed": 3}')  # type: ignore[arg-type]
    stream.seek(0)
    assert read_recipe(stream) == '{"seed": 3}'
    with Image.open(stream) as again:
        assert "icc_profile" in again.info
        assert not again.getexif()
        assert numpy.abs(numpy.asarray(again).astype(int) - numpy.asarray(mine)).mean() < (0.01 if kind == "png" else 3)
    bare = io.BytesIO()
    save_picture(mine, bare, kind=kind)  # type: ignore[arg-type]
    assert b"private" not in bare.getvalue()
    bare.seek(0)
    assert not read_recipe(bare)
