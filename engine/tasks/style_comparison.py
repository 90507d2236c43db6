"""V1, V2 and V3 on the same pair: statistics, one pass, patches (Li & Wand 2016, figures 1 and 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from PIL import Image, ImageOps

from engine.contracts.context import RunContext
from engine.contracts.facts import TaskFacts
from engine.contracts.job import TaskOutput, TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import SEED_LIMIT, Parameters, option
from engine.contracts.task import Extents, Inputs, TaskSpec, extent_of
from engine.contracts.task_parts import BenchCase, HowItWorks
from engine.imaging.comparison import Comparison, Panel
from engine.imaging.montage import Montage
from engine.runtime.compare import Measured, Variant, compared
from engine.tasks.style_v1 import STYLE_V1
from engine.tasks.style_v2 import STYLE_V2
from engine.tasks.style_v3 import STYLE_V3
from engine.tasks.stylisation import INPUTS, PAIRS, TRIAL, Network, result_size

Method = Literal["v1", "v2", "v3"]
KEPT_FIGURES = ("iterations", "losses_first", "losses_last")
"""Figures of a method that the comparison hands on."""
METHODS: Mapping[Method, TaskSpec] = {"v1": STYLE_V1, "v2": STYLE_V2, "v3": STYLE_V3}
TITLES: Mapping[Method, Message] = {
    "v1": Message("V1: Gram matrices"),
    "v2": Message("V2: one pass, any painting"),
    "v3": Message("V3: patches"),
}


class StyleComparison(Parameters):
    """Parameters of the comparison, which all methods share; everything else is each method's default."""

    methods: tuple[Method, ...] = option(("v1", "v2", "v3"), least=1, most=3, label="Methods")
    """Which ones paint: descent with Gram matrices, one pass for any painting (AdaIN), descent with patches."""
    size: int = option(256, low=64, high=1024, step=32, label="Size")
    """Longer side of each result in pixels."""
    iterations: int = option(150, low=1, high=1000, step=10, label="Iterations")
    """Steps of each descent, all scales together."""
    balance: float = option(50.0, low=0, high=100, step=1, label="Photo or painting")
    """0 keeps the photo's scene, 100 gives everything to the painting; logarithmic between."""
    colours: Literal["painting", "photo"] = option("painting", label="Colours")
    """The painting's; or the photo's, by luminance transfer."""
    network: Network = option("vgg19-normalised", label="Network", advanced=True)
    """Perceptual network: the shipped one, or torchvision's from the Hugging Face Hub (575 MB)."""
    seed: int = option(0, low=0, high=SEED_LIMIT, step=1, label="Seed", advanced=True)
    """The same seed gives the same picture on the same device."""


HOW = HowItWorks(
    text=Message(
        "All methods see the same pair. V1 matches statistics of the whole picture, V2 does it in one pass, V3 "
        "matches patches. Look at things that have parts: faces, windows, waves. "
        "[Li & Wand 2016](https://arxiv.org/abs/1601.04589)"
    ),
    inside=Message("all results with their time and memory"),
)


INPUTS = (INPUTS[0], replace(INPUTS[1], help=Message("The picture to paint it like."), most=1))


def run(inputs: Inputs, parameters: StyleComparison, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    size = result_size(inputs["content"][0].size, parameters.size)
    methods = _methods(parameters)
    titles = [Message("photo"), *(TITLES[each] for each in methods), Message("painting")]
    photo = inputs["content"][0].image.resize(size, Image.Resampling.LANCZOS)
    painting = ImageOps.pad(inputs["style"][0].image, size, color="white")
    montage = Montage(size, [str(title) for title in titles], columns=len(titles))
    montage.paste(0, photo)
    montage.paste(len(titles) - 1, painting)
    panels, facts = [Panel(titles[0], photo)], []

    def take(index: int, measured: Measured[TaskOutput]) -> None:
        output = measured.result
        montage.paste(index + 1, output.image)
        panels.append(Panel(titles[index + 1], output.image, measured.seconds, measured.memory_bytes))
        figures = {key: output.facts.figures[key] for key in KEPT_FIGURES if key in output.facts.figures}
        facts.append(replace(panels[-1].facts, title=METHODS[methods[index]].title, figures=figures))

    works = _costs(parameters, {name: [extent_of(each) for each in media_list] for name, media_list in inputs.items()})
    part = context.without_explanation()
    variants = [
        _variant(METHODS[method], work, inputs, parameters, part, montage, index + 1)
        for index, (method, work) in enumerate(zip(methods, works, strict=True))
    ]
    missing = yield from compared(variants, context, take)
    panels.append(Panel(titles[-1], painting))
    left_out = [TITLES[method] for method in methods[len(methods) - len(missing) :]]
    comparison = Comparison(panels, left_out, pair=(1, len(panels) - 2))
    return TaskOutput(image=comparison.sheet(), facts=TaskFacts(methods=facts), explanation=comparison)


def _variant(
    task: TaskSpec, work: float, inputs: Inputs, parameters: StyleComparison, context: RunContext, montage: Montage,
    place: int,
) -> Variant[TaskOutput]:  # fmt: skip
    own = _parameters(task, parameters)
    curve = str(task.title)
    return Variant(
        task.title,
        work,
        lambda: task.run(inputs, own, context),
        lambda step: montage.step(step, place, curve),
    )


def _methods(parameters: StyleComparison) -> list[Method]:
    return [each for each in METHODS if each in parameters.methods]


def _parameters(task: TaskSpec, parameters: StyleComparison) -> Parameters:
    values = parameters.model_dump()
    return task.parameters(**{name: values[name] for name in task.parameters.model_fields if name in values})


def _costs(parameters: StyleComparison, extents: Extents) -> list[float]:
    tasks = [METHODS[each] for each in _methods(parameters)]
    return [task.cost(_parameters(task, parameters), extents) for task in tasks]


def weights(parameters: StyleComparison) -> tuple[str, ...]:
    """See :attr:`engine.contracts.task.TaskSpec.weights`."""
    needed = [METHODS[each].weights(_parameters(METHODS[each], parameters)) for each in _methods(parameters)]
    return tuple(dict.fromkeys(name for names in needed for name in names))


STYLE_COMPARISON = TaskSpec(
    name="style-comparison",
    title=Message("Styles side by side"),
    summary=Message(
        "Paints the same photo by descent (V1), in one pass (V2) and with nearest patches (V3), side by side."
    ),
    paper="Li & Wand 2016, figures 1 and 5; Huang & Belongie 2017",
    parameters=StyleComparison,
    inputs=INPUTS,
    run=run,
    weights=weights,
    cost=lambda parameters, extents: sum(_costs(parameters, extents)),
    how=HOW,
    examples=PAIRS,
    trial=TRIAL,
    bench=(
        BenchCase(values={"size": 256, "iterations": 50}, devices=("cpu",)),
        BenchCase(values={"size": 512, "iterations": 300}, devices=("cuda",)),
    ),
)
