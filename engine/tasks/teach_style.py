"""Teaching style V2 a style: only the numbers of its normalisations are learnt (Dumoulin et al. 2017, section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from engine.contracts.job import Job, Outcome, Run, Step
from engine.contracts.parameters import SEED_LIMIT, Parameters, option
from engine.contracts.task import PictureInput, Pictures, Task
from engine.feedforward_style.styles import ENCODER, NETWORK

if TYPE_CHECKING:
    from PIL.Image import Image

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


def run(pictures: Pictures, parameters: TeachStyle, job: Job) -> Run:
    """See :attr:`engine.contracts.task.Task.run`; the result is the style's card."""
    from engine.feedforward_style.style_card import Learnt, written
    from engine.model_store.catalogue import catalogue
    from engine.training.teach_style import Lesson, card_picture, teach

    photos = [each.image for each in pictures["content"]]
    lesson = Lesson(
        painting=pictures["style"][0], photos=photos, iterations=parameters.iterations, balance=parameters.balance,
        size=parameters.size, rate=parameters.rate, seed=parameters.seed,
    )  # fmt: skip
    teaching = teach(lesson, job)
    while True:
        try:
            state = next(teaching)
        except StopIteration as stopped:
            learnt = stopped.value
            break
        yield Step(
            done=0.98 * state.done,
            stage=state.stage,
            figures=state.figures,
            preview=lambda numbers=state.numbers: card(pictures, card_picture(numbers, photos[0], CARD_SIDE // 2)),  # type: ignore[misc]
        )
    made = card(pictures, card_picture(learnt.numbers, photos[0], CARD_SIDE))
    style = Learnt(learnt.numbers.tolist(), catalogue()[NETWORK].sha256[:12])
    yield Step(done=1, stage="taught", preview=made.copy)
    facts = {"iterations": learnt.iterations, "loss_first": learnt.first, "loss_best": learnt.best}
    return Outcome(image=made, facts=facts, kept=written(style))


def card(pictures: Pictures, painted: Image) -> Image:
    """The photo in the new style, the painting in its corner."""
    from PIL import Image, ImageOps

    made = painted.copy()
    side = round(INSET * min(made.size))
    edge = max(2, side // 24)
    inset = ImageOps.expand(
        ImageOps.fit(pictures["style"][0].image, (side, side), Image.Resampling.LANCZOS), edge, "white"
    )
    made.paste(inset, (made.width - inset.width - edge, made.height - inset.height - edge))
    return made


def cost(parameters: TeachStyle, sizes: Mapping[str, Sequence[tuple[int, int]]]) -> float:
    """See :attr:`engine.contracts.task.Task.cost`."""
    from engine.nets.transform import BLOCKS, WIDTHS, gflop_per_pixel, stages
    from engine.nets.vgg import gflop_per_pixel as vgg_gflop_per_pixel
    from engine.training.teach_style import CROP, PHOTOS

    painting = 3 * sum(gflop_per_pixel(stage) for stage in stages(WIDTHS, BLOCKS))
    return parameters.iterations * PHOTOS * CROP**2 * (painting + 3 * vgg_gflop_per_pixel("relu5_1"))


TEACH_STYLE = Task(
    name="teach-style",
    title="Teach a style",
    summary="Teaches the network of style V2 a painting's style; the result is a card that keeps it.",
    paper="Dumoulin, Shlens & Kudlur 2017, A learned representation for artistic style",
    parameters=TeachStyle,
    inputs=(
        PictureInput(name="style", label="Painting", help="The painting whose style is to be learnt."),
        PictureInput(
            name="content", label="Photo to practise on", most=4,
            help="A photo of the kind that the style is for; more of them make it fit more photos.",
        ),
    ),
    run=run,
    weights=lambda parameters: (NETWORK, ENCODER),
    cost=cost,
)  # fmt: skip
