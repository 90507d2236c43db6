"""The mask that is painted on the page, and the tools that put something into it."""

from __future__ import annotations

import base64
import io
from typing import Any

import gradio as gr
import numpy
import pytest
from PIL import Image

from demos.components.mask_editor import LONGEST, MaskPainter, as_mask, marked_in, mask_shown, picture_shown, united
from engine import Picture, open_picture
from engine.contracts.errors import PictureError
from tests.support import pictures


@pytest.fixture
def painter() -> MaskPainter:
    with gr.Blocks(analytics_enabled=False):
        return MaskPainter()


def marked(mask: Any) -> numpy.ndarray:
    assert isinstance(mask, Picture)
    return marked_in(mask, mask.size)


def box(left: int, top: int, right: int, bottom: int) -> numpy.ndarray:
    mask = numpy.zeros((72, 96), bool)
    mask[top:bottom, left:right] = True
    return mask


def test_what_is_shown_is_what_is_read(painter: MaskPainter) -> None:
    mask = box(5, 5, 20, 30)
    assert numpy.array_equal(marked(painter.preprocess(painter.postprocess(mask_shown(mask)))), mask)


def test_every_event_can_read_the_mask(painter: MaskPainter) -> None:
    sent = mask_shown(box(5, 5, 20, 30))
    first, second = painter.preprocess(sent), painter.preprocess(sent)
    assert numpy.array_equal(marked(first), marked(second))


@pytest.mark.parametrize("sent", [None, {}, {"mask": ""}, {"picture": "data:image/jpeg;base64,AA"}, "words", 3])
def test_nothing_painted_is_no_mask(painter: MaskPainter, sent: Any) -> None:
    assert painter.preprocess(sent) is None
    assert painter.preprocess(mask_shown(box(0, 0, 0, 0))) is None


@pytest.mark.parametrize(
    "mask",
    ["/etc/passwd", "http://127.0.0.1/a.png", "data:image/svg+xml;base64,AA", "data:image/png;base64,***", 7,
     "data:image/png;base64," + "A" * LONGEST],
)  # fmt: skip
def test_only_a_painted_png_is_read(painter: MaskPainter, mask: Any) -> None:
    found = painter.preprocess({"mask": mask})
    assert isinstance(found, PictureError)
    assert str(found) == "This mask was not painted here."


def test_a_mask_passes_the_door_for_pictures(painter: MaskPainter) -> None:
    bomb = base64.b64encode(pictures.png_claiming(30_000, 30_000)).decode()
    found = painter.preprocess({"mask": "data:image/png;base64," + bomb})
    assert isinstance(found, PictureError)
    assert "million pixels" in str(found)


def test_a_large_picture_is_painted_small() -> None:
    shown, size = picture_shown(open_picture(pictures.scene(3000, 2000)))
    assert size == (1024, 683)
    data = base64.b64decode(shown["picture"].removeprefix("data:image/jpeg;base64,"))
    assert Image.open(io.BytesIO(data)).size == size
    assert picture_shown(PictureError("no")) == ({"picture": "", "mask": ""}, None)


def test_tools_add_to_what_is_painted(painter: MaskPainter) -> None:
    painted = as_mask(box(0, 0, 10, 10))
    shown, file = united(painted, (96, 72), open_picture(pictures.hole()))
    assert file is None
    assert numpy.array_equal(marked(painter.preprocess(shown)), box(0, 0, 10, 10) | box(32, 24, 48, 36))
    alone, _ = united(None, (96, 72), open_picture(pictures.hole(192, 144)))
    assert numpy.array_equal(marked(painter.preprocess(alone)), box(32, 24, 48, 36))


def test_a_mask_file_with_transparency_marks_what_is_opaque(painter: MaskPainter) -> None:
    file = Image.new("RGBA", (96, 72))
    file.paste((0, 0, 0, 255), (5, 5, 20, 30))
    shown, _ = united(None, (96, 72), open_picture(file, raster=True))
    assert numpy.array_equal(marked(painter.preprocess(shown)), box(5, 5, 20, 30))


def test_a_mask_file_that_was_refused_is_told() -> None:
    with pytest.raises(gr.Error, match="damaged"):
        united(None, (96, 72), PictureError("This picture is damaged."))
    with pytest.raises(gr.Error, match="same proportions"):
        united(None, (96, 72), open_picture(pictures.hole(300, 100)))


def test_tools_without_a_picture_do_nothing() -> None:
    assert united(None, None, open_picture(pictures.hole())) == (gr.skip(), gr.skip())
