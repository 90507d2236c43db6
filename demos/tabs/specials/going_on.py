"""Inpainting's buttons on a result: go on with it, and back to the picture before."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from demos.components.events import PRIVATE
from demos.components.following import FinishedRun, Follower
from demos.components.output_panel import OutputPanel
from demos.components.stored_result import StoredResult, file_of
from demos.components.uploads import Upload
from demos.i18n.language import mark
from demos.tabs.specials.special import Special
from engine import Picture
from engine.contracts.messages import Message

MOST_BACK = 8
"""Pictures before that are kept."""

Before = tuple[Picture, ...]
"""The pictures that were gone on from, the last one at the end."""


class GoingOn(Special, Follower):
    """Every stroke builds on the last: a result becomes the picture, and can be taken back."""

    def place_outputs(self, panel: OutputPanel) -> None:
        """See :meth:`Special.place_outputs`."""
        self._panel = panel
        assert panel.layout.next is not None, "the view's record has to say that it goes on"
        with panel.layout.next:
            self._on = gr.Button(mark(Message("Go on with this result")), size="sm", interactive=False)
            self._back = gr.Button(mark(Message("Back to the picture before")), size="sm", interactive=False)
        self._before = gr.State((), time_to_live=3600)
        self.outputs = (self._on,)
        panel.followers.append(self)

    def connect(self) -> None:
        """See :meth:`Special.connect`."""
        upload = self.controls["image"]
        inputs = [self._panel.result, upload, self._before]
        self._on.click(_gone_on, inputs, [upload, self._before, self._back, self._on], queue=False, **PRIVATE)
        self._back.click(_gone_back, [self._before], [upload, self._before, self._back], queue=False, **PRIVATE)

    def at_end(self, run: FinishedRun, values: Sequence[Any]) -> dict[Any, Any]:
        """See :meth:`Follower.at_end`."""
        return {self._on: gr.update(interactive=run.stored is not None)}


def _gone_on(stored: StoredResult | None, picture: Upload, before: Before) -> Iterator[Any]:
    """The result as the picture; what was the picture is kept."""
    if stored is None or not isinstance(picture, Picture):
        yield tuple(gr.skip() for _ in range(4))
        return
    kept = (*before, picture)[-MOST_BACK:]
    with file_of(stored.converted("png", keep_recipe=False), "png", stored.task) as file:
        yield file, kept, gr.update(interactive=True), gr.update(interactive=False)


def _gone_back(before: Before) -> Iterator[Any]:
    """The picture before as the picture."""
    if not before:
        yield tuple(gr.skip() for _ in range(3))
        return
    *others, picture = before
    stream = io.BytesIO()
    picture.as_raster().save(stream, kind="png", text={})
    with file_of(stream.getvalue(), "png", "before") as file:
        yield file, tuple(others), gr.update(interactive=bool(others))
