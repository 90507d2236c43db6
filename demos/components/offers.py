"""Buttons on a quick result for the slower run that makes it better, each with its time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos.components.controls import Controls
from demos.components.estimates import WAIT_SECONDS
from demos.components.following import FinishedRun, Follower
from demos.components.status import seconds
from demos.components.stored_result import StoredResult
from demos.i18n.language import mark, say
from engine.contracts.errors import ParameterError
from engine.contracts.messages import Message, Text
from engine.contracts.parameters import Parameters
from engine.contracts.task import Extent, Inputs, TaskSpec
from engine.contracts.task_parts import Offer
from engine.imaging.door import open_input

CHANGED = Message("The pictures are others than this result was made of; please press Run first.")


@dataclass(frozen=True)
class Made:
    """What is remembered of the run whose result is shown."""

    parameters: Parameters
    pictures: str
    """A digest of its inputs."""

    @classmethod
    def of(cls, inputs: Inputs, parameters: Parameters) -> Made:
        """A run with these inputs and parameters."""
        digest = hashlib.sha256()
        for name, media in sorted(inputs.items()):
            for each in media:
                digest.update(f"{name} {each.size}".encode())
                digest.update(each.image.tobytes())
        return cls(parameters, digest.hexdigest())


class Offers(Follower):
    """What a task offers on its results; made where the buttons are to stand.

    Args:
        controls: of the task.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        offers = controls.task.offers
        self.buttons = [(each, gr.Button(mark(each.label), size="sm", visible=False)) for each in offers]
        """Each offer with its button."""
        self.outputs: Sequence[Any] = [button for _, button in self.buttons]

    def at_begin(self) -> dict[Any, Any]:
        """See :meth:`Follower.at_begin`."""
        return dict.fromkeys(self.outputs, gr.update(interactive=False))

    def at_end(self, run: FinishedRun, values: Sequence[Any]) -> dict[Any, Any]:
        """See :meth:`Follower.at_end`."""
        return {button: self._update(offer, run) for offer, button in self.buttons}

    def _update(self, offer: Offer, run: FinishedRun) -> Any:
        """Update of a button: visible with the run's time, where that would make the result better."""
        if run.stored is None or not offer.improves(run.parameters, run.result.image.size):
            return gr.update(visible=False)
        task, parameters = self._controls.task, offered(offer, run.parameters, run.parameters)
        extents = task.extents(run.inputs)
        if offer.begin:
            extents[offer.begin] = [Extent(*run.result.image.size)]
        estimate = self._controls.site.runtime.estimate(task, parameters, extents, wait=WAIT_SECONDS)
        label: Text = offer.label
        if estimate is not None:
            label = Message("{offer} (about {time})", offer=offer.label, time=seconds(estimate))
        return gr.update(value=say(label), visible=True, interactive=True)


def offered(offer: Offer, made: Parameters, now: Parameters) -> Parameters:
    """Parameters of the run that an offer stands for.

    Args:
        offer: that is taken.
        made: of the run whose result is shown.
        now: what the page says; what a person has to be asked every time, such as consent, is taken from it.
    """
    kind = type(made)
    asked = {name: getattr(now, name) for name in kind.model_fields if not kind.remembered(name)}
    return made.model_copy(update={**asked, **offer.values})


def taken(
    offer: Offer, task: TaskSpec, inputs: Inputs, now: Parameters, made: Made | None, stored: StoredResult | None
) -> tuple[Inputs, Parameters]:
    """Inputs and parameters of the run that an offer stands for.

    Args:
        offer: that is taken.
        task: whose offer it is.
        inputs: on the page.
        now: parameters on the page.
        made: the run whose result is shown; None when the page no longer knows it.
        stored: its result.

    Raises:
        ParameterError: the pictures on the page are others by now, or the run is no longer known.
    """
    if made is None or stored is None or Made.of(inputs, made.parameters) != made:
        raise ParameterError(CHANGED)
    if offer.begin:
        begin = open_input(task.input(offer.begin), stored.converted("png", keep_recipe=True))
        inputs = {**inputs, offer.begin: [begin]}
    return inputs, offered(offer, made.parameters, now)
