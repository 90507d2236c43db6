"""Style V2: a picture is painted in one pass of a network.

Johnson, Alahi & Fei-Fei 2016 for the network and its training on V1's energy; Dumoulin, Shlens & Kudlur 2017 for many
styles in one network; Ghiasi et al. 2017 or Huang & Belongie 2017 for any painting without training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from engine.contracts.context import RunContext
from engine.contracts.facts import TaskFacts
from engine.contracts.job import Step, StepRun, TaskOutput, TaskRun
from engine.contracts.messages import Listing, Message, Text
from engine.contracts.parameters import option
from engine.contracts.task import Extents, Inputs, InputSpec, TaskSpec
from engine.contracts.task_parts import BenchCase, Example, HowItWorks, Offer, Trial, destinations
from engine.feedforward_style import style_card
from engine.feedforward_style.styles import (
    HUB,
    MAGENTA,
    MAGENTA_NETWORK,
    NETWORK,
    NOTHING,
    TITLES,
    MagentaName,
)
from engine.imaging.masks import reading
from engine.tasks.one_pass import OnePass, any_painting, cover_of, finished, painter_of, result_size

if TYPE_CHECKING:
    pass

PIXELS = 24_000_000
"""Most pixels of a photo; larger photos are reduced when they are opened."""
LARGE = 2048
"""Longer side that is offered on a smaller result."""
SMALLER_SIDE = 768
"""Longer side that is painted when a stop leaves no time for the whole."""

INPUTS = (
    InputSpec(name="content", label=Message("Photo"), help=Message("The picture to paint."), working_pixels=PIXELS),
    InputSpec(
        name="style", label=Message("Any painting"), least=0,
        help=Message("A painting, or the card of a style that was taught; it counts instead of the style's name."),
    ),
    InputSpec(
        name="mask", label=Message("Where"), least=0, working_pixels=PIXELS, raster=True, remark=reading,
        help=Message("White (or opaque) where the style goes; everywhere when left out."),
    ),
)  # fmt: skip


class StyleV2(OnePass):
    """Parameters of style V2."""

    any_painting: Literal["outlines", "moments"] = option("outlines", label="Any painting by", advanced=True)
    """Outlines: Magenta's network, quick, keeps faces and windows; moments: AdaIN, nearer to the painting's colours."""
    mixed_with: Literal["nothing", MagentaName] = option("nothing", label="Mixed with", advanced=True)
    """A second one of Magenta's 26 styles, where the chosen one is of them, too."""
    mix: float = option(0.5, low=0, high=1, step=0.05, label="Share of the second style", advanced=True)
    """0 is the chosen style alone, 1 the second one alone."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Quick": {"size": 512},
        "Balanced": {},
        "Large": {"size": LARGE},
    }
    titles: ClassVar[Mapping[str, Mapping[str, Message]]] = {**OnePass.titles, "mixed_with": TITLES}
    earlier: ClassVar[Mapping[str, Any]] = {"any_painting": "moments", "mixed_with": NOTHING, "mix": 0.5}

    @property
    def by_moments(self) -> bool:
        """See :attr:`OnePass.by_moments`."""
        return self.any_painting == "moments"

    @property
    def second(self) -> Mapping[str, float]:
        """See :attr:`OnePass.second`."""
        return {} if self.mixed_with == NOTHING else {self.mixed_with: self.mix}


HOW = HowItWorks(
    text=Message(
        "The descent of V1 takes hundreds of steps for each picture. Here a **network was trained** on thousands of "
        "photos to do all of them at once: its loss was V1's energy. It makes the picture four times smaller, works on "
        "it in twelve layers, and makes it large again. A style is not a network of its own, but the scales and shifts "
        "of the normalisations. Below: how strongly each place of your photo is answered on its way. With *any "
        "painting*, a second network looks at it and sets these scales and shifts; or the features of your photo get "
        "the mean and the spread of the painting's, and a decoder makes a picture of them. "
        "[Johnson, Alahi & Fei-Fei 2016](https://arxiv.org/abs/1603.08155), "
        "[Dumoulin et al. 2017](https://arxiv.org/abs/1610.07629), "
        "[Ghiasi et al. 2017](https://arxiv.org/abs/1705.06830), "
        "[Huang & Belongie 2017](https://arxiv.org/abs/1703.06868)"
    ),
    inside=Message("your photo on its way through the network"),
)


def run(inputs: Inputs, parameters: StyleV2, context: RunContext) -> TaskRun:
    """See :attr:`engine.contracts.task.TaskSpec.run`."""
    from engine.feedforward_style.activations import activation_plates
    from engine.feedforward_style.painters import smaller
    from engine.imaging.tensors import resized, to_image

    photo = inputs["content"][0]
    size = result_size(photo.size, parameters.size)
    cover = cover_of(inputs, parameters, size)  # a mask that is refused is refused before the work
    painter = painter_of(inputs, parameters, context.nets)
    content = resized(photo.image, size, context.device.torch_device)
    run = StepRun(painter.paint(content, context.job))
    for step in run:
        yield replace(step, done=0.95 * step.done)
    painted, facts = run.result, TaskFacts()
    done = painter.gflop_per_pixel * size[0] * size[1]
    if painted is None:
        painted = smaller(painter, content, SMALLER_SIDE)
        unfinished = Message("stopped: painted {pixels} pixels long and enlarged", pixels=SMALLER_SIDE)
        facts = TaskFacts(unfinished=unfinished)
        done = 1e-6 * content.numel()  # hardly anything
    image = to_image(finished(painted, content, parameters, cover))
    yield Step(done=1, stage=Message("painted"), preview=image.copy)
    plates = activation_plates(painter, content) if context.explains else None
    return TaskOutput(image=image, facts=facts, gflop=done, weights=_used(inputs, parameters), explanation=plates)


def _used(inputs: Inputs, parameters: OnePass) -> tuple[str, ...]:
    """Catalogue entries that painted."""
    paintings = inputs.get("style") or ()
    if paintings:
        return (NETWORK,) if style_card.read(paintings[0].recipe) else any_painting(parameters)
    return weights(parameters)[:1]


def weights(parameters: OnePass) -> tuple[str, ...]:
    """See :attr:`engine.contracts.task.TaskSpec.weights`; those for any painting are shipped and small."""
    name: str = parameters.style_name
    own = HUB[name][0] if name in HUB else MAGENTA_NETWORK if name in MAGENTA else NETWORK
    return (own, *any_painting(parameters))


def choice(parameters: OnePass, extents: Extents) -> Text:
    """See :attr:`engine.contracts.task.TaskSpec.choice`: a painting counts instead of a name, a blend beside it."""
    name: str = parameters.style_name
    first: Text = Message("your painting") if extents.get("style") else TITLES[name]
    further = [
        Message("{style} ({weight})", style=TITLES[name], weight=f"{weight:g}")
        for name, weight in (*parameters.blend.items(), *parameters.second.items())
        if weight > 0
    ]
    return Message("Painted like {styles}.", styles=Listing([first, *further]) if further else first)


def cost(parameters: OnePass, extents: Extents) -> float:
    """See :attr:`engine.contracts.task.TaskSpec.cost`."""
    from engine.nets import transform
    from engine.nets.vgg import gflop_per_pixel as vgg_gflop_per_pixel

    width, height = result_size(extents["content"][0].size, parameters.size)
    if extents.get("style") and parameters.by_moments:
        return 2 * width * height * vgg_gflop_per_pixel("relu4_1")  # the decoder mirrors the encoder
    if extents.get("style"):
        form = transform.ANY_STYLE_WIDTHS, transform.ANY_STYLE_BLOCKS
    elif parameters.style_name in HUB:
        form = transform.CLASSICAL_WIDTHS, transform.CLASSICAL_BLOCKS
    else:
        form = transform.MAGENTA_WIDTHS if parameters.style_name in MAGENTA else transform.WIDTHS, transform.BLOCKS
    return width * height * transform.work_per_pixel(transform.stages(*form))


STYLE_V2 = TaskSpec(
    name="style-v2",
    title=Message("Style V2"),
    summary=Message("Paints a photo in one pass of a trained network, or like any painting."),
    paper="Johnson, Alahi & Fei-Fei 2016, Perceptual losses for real-time style transfer and super-resolution",
    parameters=StyleV2,
    inputs=INPUTS,
    run=run,
    choice=choice,
    weights=weights,
    cost=cost,
    how=HOW,
    examples=tuple(Example({"content": name}) for name in ("temple.jpg", "mountain.jpg", "cat.jpg", "astronaut.jpg")),
    send_to=destinations("super-resolution", "style-v1", "style-v3", "inpainting", "style-v2"),
    offers=(
        Offer(
            label=Message("Paint at {pixels} pixels", pixels=LARGE),
            values={"size": LARGE},
            improves=lambda parameters, made: max(made) < LARGE,
        ),
    ),
    trial=Trial(parameters={"size": 96}, fourfold=({"size": 512}, {"size": 1024}), optional_inputs=("mask",)),
    bench=(BenchCase(values={"size": 0}), BenchCase(values={"size": 0}, side=1024)),
)
