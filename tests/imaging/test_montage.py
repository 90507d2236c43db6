"""Sheets of pictures with captions."""

from __future__ import annotations

import numpy
from PIL import Image

from engine.imaging.montage import Montage


def test_captions_fit_into_their_rooms() -> None:
    sheet = Montage((40, 30), ["V1: Gram matrices", "V3: nearest patches"], columns=2)
    ink = numpy.asarray(sheet.image.convert("L")) < 128
    assert not ink[:, -2:].any(), "the last caption touches the border"
    room = (sheet.image.width + 4) // 2
    assert not ink[:, room - 3 : room].any(), "the captions touch each other"
    sheet.paste(0, Image.new("RGB", (80, 20), "black"))
    panel = numpy.asarray(sheet.image.convert("L"))[18:48, :40] < 128
    assert panel.any(axis=0).all(), "as wide as the room"
    assert panel.any(axis=1).sum() == 10, "in its own proportions"
