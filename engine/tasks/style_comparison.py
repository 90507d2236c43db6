"""V1, V2 and V3 on the same pair: statistics, one pass, patches (Li & Wand 2016, figures 1 and 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from PIL import Image, ImageOps

from engine.contracts.job import Job, Outcome, Run, Walk
from engine.contracts.parameters import SEED_LIMIT, Parameters, option
from engine.contracts.task import Pictures, Task
from engine.imaging.comparison import Comparison, Panel
from engine.imaging.montage import Montage
from engine.tasks.style_v1 import STYLE_V1
from engine.tasks.style_v2 import STYLE_V2
from engine.tasks.style_v3 import STYLE_V3
from engine.tasks.stylisation import INPUTS, Network, result_size

Method = Literal["v1", "v2", "v3"]
METHODS: Mapping[Method, Task] = {"v1": STYLE_V1, "v2": STYLE_V2, "v3": STYLE_V3}
TITLES: Mapping[Method, str] = {"v1": "V1: Gram matrices", "v2": "V2: one pass, any painting", "v3": "V3: patches"}


class StyleComparison(Parameters):
    """What the methods are given; everything else is each one's default."""

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


def run(pictures: Pictures, parameters: StyleComparison, job: Job) -> Run:
    """See :attr:`engine.contracts.task.Task.run`."""
    from engine.hardware.device import measured

    size = result_size(pictures["content"][0].size, parameters.size)
    methods = _methods(parameters)
    captions = ["photo", *(TITLES[each] for each in methods), "painting"]
    photo = pictures["content"][0].image.resize(size, Image.Resampling.LANCZOS)
    painting = ImageOps.pad(pictures["style"][0].image, size, color="white")
    montage = Montage(size, captions, columns=len(captions))
    montage.paste(0, photo)
    montage.paste(len(captions) - 1, painting)
    shares = _costs(parameters, {name: [each.size for each in given] for name, given in pictures.items()})
    facts: dict[str, Any] = {"methods": {}}
    panels = [Panel(captions[0], photo)]
    for index, method in enumerate(methods):
        if job.stopped and index:
            break
        task = METHODS[method]
        walk = Walk(measured(task.run(pictures, _parameters(task, parameters), job.plain())))
        done, share = sum(shares[:index]) / sum(shares), shares[index] / sum(shares)
        for step in walk:
            yield montage.step(step.within(done, share, f"{task.title}, "), index + 1, task.title)
        found, made = walk.result, walk.result.result
        montage.paste(index + 1, made.image)
        panels.append(Panel(TITLES[method], made.image, found.seconds, found.memory))
        own = {key: made.facts[key] for key in ("iterations", "losses_first", "losses_last") if key in made.facts}
        facts["methods"][task.title] = {**panels[-1].facts, **own}
    panels.append(Panel(captions[-1], painting))
    missing = [TITLES[each] for each in methods[len(panels) - 2 :]]
    comparison = Comparison(panels, missing, pair=(panels[1].title, panels[-2].title))
    return Outcome(image=comparison.sheet(), facts=facts, explanation=comparison)


def _methods(parameters: StyleComparison) -> list[Method]:
    return [each for each in METHODS if each in parameters.methods]


def _parameters(task: Task, parameters: StyleComparison) -> Parameters:
    given = parameters.model_dump()
    return task.parameters(**{name: given[name] for name in task.parameters.model_fields if name in given})


def _costs(parameters: StyleComparison, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> list[float]:
    tasks = [METHODS[each] for each in _methods(parameters)]
    return [task.cost(_parameters(task, parameters), sizes) for task in tasks]


def weights(parameters: StyleComparison) -> tuple[str, ...]:
    """See :attr:`engine.contracts.task.Task.weights`."""
    needed = [METHODS[each].weights(_parameters(METHODS[each], parameters)) for each in _methods(parameters)]
    return tuple(dict.fromkeys(name for names in needed for name in names))


STYLE_COMPARISON = Task(
    name="style-comparison",
    title="Styles side by side",
    summary="Paints the same photo by descent (V1), in one pass (V2) and with nearest patches (V3), side by side.",
    paper="Li & Wand 2016, figures 1 and 5; Huang & Belongie 2017",
    parameters=StyleComparison,
    inputs=(INPUTS[0], replace(INPUTS[1], help="The picture to paint it like.", most=1)),
    run=run,
    weights=weights,
    cost=lambda parameters, sizes: sum(_costs(parameters, sizes)),
)
