"""The right half of a tab: the running picture, its progress, the curves, the comparison, the download; and the events.

One panel serves every task. The page's events are private; the public endpoint is a separate event with two outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import gradio as gr
from PIL import Image, ImageOps

from demos.components import theme as look
from demos.components.controls import Controls
from demos.components.events import PRIVATE
from demos.components.explanations import HOW
from demos.components.loss_curves import Curves
from demos.components.run_frames import Frame, called, file_of, frames, new_job, png_of
from demos.components.stored_result import Kept
from demos.navigation.recipes import RecipeRow
from engine import Job, Result
from engine.contracts.settings import settings
from engine.contracts.task import Task
from engine.imaging.comparison import Comparison

QUEUE: dict[str, Any] = {"concurrency_id": "device", "concurrency_limit": None}
"""All runs are with the engine, which gives them the device in turn, tells their place, and refuses too many."""
PUBLIC: dict[str, Any] = {"api_visibility": "public" if settings().api else "private"}
"""The named endpoints are."""
HEIGHT = 420
"""Of the picture, in pixels; fixed, so that nothing moves while it runs."""
SHOWN_SIDE = 2400
"""Longer side in pixels above which the page shows a reduced result; the download has all of it."""
CHART_HEIGHT = 380
"""Of curves, comparison and facts, one of which is shown."""


class RunEvents(NamedTuple):
    """What can be followed with ``.then``."""

    begun: Any
    """A run has been asked for."""
    ended: Any
    """It has given a result."""


class Panel:
    """Outputs of one task; made inside the tab's layout, connected when the inputs are placed.

    ``first`` is the tab below the picture that is open at first; those before it do not fit the task. ``send_to`` names
    the tabs that the result can be sent to, see :mod:`demos.navigation.send_to`.
    """

    def __init__(
        self, task: Task, *, first: Literal["losses", "compare", "facts"] = "losses", send_to: Sequence[str] = ()
    ) -> None:
        self.task = task
        self.picture = gr.Image(
            label="Result", format="jpeg", height=HEIGHT, interactive=False, buttons=["fullscreen"],
            alt_text="the picture so far, then the result", elem_classes=["filled"],
        )  # fmt: skip
        with gr.Row():
            self.run = gr.Button("Run", variant="primary", scale=2)
            self.stop = gr.Button("Stop and keep the best", interactive=False, scale=1)
        self.status = gr.HTML(look.status(0, "Ready"))
        with gr.Row(equal_height=True):
            self.kind = gr.Radio(["png", "jpeg"], value="png", label="Format", scale=1)
            self.keep_recipe = gr.Checkbox(
                False, label="Keep the recipe in the file", info="Parameters, seed and weights; no names.", scale=2
            )
            self.download = gr.DownloadButton("Download", interactive=False, scale=1)
        self.recipes = RecipeRow()
        with gr.Row(visible=bool(send_to)):
            self.senders = {
                name: gr.Button(f"Send to {name}", size="sm", interactive=False, min_width=110) for name in send_to
            }
        with gr.Tabs(selected=first) as self.tabs:
            with gr.Tab("Losses", id="losses", visible=first == "losses"):
                self.curves = gr.HTML(Curves().svg(), elem_classes=["chart"])
            with gr.Tab("Before and after", id="compare", visible=first != "facts"):
                self.compare = gr.ImageSlider(
                    label="Before and after", format="jpeg", height=CHART_HEIGHT, max_height=CHART_HEIGHT - 2,
                    interactive=False, show_label=False, buttons=["fullscreen"],
                )  # fmt: skip
            with gr.Tab("How it works", id="how"):
                how = HOW[task.name]
                gr.Markdown(how.text)
                self.inside = gr.Image(
                    label="Inside your run", show_label=False, format="jpeg", interactive=False,
                    buttons=["download", "fullscreen"],
                    alt_text=how.shown, visible=False,
                )  # fmt: skip
            with gr.Tab("What happened", id="facts"):
                self.facts = gr.JSON(show_label=False, open=False, height=CHART_HEIGHT)
        self._job = gr.State(None, delete_callback=end)
        self.result = gr.State(None, time_to_live=3600)
        """:class:`Kept` once there is a result."""
        self.runs: list[RunEvents] = []
        """The events of each trigger, once :meth:`connect` has bound them."""

    def connect(self, controls: Controls, *more_triggers: Any) -> list[RunEvents]:
        """Bind the events and make the endpoint; ``more_triggers`` begin a run besides the Run button.

        Returns:
            The events of each trigger, for what else follows a run.
        """
        self.runs = [self._connect_run(controls, trigger) for trigger in (self.run.click, *more_triggers)]
        self.stop.click(_stop, [self._job], [self.stop, self.status], queue=False, **PRIVATE)
        gr.on([self.kind.change, self.keep_recipe.change], **self._download_event())
        self.recipes.connect(controls, self.result, [events.ended for events in self.runs])
        publish(controls)
        return self.runs

    def _connect_run(self, controls: Controls, trigger: Any) -> RunEvents:
        shown = [self.picture, self.status, self.curves, self.compare, self.tabs, self.facts, self.result]
        begun = trigger(begin, None, [self._job, self.run, self.stop, self.status], queue=False, **PRIVATE)
        ran = begun.then(
            _worker(controls), [self._job, *controls.on_page], shown, show_progress="minimal",
            show_progress_on=[self.status], **PRIVATE, **QUEUE,
        )  # fmt: skip
        # Not .then: it does not follow an error that the page shows.
        # The status once more: what a press of Stop has written may arrive after the run's last words.
        ended = ran.success(_done, [self.facts], [self.run, self.stop, self.status], queue=False, **PRIVATE)
        ended.then(**self._download_event())
        ended.then(_inside, [self.result], [self.inside], queue=False, show_progress="hidden", **PRIVATE)
        if self.senders:
            buttons = {*self.senders.values()}
            usable = dict.fromkeys(buttons, gr.update(interactive=True))
            ended.then(lambda: usable, None, [*buttons], queue=False, **PRIVATE)
        ran.failure(_failed, [self.result], [self.run, self.stop, self.status], queue=False, **PRIVATE)
        return RunEvents(begun, ended)

    def _download_event(self) -> dict[str, Any]:
        """Write the file of the download, in the format chosen now."""
        inputs = [self.result, self.kind, self.keep_recipe]
        return {
            "fn": _prepare, "inputs": inputs, "outputs": [self.download],
            "queue": False, "show_progress": "hidden", **PRIVATE,
        }  # fmt: skip


def publish(controls: Controls) -> None:
    """The named endpoint of a task: its components as arguments, a picture and the facts as outputs."""
    trigger = gr.Button(visible=False)
    picture = gr.Image(label="result", format="jpeg", visible=False)
    facts = gr.JSON(label="facts", visible=False)
    trigger.click(
        _endpoint(controls), controls.components, [picture, facts], api_name=controls.task.endpoint,
        api_description=described(controls), **PUBLIC, **QUEUE,
    )  # fmt: skip


def described(controls: Controls, first: Mapping[str, str] | None = None) -> str:
    """What API page and MCP clients are told of an endpoint and of every argument, from the record.

    Args:
        controls: of its task.
        first: arguments that come before those of the task.
    """
    form = controls.form
    every = {**(first or {}), **controls.described()}
    arguments = [f"    {name}: {' '.join(text.split())}" for name, text in every.items()]
    told = f"{form.summary} ({form.paper}). Gives previews with the progress, at last the result with what happened."
    return "\n".join([told, "", "Args:", *arguments])


def begin() -> tuple[Any, ...]:
    """A new job, and what buttons and status show while it waits for its turn."""
    return new_job(), gr.update(interactive=False), gr.update(interactive=True), look.status(0, "Waiting for a turn")


def ended() -> tuple[Any, Any]:
    """The buttons after a run: Run and Stop."""
    return gr.update(interactive=True), gr.update(interactive=False)


def _done(facts: Mapping[str, Any]) -> tuple[Any, ...]:
    return *ended(), look.finished(facts)


def _failed(kept: Kept | None) -> tuple[Any, ...]:
    before = " What is shown is the run before." if kept is not None else ""
    return *ended(), look.status(0, f"Nothing was made; the message says why.{before}")


def _stop(job: Job | None) -> Any:
    end(job)
    return gr.update(interactive=False), look.status(0, "Stopping, and keeping the best picture so far")


def end(job: Job | None) -> None:
    """Ask a run to stop."""
    if job is not None:
        job.stop()


def _worker(controls: Controls) -> Any:
    """The page's event: frames on the way, at last the result in every place that shows it."""

    def work(job: Job, *values: Any) -> Iterator[Any]:
        for frame in frames(controls, values, job):
            if frame is None:
                yield gr.skip()
            elif isinstance(frame, Frame):
                yield _shown(frame)
            else:
                yield from _finished(frame, _before(controls, values))

    return work


def _shown(frame: Frame) -> tuple[Any, ...]:
    picture = gr.skip() if frame.preview is None else frame.preview
    curves = gr.skip() if frame.curves is None else frame.curves.svg()
    text = look.status(frame.done, frame.stage, frame.seconds_left, look.losses(frame.figures))
    return picture, text, curves, gr.skip(), gr.skip(), gr.skip(), gr.skip()


def _finished(result: Result, before: Image.Image | None) -> Iterator[tuple[Any, ...]]:
    profile, exif = (result.raster.profile, result.raster.exif) if result.raster else (None, None)
    stored = Kept(png_of(result), result.recipe, result.explanation, profile, exif, result.keeps, result.source_type)
    pair, tab = gr.skip(), gr.skip()
    shown = ImageOps.contain(result.image, (SHOWN_SIDE, SHOWN_SIDE)) if max(result.image.size) > SHOWN_SIDE else None
    if before is not None and _alike(before, result.image):
        after = shown or result.image
        pair = (before.resize(after.size, Image.Resampling.LANCZOS), after)
        tab = gr.update(selected="compare")
    told = (look.finished(result.facts), gr.skip(), pair, tab, result.facts, stored)
    if shown is not None:
        yield shown, *told
        return
    with file_of(stored.png, "png", result.recipe["task"]) as file:
        yield file, *told


def _inside(kept: Kept | None) -> Any:
    """What the run shows of itself."""
    if kept is None or kept.explanation is None or isinstance(kept.explanation, Comparison):
        return gr.update(visible=False)  # a comparison stands below, under the lens
    return gr.update(value=kept.explanation.picture(), visible=True)


def _prepare(stored: Kept | None, kind: Any, keep_recipe: bool) -> Iterator[Any]:
    """Write the download again when its format changes."""
    if stored is None:
        yield gr.skip()
        return
    data = stored.converted(kind, keep_recipe=keep_recipe)
    with file_of(data, kind, stored.recipe["task"]) as file:
        yield gr.update(value=file, interactive=True)


def _before(controls: Controls, values: Any) -> Image.Image | None:
    """The first picture that was given, to compare with."""
    pictures, _ = controls.read(values)
    first = pictures[controls.task.inputs[0].name]
    return first[0].image if first else None


def _alike(before: Image.Image, after: Image.Image) -> bool:
    return abs(before.width / before.height - after.width / after.height) < 0.05 * before.width / before.height


def _endpoint(controls: Controls) -> Any:
    """The API's event: (preview, progress) on the way, (PNG, facts) at the end."""

    def work(*values: Any) -> Iterator[Any]:
        with called() as job:
            for frame in frames(controls, values, job):
                if frame is None:
                    yield gr.skip()
                elif isinstance(frame, Frame):
                    yield gr.skip() if frame.preview is None else frame.preview, {**frame.progress, **frame.figures}
                else:
                    with file_of(png_of(frame), "png", frame.recipe["task"]) as path:
                        yield path, frame.facts

    work.__signature__ = controls.signature()  # type: ignore[attr-defined]
    work.__name__ = controls.task.endpoint
    work.__doc__ = described(controls)
    return work
