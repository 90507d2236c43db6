"""A task that the hub does not have becomes a part of it by its record alone: run, command line, batch, recipe.

"Photo to pencil" is a real one: the photo in grey is divided by the blurred negative of itself, the "colour dodge" of
image editors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy
import pytest
from PIL import Image, ImageFilter, ImageOps

from engine import TASKS, Runtime, open_picture
from engine.cli.main import main
from engine.contracts.context import RunContext
from engine.contracts.facts import TaskFacts
from engine.contracts.job import Step, TaskOutput, TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters, option
from engine.contracts.task import Extents, Inputs, InputSpec, Registry, TaskSpec
from engine.contracts.task_parts import BenchCase, Destination, Example, HowItWorks, Trial
from engine.imaging.montage import Plates
from tests.support.runs import finished
from tests.tasks.contract import TaskContract

# --- the task ---


class PencilSketch(Parameters):
    """Parameters of the sketch."""

    stroke: float = option(6.0, low=0.5, high=40, step=0.5, label="Stroke")
    """Width of the strokes in pixels."""
    pressure: float = option(1.0, low=0.2, high=5, step=0.1, label="Pressure")
    """More makes the strokes darker."""
    paper: bool = option(False, label="Coloured paper", advanced=True)
    """The photo's mean colour instead of white."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"Fine": {"stroke": 2.0}, "Soft": {"stroke": 15.0}}


def dodged(grey: Image.Image, blurred: Image.Image) -> Image.Image:
    """Grey divided by the other's negative: white where both are alike, dark on the dark side of an edge."""
    top, below = (numpy.asarray(each).astype(float) for each in (grey, blurred))
    return Image.fromarray((255 * top / numpy.maximum(255 - below, 1)).clip(0, 255).astype(numpy.uint8))


def run_sketch(inputs: Inputs, parameters: PencilSketch, context: RunContext) -> TaskRun:
    photo = inputs["photo"][0].image
    grey = ImageOps.grayscale(photo)
    yield Step(done=0.2, stage=Message("grey"), preview=lambda: grey.convert("RGB"))
    blurred = ImageOps.invert(grey).filter(ImageFilter.GaussianBlur(parameters.stroke))
    if context.stopped:
        unfinished = Message("stopped: this is the photo in grey")
        return TaskOutput(image=grey.convert("RGB"), facts=TaskFacts(unfinished=unfinished), gflop=0.0)
    lines = dodged(grey, blurred).point([round(255 * (value / 255) ** parameters.pressure) for value in range(256)])
    colour = photo.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) if parameters.paper else (255, 255, 255)
    sketch = ImageOps.colorize(lines, (20, 20, 25), colour)
    yield Step(done=1, stage=Message("drawn"), preview=sketch.copy)
    plates = [(Message("photo"), photo), (Message("negative, blurred"), blurred.convert("RGB"))]
    figures = {"ink": round(float(1 - numpy.asarray(lines).mean() / 255), 4)}
    return TaskOutput(
        image=sketch,
        facts=TaskFacts(figures=figures),
        explanation=Plates([*plates, (Message("sketch"), sketch)], 3) if context.explains else None,
    )


def cost_of_sketch(parameters: PencilSketch, extents: Extents) -> float:
    return sum(each.width * each.height for each in extents["photo"]) * 1e-7


PENCIL_SKETCH = TaskSpec(
    name="pencil-sketch",
    title=Message("Photo to pencil"),
    summary=Message("Draws a photo with a pencil: no network, a classical filter."),
    paper="none; the dodge and burn of a darkroom",
    parameters=PencilSketch,
    inputs=(InputSpec(name="photo", label=Message("Photo"), help=Message("The picture to draw.")),),
    run=run_sketch,
    cost=cost_of_sketch,
    how=HowItWorks(
        text=Message("The photo in grey is divided by its own blurred negative, which leaves edges on white paper."),
        inside=Message("photo, blurred negative and sketch"),
    ),
    examples=(Example({"photo": "cat.jpg"}),),
    send_to=(Destination("style-v1"),),
    trial=Trial(parameters={"stroke": 3.0}),
    bench=(BenchCase(side=128),),
)
HUB = Registry(*TASKS, PENCIL_SKETCH)


@pytest.fixture(scope="session")
def task() -> TaskSpec:
    return PENCIL_SKETCH


# --- in the engine ---


class TestItKeepsTheContract(TaskContract):
    tasks = HUB


def test_it_draws_the_dark_side_of_an_edge_on_white_paper(runtime: Runtime) -> None:
    halves = Image.new("RGB", (96, 72), (60, 60, 60))
    halves.paste((200, 200, 200), (48, 0, 96, 72))
    result = finished(runtime, PENCIL_SKETCH, {"photo": [open_picture(halves)]}, stroke=3.0)
    row = numpy.asarray(result.image.convert("L")).astype(int)[36]
    assert row[46:48].max() < 160, "a stroke"
    assert row[48:].min() > 250
    assert row[:30].min() > 250, "paper where nothing changes"
    assert 0 < result.facts.task.figures["ink"] < 0.3


# --- on the command line ---


def test_it_is_a_command(
    runtime: Runtime, files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, facts, inside = (tmp_path / name for name in ("sketch.png", "facts.json", "inside.png"))
    command = ["pencil-sketch", "--photo", files[0], "--out", out, "--facts", facts, "--explanation", inside]
    options = ["--stroke", "2.5", "--paper", "--keep-recipe"]
    assert main([*map(str, command), *options], tasks=HUB, runtime=runtime) == 0, capsys.readouterr().err
    assert open_picture(out).size == open_picture(files[0]).size
    assert json.loads(facts.read_text())["parameters"] == {"stroke": 2.5, "pressure": 1.0, "paper": True}
    assert open_picture(inside).size[0] > 3 * 96
    again = tmp_path / "again.png"
    command = ["reproduce", out, "--pictures", f"photo={files[0]}", "--out", again]
    assert main([*map(str, command)], tasks=HUB, runtime=runtime) == 0, capsys.readouterr().err
    assert open_picture(again).image.tobytes() == open_picture(out).image.tobytes()


def test_its_parameters_have_their_limits_there(runtime: Runtime, files: tuple[Path, Path], tmp_path: Path) -> None:
    command = ["pencil-sketch", "--photo", str(files[0]), "--out", str(tmp_path / "out.png"), "--stroke", "100"]
    assert main(command, tasks=HUB, runtime=runtime) == 1
    assert not (tmp_path / "out.png").exists()


def test_a_folder_is_drawn(
    runtime: Runtime, files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["batch", "pencil-sketch", str(tmp_path), str(tmp_path / "out")], tasks=HUB, runtime=runtime) == 0
    assert len(list((tmp_path / "out").glob("*.png"))) == len(files)


def test_it_is_measured(runtime: Runtime, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "figures.json"
    command = ["bench", "pencil-sketch", "--repeat", "1", "--json", str(report)]
    assert main(command, tasks=HUB, runtime=runtime) == 0
    assert "pencil-sketch" in report.read_text()
