"""Inpainting's buttons on a result: refine its texture, go on with it, and back to the picture before."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from demos.components.estimates import WAIT_SECONDS
from demos.components.events import PRIVATE, QUIET
from demos.components.following import FinishedRun, Follower
from demos.components.output_panel import OutputPanel
from demos.components.status import seconds
from demos.components.stored_result import StoredResult, file_of
from demos.components.uploads import Upload
from demos.i18n.language import mark, say
from demos.tabs.specials.special import Special
from engine import Picture
from engine.contracts.messages import Message

BEGUN, QUICK, BETTER = "auto", "network", "refined"
"""Methods: what is chosen at first, what *Run* makes of it on the page, and what is offered on its result."""
MOST_BACK = 8
"""Pictures before that are kept."""
REFINE = Message("Refine the texture")

Before = tuple[Picture, ...]
"""The pictures that were gone on from, the last one at the end."""


class GoingOn(Special, Follower):
    """Every stroke builds on the last: a result becomes the picture, and can be taken back."""

    def place_outputs(self, panel: OutputPanel) -> None:
        """See :meth:`Special.place_outputs`."""
        self._panel = panel
        assert panel.layout.next is not None, "the view's record has to say that it goes on"
        with panel.layout.next:
            self._refine = gr.Button(mark(REFINE), size="sm", visible=False)
            self._on = gr.Button(mark(Message("Go on with this result")), size="sm", interactive=False)
            self._back = gr.Button(mark(Message("Back to the picture before")), size="sm", interactive=False)
        self._before = gr.State((), time_to_live=3600)
        self.outputs = (self._refine, self._on)
        panel.followers.append(self)

    def connect(self) -> None:
        """See :meth:`Special.connect`."""
        upload, method = self.controls["image"], self.controls["method"]
        better = self._refine.click(lambda: BETTER, None, [method], **QUIET)
        self._panel.triggers.append(better.then)
        inputs = [self._panel.result, upload, self._before]
        changed = [upload, self._before, self._back, self._on, self._refine, method]
        self._on.click(_gone_on, inputs, changed, queue=False, **PRIVATE)
        upload.change(lambda: gr.update(visible=False), None, [self._refine], **QUIET)  # the result is not of this one
        self._back.click(_gone_back, [self._before], [upload, self._before, self._back], queue=False, **PRIVATE)

    def at_end(self, run: FinishedRun, values: Sequence[Any]) -> dict[Any, Any]:
        """See :meth:`Follower.at_end`."""
        return {self._refine: self._offer(run), self._on: gr.update(interactive=run.stored is not None)}

    def _offer(self, run: FinishedRun) -> Any:
        """Update of the button that refines: with its time, and only on what is not refined."""
        task, runtime = self.controls.task, self.site.runtime
        if run.parameters.model_dump()["method"] != QUICK:
            return gr.update(visible=False)
        refined = run.parameters.model_copy(update={"method": BETTER})
        estimate = runtime.estimate(task, refined, task.extents(run.inputs), wait=WAIT_SECONDS)
        label = REFINE
        if estimate is not None:
            label = Message("{refine} (about {time})", refine=REFINE, time=seconds(estimate))
        return gr.update(value=say(label), visible=True)


def _gone_on(stored: StoredResult | None, picture: Upload, before: Before) -> Iterator[Any]:
    """The result as the picture; what was the picture is kept."""
    if stored is None or not isinstance(picture, Picture):
        yield tuple(gr.skip() for _ in range(6))
        return
    kept = (*before, picture)[-MOST_BACK:]
    with file_of(stored.converted("png", keep_recipe=False), "png", stored.task) as file:
        yield file, kept, gr.update(interactive=True), gr.update(interactive=False), gr.update(visible=False), BEGUN


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
