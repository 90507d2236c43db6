"""Pixel recursive super-resolution: samples, their figures, stops, and which part is drawn."""

from __future__ import annotations

from typing import Any

import numpy
from PIL import Image

from engine import TASKS, RunResult, Runtime, open_picture
from engine.contracts.messages import Message
from engine.imaging.comparison import Comparison, Panel
from engine.super_resolution.pixel_part import part_of, reduced_part
from tests.support.pictures import EXAMPLES, scene
from tests.support.runs import finished, stopped_when

TASK = TASKS["pixel-super-resolution"]


def result_of(runtime: Runtime, image: Image.Image, **values: Any) -> RunResult:
    return finished(runtime, TASK, {"image": [open_picture(image)]}, **{"samples": 2, **values})


def panels(result: RunResult) -> dict[str, Panel]:
    assert isinstance(result.explanation, Comparison)
    return {str(panel.title): panel for panel in result.explanation.panels}


def cat() -> Image.Image:
    return Image.open(EXAMPLES / "cat.jpg").convert("RGB")


def test_samples_stand_beside_everything_else_and_are_judged(runtime: Runtime) -> None:
    shown = panels(result_of(runtime, cat()))
    assert list(shown)[-4:] == ["sample 1", "sample 2", "where samples differ", "original"]
    assert {panel.image.size for panel in shown.values()} == {(256, 256)}
    one, other = (shown[f"sample {number}"] for number in (1, 2))
    assert one.image.tobytes() != other.image.tobytes()
    for panel in (one, other, shown["mean of the conditioning network"]):
        assert panel.quality["psnr"] > 12
        assert 0 < panel.quality["bits"] < 8
    assert set(shown["original"].quality) == {"bits"}
    assert not shown["where samples differ"].quality
    # The mean is nearer to the original by nature, and the model finds what it draws itself about as likely.
    assert shown["mean of the conditioning network"].quality["psnr"] > one.quality["psnr"]
    # A picture with colours that the small one does not have is a surprise.
    assert shown["original"].quality["bits"] < 6


def test_the_same_seed_draws_the_same(runtime: Runtime) -> None:
    one, again, other = (panels(result_of(runtime, scene(), seed=seed)) for seed in (4, 4, 5))
    assert one["sample 2"].image.tobytes() == again["sample 2"].image.tobytes()
    assert one["sample 2"].image.tobytes() == other["sample 1"].image.tobytes()


def test_a_stop_keeps_the_rows_that_are_drawn(runtime: Runtime) -> None:
    stopped = stopped_when(
        runtime,
        TASK,
        {"image": [open_picture(cat())]},
        lambda step: step.stage.values.get("row") == 10,
        samples=1,
        faithful=False,
    )
    shown = panels(stopped)
    assert shown["sample 1"].stopped
    assert stopped.facts.task.unfinished == Message("the last rows are the mean alone")
    sample, mean = (numpy.asarray(shown[name].image) for name in ("sample 1", "mean of the conditioning network"))
    assert (sample[-8:] == mean[-8:]).all()
    assert (sample[:8] != mean[:8]).any()


def test_samples_have_the_small_pictures_colours(runtime: Runtime) -> None:
    led, drawn = (
        numpy.asarray(panels(result_of(runtime, cat(), faithful=each, samples=1))["sample 1"].image)
        for each in (True, False)
    )
    small = panels(result_of(runtime, cat(), samples=1))["the small picture"].image
    apart = []
    for image in (led, drawn):
        reduced = Image.fromarray(image[4::8, 4::8]).resize((8, 8), Image.Resampling.BICUBIC)
        difference = numpy.asarray(reduced, int) - numpy.asarray(small.resize((8, 8), Image.Resampling.NEAREST), int)
        apart.append(float(abs(difference).mean()))
    assert apart[0] < 2
    assert apart[1] > 2 * apart[0]


def test_weight_keeps_samples_nearer_to_the_mean(runtime: Runtime) -> None:
    def distance(weight: float) -> float:
        shown = panels(result_of(runtime, cat(), weight=weight, faithful=False, samples=1))
        one, mean = (numpy.asarray(shown[name].image, int) for name in ("sample 1", "mean of the conditioning network"))
        return float(abs(one - mean).mean())

    assert distance(8) < 0.8 * distance(1)


def test_a_part_that_is_too_small_has_no_original(runtime: Runtime) -> None:
    shown = panels(result_of(runtime, scene(30, 24), part=100))
    assert "original" not in shown
    assert set(shown["sample 1"].quality) == {"bits"}


def test_the_part_is_a_square_where_it_is_wanted() -> None:
    box = part_of((300, 200), part=50, across=100, down=0)
    assert (box.left, box.top, box.width, box.height) == (200, 0, 100, 100)
    part = reduced_part(scene(300, 200), box, 8)
    assert part.small.size == (8, 8)
    assert part.original is not None
    assert part.original.size == (32, 32)
