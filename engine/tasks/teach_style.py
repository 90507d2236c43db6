"""Teaching style V2 a style: only the numbers of its normalisations are learnt (Dumoulin et al. 2017, section 3.2)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from engine.contracts.context import RunContext
from engine.contracts.facts import TaskFacts
from engine.contracts.job import Step, TaskOutput, TaskRun
from engine.contracts.messages import Message
from engine.contracts.parameters import SEED_LIMIT, Parameters, option
from engine.contracts.task import Extents, Inputs, InputSpec, TaskSpec
from engine.contracts.task_parts import BenchCase, Destination, Example, HowItWorks, Trial
from engine.feedforward_style.styles import ENCODER, NETWORK

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from engine.training.teach_style import Lesson, Taught

CARD_SIDE = 768
"""Longer side of the card in pixels."""
INSET = 0.28
"""Side of the painting's picture in the corner of the card, relative to the card's shorter side."""


class TeachStyle(Parameters):
    """Parameters of teaching a style."""

    iterations: int = option(150, low=1, high=5000, step=10, label="Iterations")
    """Steps of the optimiser; the palette is there after some twenty, strokes take a hundred and more."""
    balance: float = option(50.0, low=0, high=100, step=1, label="Photo or painting")
    """0 keeps the photo's scene, 100 gives everything to the painting; logarithmic between, as in V1."""
    size: int = option(256, low=128, high=1024, step=32, label="Stroke size")
    """Longer side in pixels of the picture that strokes would be right for: a larger one gives larger strokes."""
    rate: float = option(0.02, low=0.001, high=0.2, step=0.001, label="Learning rate", advanced=True)
    """Step of Adam."""
    seed: int = option(0, low=0, high=SEED_LIMIT, step=1, label="Seed", advanced=True)
    """The same seed learns the same style on the same device."""


HOW = HowItWorks(
    text=Message(
        "The network's convolutions stay as they are; only the scales and shifts of its normalisations are learnt, "
        "with V1's losses on cuts of your photos. A thousand numbers are enough for a new style, because the "
        "convolutions have learnt what styles have in common. "
        "[Dumoulin et al. 2017](https://arxiv.org/abs/1610.07629)"
    ),
    inside=Message("what the network has learnt"),
)


INPUTS = (
    InputSpec(name="style", label=Message("Painting"), help=Message("The painting whose style is to be learnt.")),
    InputSpec(
        name="content",
        label=Message("Photo to practise on"),
        most=4,
        further=Message("More photos"),
        help=Message("A photo of the kind that the style is for; more of them make it fit more photos."),
    ),
)


def run(inputs: Inputs, parameters: TeachStyle, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`; the result is the style's card."""
    from engine.feedforward_style.style_card import TaughtStyle, recipe_values
    from engine.model_store.catalogue import catalogue
    from engine.training.teach_style import Lesson, card_picture

    photos = [each.image for each in inputs["content"]]
    lesson = Lesson(
        painting=inputs["style"][0], photos=photos, iterations=parameters.iterations, balance=parameters.balance,
        size=parameters.size, rate=parameters.rate, seed=parameters.seed,
    )  # fmt: skip
    taught = yield from _steps(lesson, inputs, context)
    picture = card(inputs, card_picture(taught.numbers, photos[0], CARD_SIDE, context.nets))
    style = TaughtStyle(taught.numbers.tolist(), catalogue()[NETWORK].sha256[:12])
    yield Step(done=1, stage=Message("taught"), preview=picture.copy)
    figures = {"iterations": taught.iterations, "loss_first": taught.first, "loss_best": taught.best}
    return TaskOutput(image=picture, facts=TaskFacts(figures=figures), recipe_extra=recipe_values(style))


def _steps(lesson: Lesson, inputs: Inputs, context: RunContext) -> Generator[Step, None, Taught]:
    """The lesson's states as steps that show the card so far."""
    from engine.training.teach_style import card_picture, teach

    def shown(numbers: Tensor) -> Image:
        return card(inputs, card_picture(numbers, lesson.photos[0], CARD_SIDE // 2, context.nets))

    states = teach(lesson, context)
    while True:
        try:
            state = next(states)
        except StopIteration as end:
            taught: Taught = end.value
            return taught
        preview = partial(shown, state.numbers)
        yield replace(state.step, done=0.98 * state.step.done, preview=preview)


def card(inputs: Inputs, painted: Image) -> Image:
    """The photo in the new style, the painting in its corner."""
    from PIL import Image, ImageOps

    sheet = painted.copy()
    side = round(INSET * min(sheet.size))
    edge = max(2, side // 24)
    inset = ImageOps.expand(
        ImageOps.fit(inputs["style"][0].image, (side, side), Image.Resampling.LANCZOS), edge, "white"
    )
    sheet.paste(inset, (sheet.width - inset.width - edge, sheet.height - inset.height - edge))
    return sheet


def cost(parameters: TeachStyle, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`."""
    from engine.nets.transform import BLOCKS, WIDTHS, gflop_per_pixel, stages
    from engine.nets.vgg import gflop_per_pixel as vgg_gflop_per_pixel
    from engine.training.teach_style import CROP, PHOTOS

    painting = 3 * sum(gflop_per_pixel(stage) for stage in stages(WIDTHS, BLOCKS))
    return parameters.iterations * PHOTOS * CROP**2 * (painting + 3 * vgg_gflop_per_pixel("relu5_1"))


TEACH_STYLE = TaskSpec(
    name="teach-style",
    title=Message("Teach a style"),
    summary=Message("Teaches the network of style V2 a painting's style; the result is a card that keeps it."),
    paper="Dumoulin, Shlens & Kudlur 2017, A learned representation for artistic style",
    parameters=TeachStyle,
    inputs=INPUTS,
    run=run,
    weights=lambda parameters: (NETWORK, ENCODER),
    cost=cost,
    how=HOW,
    examples=(
        Example({"style": "paintings/irises.jpg", "content": "cat.jpg"}),
        Example({"style": "paintings/toledo.jpg", "content": "temple.jpg"}),
    ),
    send_to=(Destination("style-v2", "style"),),

    trial=Trial(
        parameters={"iterations": 2, "size": 128}, fourfold=({"iterations": 2}, {"iterations": 8}), explained=False,
        tolerance=12.0,  # the first steps of Adam go as far where a gradient is nearly 0 as anywhere else
    ),
    bench=(BenchCase(values={"iterations": 5}),),
)  # fmt: skip
