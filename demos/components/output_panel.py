"""The right half of a view: the running picture, its progress, the curves, the comparison, the download.

One panel serves every task. All that a run changes on the page, it changes with the frames of one event: the panel's
own components, and those of its followers (:mod:`demos.components.following`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image

from demos.components.controls import Controls
from demos.components.events import PRIVATE, QUEUE, QUIET, shown_errors, warn
from demos.components.following import FinishedRun, Follower
from demos.components.loss_curves import Curves
from demos.components.offers import Made, Offers, taken
from demos.components.output_layout import RESULT, Beside, OutputLayout
from demos.components.status import finished, losses, status
from demos.components.stored_result import StoredResult, ending_of, file_of
from demos.i18n.language import current, translation
from demos.serving.runs import Frame
from demos.serving.site import new_job
from engine import Job, RunResult
from engine.contracts.errors import OutputError
from engine.contracts.messages import Message
from engine.contracts.task import Inputs
from engine.contracts.task_parts import Offer
from engine.imaging.comparison import Comparison
from engine.imaging.formats import FileKind
from engine.imaging.preview import contained
from engine.runtime.outputs import check_output

SHOWN_SIDE = 2400
"""Longer side in pixels above which the page shows a reduced result; the download has all of it."""
WAITING = Message("Waiting for a turn")
NOTHING = Message("Nothing was made; the message says why.")
BEFORE = Message("What is shown is the run before.")
CLOSED = "() => ({ __type__: 'update', interactive: false })"
"""Closes the download, in the page, until the file of another format is there."""


@dataclass
class WantedFile:
    """What a visit wants to download, as it was chosen last."""

    kind: FileKind = "png"
    keep_recipe: bool = False

    def choose(self, kind: FileKind, keep_recipe: bool) -> None:
        """Take what the page's controls say."""
        self.kind, self.keep_recipe = kind, keep_recipe

    def update(self, stored: StoredResult, files: ExitStack, png: str | None = None) -> Any:
        """Update of the button; it gives nothing where the format cannot hold the picture.

        Args:
            stored: the picture.
            files: how long the file exists; Gradio copies it.
            png: the file that has ``stored.png`` already.
        """
        try:
            data = stored.converted(self.kind, keep_recipe=self.keep_recipe)
        except OutputError as error:
            warn(error.message)
            return gr.update(value=None, interactive=False)
        if png is None or data is not stored.png:
            png = files.enter_context(file_of(data, ending_of(self.kind), stored.task))
        return gr.update(value=png, interactive=True)


class OutputPanel:
    """Outputs of one task; made inside the view's layout, connected when the inputs are placed.

    Args:
        controls: of the task.
        beside: see :data:`Beside`.
        goes_on: see :class:`demos.components.output_layout.OutputLayout`.
    """

    def __init__(self, controls: Controls, *, beside: Collection[Beside] = (), goes_on: bool = False) -> None:
        self.controls, self.task = controls, controls.task
        self.layout = OutputLayout(controls.site, self.task, beside, goes_on=goes_on)
        self.result = gr.State(None, time_to_live=3600)
        """A :class:`StoredResult` once there is one."""
        self._job = gr.State(None, delete_callback=stop)
        self._wanted = gr.State(WantedFile())
        self._offers = self._place_offers()
        self._made = gr.State(None, time_to_live=3600)
        """A :class:`Made` of the run whose result is shown."""
        self.followers: list[Follower] = [self._offers] if self._offers else []
        """Followers that show more of a run elsewhere on the page; added before :meth:`connect`."""
        self.triggers: list[Any] = [self.layout.run.click]
        """Events that begin the run that the settings ask for."""

    def _place_offers(self) -> Offers | None:
        if not self.task.offers or self.layout.next is None:
            return None
        with self.layout.next:
            return Offers(self.controls)

    def connect(self) -> None:
        """Bind the events."""
        layout = self.layout
        for trigger in self.triggers:
            self._connect_run(trigger)
        if self._offers is not None:
            for offer, button in self._offers.buttons:
                self._connect_run(button.click, offer)
        layout.stop.click(_stopped, [self._job], [layout.stop], **QUIET)
        if layout.download is not None:
            changes = [each.change for each in self._chosen]
            gr.on(changes, None, None, [layout.download], js=CLOSED, **PRIVATE)
            gr.on(changes, _download, [self.result, self._wanted, *self._chosen], [layout.download], **QUIET)

    @property
    def _chosen(self) -> list[Any]:
        """Controls of the download: its format, and whether the recipe is kept; none for a video."""
        return [each for each in (self.layout.kind, self.layout.keep_recipe) if each is not None]

    def _connect_run(self, trigger: Any, offer: Offer | None = None) -> None:
        """A trigger begins the run that the settings ask for, or one that is offered on the result."""
        layout = self.layout
        extra = [each for follower in self.followers for each in follower.outputs]
        begun = trigger(
            self._begin, [self._wanted, *self._chosen],
            [self._job, layout.run, layout.stop, layout.status, layout.tabs, *extra], queue=False, **PRIVATE,
        )  # fmt: skip
        inputs = [each for follower in self.followers for each in follower.inputs]
        ran = begun.then(
            self._work(offer), [self._job, self.result, self._made, self._wanted, *self.controls.on_page, *inputs],
            [*layout.outputs, self.result, self._made, *extra], show_progress="minimal",
            show_progress_on=[layout.status], **PRIVATE, **QUEUE,
        )  # fmt: skip
        offers = self._offers.outputs if self._offers else ()
        ran.failure(_failed(len(offers)), [self.result], [layout.run, layout.stop, layout.status, *offers], **QUIET)

    def _begin(self, wanted: WantedFile, *chosen: Any) -> dict[Any, Any]:
        layout = self.layout
        if chosen:
            wanted.choose(*chosen)
        updates = {
            self._job: new_job(), layout.run: gr.update(interactive=False), layout.stop: gr.update(interactive=True),
            layout.status: status(0, WAITING), layout.tabs: gr.update(selected=RESULT),
        }  # fmt: skip
        for follower in self.followers:
            updates |= follower.at_begin()
        return updates

    def _work(self, offer: Offer | None) -> Any:
        """The page's event: frames on the way, at last the result in every place that shows it."""
        many = len(self.controls.on_page)

        def work(
            job: Job | None, before: StoredResult | None, made: Made | None, wanted: WantedFile, *values: Any
        ) -> Iterator[Any]:
            if job is None:  # the page was closed before its run began
                return
            curves = Curves()
            with shown_errors():
                inputs, parameters = self.controls.read_on_page(values[:many])
                given = inputs
                if offer is not None:
                    inputs, parameters = taken(offer, self.task, inputs, parameters, made, before)
                if self.layout.download is not None:
                    check_output(self.task, inputs, parameters, wanted.kind, Path(get_upload_folder()))
                for each in self.controls.site.runs.frames(self.task, inputs, parameters, job):
                    if isinstance(each, Frame):
                        yield self._shown(each, curves)
                    else:
                        stored = None if each.video else StoredResult.of(each)
                        run = FinishedRun(each, stored, self.task.title, inputs, parameters, offer is not None)
                        made = Made.of(given, parameters) if self._offers else None
                        yield from self._finished(run, made, wanted, list(values[many:]))

        return work

    def _shown(self, frame: Frame, curves: Curves) -> dict[Any, Any]:
        layout = self.layout
        updates: dict[Any, Any] = {
            layout.status: status(frame.done, frame.stage, frame.seconds_left, losses(frame.figures))
        }
        if frame.preview is not None:
            updates[layout.picture] = frame.preview
        if frame.figures and layout.curves is not None:
            curves.add(frame.number, frame.figures)
            updates[layout.curves] = curves.svg(translation(current()))
        return updates

    def _finished(self, run: FinishedRun, made: Made | None, wanted: WantedFile, values: list[Any]) -> Iterator[Any]:
        """The one update that ends a run."""
        layout, result = self.layout, run.result
        updates = {
            layout.run: gr.update(interactive=True), layout.stop: gr.update(interactive=False),
            layout.status: finished(result.facts, self.task.output), layout.facts: result.facts.json(),
            self._made: made, **self._followed(run, values),
        }  # fmt: skip
        with ExitStack() as files:
            recipe = json.dumps(result.recipe, indent=2).encode()
            recipe_file = files.enter_context(file_of(recipe, "json", self.task.name))
            updates[layout.save] = gr.update(value=recipe_file, interactive=True)
            if run.stored is not None:
                updates |= self._picture(run, run.stored, wanted, files)
            elif result.video is not None:
                updates |= {layout.picture: result.image, layout.video: str(result.video.path)}
            yield updates

    def _picture(self, run: FinishedRun, stored: StoredResult, wanted: WantedFile, files: ExitStack) -> dict[Any, Any]:
        """Updates of the components that show a picture; its files exist as long as the stack ``files``."""
        layout, image = self.layout, run.result.image
        png = files.enter_context(file_of(stored.png, "png", stored.task))
        large = max(image.size) > SHOWN_SIDE
        return {
            self.result: stored,
            layout.picture: contained(image, SHOWN_SIDE) if large else png,
            layout.download: wanted.update(stored, files, png),
            layout.inside: _inside(run.result),
            **dict.fromkeys(layout.senders.values(), gr.update(interactive=True)),
            **self._compared(run.inputs, image),
        }

    def _followed(self, run: FinishedRun, values: list[Any]) -> dict[Any, Any]:
        """Updates of the followers' components; each follower gets its own part of ``values``."""
        updates: dict[Any, Any] = {}
        for follower in self.followers:
            count = len(follower.inputs)
            updates |= follower.at_end(run, values[:count])
            values = values[count:]
        return updates

    def _compared(self, inputs: Inputs, after: Image.Image) -> dict[Any, Any]:
        """The first picture beside the result, where both are of the same proportions."""
        first = inputs[self.task.inputs[0].name]
        if self.layout.compare is None or not first or not _alike(first[0].image, after):
            return {}
        shown = contained(after, SHOWN_SIDE) if max(after.size) > SHOWN_SIDE else after
        before = first[0].image.resize(shown.size, Image.Resampling.LANCZOS)
        return {self.layout.compare: (before, shown)}


def stop(job: Job | None) -> None:
    """Ask a run to stop."""
    if job is not None:
        job.stop()


def _stopped(job: Job | None) -> Any:
    """The button that was pressed; the run's frames say what happens."""
    stop(job)
    return gr.update(interactive=False)


def _failed(offers: int) -> Any:
    """The handler of a run without a result; what so many buttons offer on the result before is open again."""

    def failed(stored: StoredResult | None) -> tuple[Any, ...]:
        sentence = NOTHING if stored is None else Message("{nothing} {before}", nothing=NOTHING, before=BEFORE)
        ready = gr.update(interactive=True)
        return ready, gr.update(interactive=False), status(0, sentence), *[ready] * offers

    return failed


def _inside(result: RunResult) -> Any:
    """Update of the picture that explains the run; hidden for a comparison, which stands below, under the lens."""
    if result.explanation is None or isinstance(result.explanation, Comparison):
        return gr.update(visible=False)
    return gr.update(value=result.explanation.picture(), visible=True)


def _download(stored: StoredResult | None, wanted: WantedFile, kind: FileKind, keep_recipe: bool) -> Iterator[Any]:
    """The file of the download as it is chosen now; a run that goes on will look at the choice when it ends."""
    wanted.choose(kind, keep_recipe)
    if stored is None:
        yield gr.skip()
        return
    with ExitStack() as files:
        yield wanted.update(stored, files)


def _alike(before: Image.Image, after: Image.Image) -> bool:
    return abs(before.width / before.height - after.width / after.height) < 0.05 * before.width / before.height
