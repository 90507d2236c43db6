"""Super-resolution's button that takes up the advice for the picture."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos.components.events import DOORS, LATEST, QUIET
from demos.components.uploads import Upload
from demos.i18n.language import say
from demos.tabs.specials.special import Special
from engine import Picture
from engine.contracts.messages import Message
from engine.super_resolution.advice import advice
from engine.super_resolution.methods import TITLES


class AdviceButton(Special):
    """Chooses the method that suits the picture; hidden where the default does."""

    def place_inputs(self) -> None:
        """See :meth:`Special.place_inputs`."""
        self._button = gr.Button(visible=False, size="sm")
        self._method = gr.State(None)

    def connect(self) -> None:
        """See :meth:`Special.connect`."""
        upload, method = self.controls["image"], self.controls["method"]
        upload.change(_advised, [upload], [self._button, self._method], **LATEST, **DOORS)
        self._button.click(lambda suited: suited, [self._method], [method], **QUIET)


def _advised(picture: Upload) -> tuple[Any, str | None]:
    suited = advice(picture) if isinstance(picture, Picture) else None
    if suited is None:
        return gr.update(visible=False), None
    sentence = Message("Use {method}: {reason}", method=TITLES[suited.method], reason=suited.reason)
    return gr.update(value=say(sentence), visible=True), suited.method
