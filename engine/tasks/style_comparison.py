"""V1 beside V3 on the same pair: the comparison that motivates V3 (Li & Wand 2016, figures 1 and 5)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from engine.job import Job, Outcome, Run, Walk
from engine.montage import Montage
from engine.parameters import SEED_LIMIT, Parameters, option
from engine.registry import Pictures, Task
from engine.tasks.style_v1 import STYLE_V1
from engine.tasks.style_v3 import STYLE_V3
from engine.tasks.stylisation import INPUTS, Network, result_size

METHODS = {"V1: Gram matrices": STYLE_V1, "V3: nearest patches": STYLE_V3}
"""Caption -> task."""


class StyleComparison(Parameters):
    """What both methods are given; everything else is each one's default."""

    size: int = option(256, low=64, high=1024, step=32, label="Size")
    """Longer side of each result in pixels."""
    iterations: int = option(150, low=1, high=1000, step=10, label="Iterations")
    """Steps of each descent, all scales together."""
    balance: float = option(50.0, low=0, high=100, step=1, label="Photo or painting")
    """0 keeps the photo's scene, 100 gives everything to the painting; logarithmic between."""
    colours: Literal["painting", "photo", "matched"] = option("painting", label="Colours")
    """The painting's; the photo's, by luminance transfer; or matched: the painting first gets the photo's colours."""
    network: Network = option("vgg19-normalised", label="Network", advanced=True)
    """Perceptual network: the shipped one, or torchvision's from the Hugging Face Hub (575 MB)."""
    seed: int = option(0, low=0, high=SEED_LIMIT, step=1, label="Seed", advanced=True)
    """The same seed gives the same picture on the same device."""


def run(pictures: Pictures, parameters: StyleComparison, job: Job) -> Run:
    """See :attr:`engine.registry.Task.run`."""
    from engine.device import PeakMemory, best_device

    photo, painting = pictures["content"][0].image, pictures["style"][0].image
    captions = ["photo", "painting", *METHODS]
    montage = Montage(result_size(photo.size, parameters.size), captions, columns=len(captions))
    montage.paste(0, photo)
    montage.paste(1, painting)
    shares = _costs(parameters, {name: [each.size for each in given] for name, given in pictures.items()})
    facts: dict[str, Any] = {"iterations": 0, "losses_first": {}, "losses_last": {}, "methods": {}}
    for index, task in enumerate(METHODS.values()):
        if job.stopped and index:
            break
        memory, start = PeakMemory(best_device().torch_device), time.perf_counter()
        walk = Walk(task.run(pictures, _parameters(task, parameters), job))
        done, share = sum(shares[:index]) / sum(shares), shares[index] / sum(shares)
        for step in walk:
            memory.sample()
            yield montage.step(step.within(done, share, f"{task.title}, "), index + 2, task.title)
        found = walk.result
        montage.paste(index + 2, found.image)
        facts["methods"][task.title] = {
            "seconds": round(time.perf_counter() - start, 3),
            "peak_memory_bytes": memory.sample(),
            "iterations": found.facts["iterations"],
        }
        facts["iterations"] += found.facts["iterations"]
        for key in ("losses_first", "losses_last"):
            facts[key].update({f"{task.title}, {name}": value for name, value in found.facts[key].items()})
    return Outcome(image=montage.image, facts=facts)


def _parameters(task: Task, parameters: StyleComparison) -> Parameters:
    return task.parameters(**parameters.model_dump())


def _costs(parameters: StyleComparison, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> list[float]:
    return [task.cost(_parameters(task, parameters), sizes) for task in METHODS.values()]


STYLE_COMPARISON = Task(
    name="style-comparison",
    title="V1 beside V3",
    summary="Paints the same photo with Gram matrices (V1) and with nearest patches (V3), side by side.",
    paper="Li & Wand 2016, figures 1 and 5",
    parameters=StyleComparison,
    inputs=INPUTS,
    run=run,
    weights=lambda parameters: (parameters.network,),
    cost=lambda parameters, sizes: sum(_costs(parameters, sizes)),
)
