"""The mask that is painted on the page, and the tools that put something into it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from typing import Any

import gradio as gr
import numpy
import pytest
from PIL import Image

from demos.components.mask_editor import (
    COLOUR,
    FOREIGN,
    LONGEST,
    SCRIPT,
    TEMPLATE,
    WORDS,
    MaskEditor,
    as_mask,
    marked_in,
    mask_shown,
    picture_shown,
    united,
)
from demos.i18n.language import say_plainly
from demos.tabs.specials.mask_painting import opened_with_mask
from engine import PentimentoError, Picture, open_picture
from engine.contracts.errors import MaskError, PictureError, PictureSizeError, UnreadablePictureError
from engine.contracts.messages import Message
from engine.imaging.door import MAXIMUM_PIXELS
from engine.imaging.masks import mask_of
from tests.support import pictures


@pytest.fixture
def editor() -> MaskEditor:
    with gr.Blocks(analytics_enabled=False):
        return MaskEditor()


def marked(mask: Any) -> numpy.ndarray:
    assert isinstance(mask, Picture)
    return marked_in(mask, mask.size)


def box(left: int, top: int, right: int, bottom: int) -> numpy.ndarray:
    mask = numpy.zeros((72, 96), bool)
    mask[top:bottom, left:right] = True
    return mask


def test_what_is_shown_is_what_is_read(editor: MaskEditor) -> None:
    mask = box(5, 5, 20, 30)
    assert numpy.array_equal(marked(editor.preprocess(editor.postprocess(mask_shown(mask)))), mask)


def test_every_event_can_read_the_mask(editor: MaskEditor) -> None:
    sent = mask_shown(box(5, 5, 20, 30))
    first, second = editor.preprocess(sent), editor.preprocess(sent)
    assert numpy.array_equal(marked(first), marked(second))


@pytest.mark.parametrize("sent", [None, {}, {"mask": ""}, {"picture": "data:image/jpeg;base64,AA"}, "words", 3])
def test_nothing_painted_is_no_mask(editor: MaskEditor, sent: Any) -> None:
    assert editor.preprocess(sent) is None
    assert editor.preprocess(mask_shown(box(0, 0, 0, 0))) is None


@pytest.mark.parametrize(
    "mask",
    ["/etc/passwd", "http://127.0.0.1/a.png", "data:image/svg+xml;base64,AA", "data:image/png;base64,***", 7,
     "data:image/png;base64," + "A" * LONGEST],
)  # fmt: skip
def test_only_a_painted_png_is_read(editor: MaskEditor, mask: Any) -> None:
    refusal = editor.preprocess({"mask": mask})
    assert isinstance(refusal, MaskError)
    assert refusal.message == FOREIGN


def test_a_mask_passes_the_door_for_pictures(editor: MaskEditor) -> None:
    bomb = base64.b64encode(pictures.png_claiming(30_000, 30_000)).decode()
    refusal = editor.preprocess({"mask": "data:image/png;base64," + bomb})
    assert isinstance(refusal, PictureSizeError)
    assert refusal.fields["limit"] == MAXIMUM_PIXELS // 1_000_000


def test_a_very_large_picture_is_painted_smaller() -> None:
    shown, size = picture_shown(open_picture(pictures.scene(3000, 2000)))
    assert size == (2048, 1365)
    data = base64.b64decode(shown["picture"].removeprefix("data:image/jpeg;base64,"))
    assert Image.open(io.BytesIO(data)).size == size
    assert picture_shown(PictureError(Message("no"))) == ({"picture": "", "mask": ""}, None)


def test_tools_add_to_what_is_painted(editor: MaskEditor) -> None:
    painted = as_mask(box(0, 0, 10, 10))
    shown, file = united(painted, (96, 72), open_picture(pictures.hole()))
    assert file is None
    assert numpy.array_equal(marked(editor.preprocess(shown)), box(0, 0, 10, 10) | box(32, 24, 48, 36))
    alone, _ = united(None, (96, 72), open_picture(pictures.hole(192, 144)))
    assert numpy.array_equal(marked(editor.preprocess(alone)), box(32, 24, 48, 36))


def test_a_mask_file_with_transparency_marks_what_is_opaque(editor: MaskEditor) -> None:
    file = Image.new("RGBA", (96, 72))
    file.paste((0, 0, 0, 255), (5, 5, 20, 30))
    shown, _ = united(None, (96, 72), open_picture(file, raster=True))
    assert numpy.array_equal(marked(editor.preprocess(shown)), box(5, 5, 20, 30))


def refused_by(call: Callable[[], Any]) -> PentimentoError:
    with pytest.raises(PentimentoError) as error:
        call()
    return error.value


def test_a_mask_file_that_was_refused_is_shown_as_an_error() -> None:
    damaged = UnreadablePictureError(Message("This picture is damaged."))
    with pytest.raises(gr.Error) as shown:
        united(None, (96, 72), damaged)
    assert shown.value.message == say_plainly(damaged.message)
    narrow = open_picture(pictures.hole(300, 100))
    expected = refused_by(lambda: mask_of(narrow, (96, 72)))
    assert isinstance(expected, PictureError)
    with pytest.raises(gr.Error) as shown:
        united(None, (96, 72), narrow)
    assert shown.value.message == say_plainly(expected.message)


def test_every_word_of_the_template_is_there_and_the_mask_has_its_colour() -> None:
    marks = set(re.findall(r'data-(?:say|label)="([^"]+)"', TEMPLATE))
    assert marks == {*WORDS, "prompt"}
    assert f"rgb({COLOUR[0]}, {COLOUR[1]}, {COLOUR[2]})" in SCRIPT


def test_tools_without_a_picture_do_nothing() -> None:
    assert united(None, None, open_picture(pictures.hole())) == (gr.skip(), gr.skip())


def test_a_mask_of_another_picture_does_not_hide_the_picture() -> None:
    picture = open_picture(pictures.scene(96, 72))
    shown, size, left = opened_with_mask(picture, open_picture(pictures.hole(96, 72)))
    assert (size, left) == ((96, 72), None)
    assert shown["mask"]
    shown, size, left = opened_with_mask(picture, open_picture(pictures.hole(200, 40)))
    assert (size, shown["mask"]) == ((96, 72), "")
    assert shown["picture"]
    assert left is not None, "the file stays where it is"
