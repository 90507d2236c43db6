"""What says that a machine has made a picture: the label to be seen, the statement in the file."""

from __future__ import annotations

import io
from typing import Any
from xml.etree import ElementTree

import numpy
import pytest
from PIL import Image, ImageDraw

from engine import TASKS, Runtime, open_picture
from engine.contracts.errors import ParameterError
from engine.contracts.parameters import parse
from engine.contracts.settings import Settings
from engine.faces.provenance import label
from engine.imaging.door import open_input
from engine.imaging.raster import Raster
from engine.imaging.xmp import COMPOSITE
from tests.support import pictures
from tests.support.runs import finished
from tests.support.swaps import TASK, labelled_part, swap_inputs, swapped

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_every_file_says_what_it_is(runtime: Runtime, kind: Any) -> None:
    result = swapped(runtime, method="classical")
    stream = io.BytesIO()
    result.save(stream, kind=kind)
    with Image.open(stream) as image:
        packet = image.info.get("xmp") or image.info["XML:com.adobe.xmp"]
    text = packet.decode() if isinstance(packet, bytes) else packet
    described = ElementTree.fromstring(text).find(f".//{RDF}Description")
    assert described is not None
    assert described.get("{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType") == COMPOSITE
    assert COMPOSITE.endswith("/compositeWithTrainedAlgorithmicMedia")
    enlarging = TASKS["super-resolution"]
    again = open_input(enlarging.input("image"), stream.getvalue())
    assert again.raster is not None
    assert again.raster.source_type == COMPOSITE, "the next task hands it on"
    enlarged = finished(runtime, enlarging, {"image": [again]}, method="bicubic", scale=1)
    assert enlarged.raster is not None
    assert enlarged.raster.source_type == COMPOSITE


def test_other_metadata_is_not_taken_for_a_statement() -> None:
    values = numpy.zeros((32, 32, 3), numpy.uint8)
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "JPEG", xmp=b"<x:xmpmeta>" + COMPOSITE.encode() + b"NotReally</x:xmpmeta>")
    assert open_input(TASK.input("image"), stream.getvalue()).as_raster().source_type is None
    assert Raster(values).source_type is None


def test_the_label_is_there_and_only_the_owner_can_leave_it_out(runtime: Runtime) -> None:
    result = swapped(runtime, method="classical")
    part = numpy.asarray(result.image)[labelled_part(result.image.size)]
    assert part.min() < 80
    assert part.max() > 230
    other = numpy.asarray(swapped(runtime, method="classical", label_corner="top left", label_size=6).image)
    assert (other[-30:] == numpy.asarray(pictures.portrait())[-30:]).all()
    assert (other[:60, :250] != numpy.asarray(pictures.portrait())[:60, :250]).any()
    with pytest.raises(ParameterError) as refusal:
        swapped(runtime, method="classical", label_corner="none")
    assert refusal.value.fields == {"variable": "PENTIMENTO_UNLABELLED"}
    owner = Runtime(Settings(unlabelled=True))
    free = numpy.asarray(swapped(owner, method="classical", label_corner="none").image)
    assert (free[-30:] == numpy.asarray(pictures.portrait())[-30:]).all()


@pytest.mark.parametrize("size", [(16, 16), (40, 400), (400, 40), (3000, 2000)])
def test_the_label_fits_into_every_picture(size: tuple[int, int]) -> None:
    for corner in ("bottom right", "top left"):
        place = label(size, corner, 0.08)  # type: ignore[arg-type]
        assert place is not None
        box, colours, cover = place
        assert 0 <= box.left < box.right <= size[0]
        assert 0 <= box.top < box.bottom <= size[1]
        assert colours.shape == (box.height, box.width, 3)
        assert cover.shape == (box.height, box.width)


def test_previews_are_labelled_from_the_first_one_on(runtime: Runtime) -> None:
    parameters = parse(TASK.parameters, {"consent": True, "iterations": 3})
    shown = [step.preview() for step in runtime.run(TASK, swap_inputs(), parameters) if step.preview]
    assert len(shown) > 3
    for each in shown:
        corner = numpy.asarray(each)[labelled_part(each.size)]
        assert corner.max() > 230
        assert (corner.min(axis=(0, 1)) < 90).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_transparency_stays_and_does_not_hide_the_label(runtime: Runtime, mode: str, kind: Any) -> None:
    cut_out = pictures.portrait().convert(mode)
    shape = Image.new("L", (512, 512))
    ImageDraw.Draw(shape).ellipse((170, 20, 285, 175), 255)
    cut_out.putalpha(shape)
    stream, out = io.BytesIO(), io.BytesIO()
    cut_out.save(stream, "PNG")
    result = swapped(runtime, stream.getvalue(), method="classical")
    assert result.raster is not None
    assert result.raster.alpha is not None
    part = labelled_part((512, 512))
    assert (result.raster.alpha[part] == 255).all()
    without = result.raster.alpha.copy()
    without[part] = 0
    assert (without == numpy.asarray(shape)).all(), "the face's own edge stays"
    result.save(out, kind=kind)
    with Image.open(out) as image:
        shown = numpy.asarray(image.convert("RGB"))[part]
    assert shown.min() < 90
    assert shown.max() > 230


def test_every_task_hands_the_statement_on(runtime: Runtime) -> None:
    stream = io.BytesIO()
    swapped(runtime, method="classical").save(stream)
    style = TASKS["style-v2"]
    content = open_input(style.input("content"), stream.getvalue())
    painted = finished(runtime, style, {"content": [content]}, size=96)
    for kind in ("png", "jpeg"):
        out = io.BytesIO()
        painted.save(out, kind=kind)  # type: ignore[arg-type]
        assert open_picture(out.getvalue()).source_type == COMPOSITE


@pytest.mark.parametrize("form", ["='{}'", '="{}"', ">{}<", ">\n  {}\n<"])
def test_the_statement_is_read_in_every_form(form: str) -> None:
    stream = io.BytesIO()
    packet = "<x:xmpmeta>DigitalSourceType" + form.format(COMPOSITE) + "</x:xmpmeta>"
    Image.new("RGB", (32, 32)).save(stream, "JPEG", xmp=packet.encode())
    assert open_picture(stream.getvalue()).source_type == COMPOSITE
