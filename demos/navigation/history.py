"""What a visit has made so far: a gallery, one of it in full with all that can be done with it, all of it as a zip."""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image

from demos.components.events import QUIET, warn
from demos.components.following import FinishedRun, Follower
from demos.components.output_panel import OutputPanel
from demos.components.status import seconds
from demos.i18n.language import mark, say
from demos.serving.request import session
from demos.serving.sessions import OWN
from demos.serving.site import Site
from engine.contracts.messages import Message, Text
from engine.imaging.picture import RECIPE_KEY
from engine.imaging.png import with_text
from engine.imaging.preview import contained

MOST_RESULTS, MOST_BYTES = 24, 500_000_000
"""Most results and bytes on the disk that are kept of one visit; beyond them the oldest goes."""
SIDE = 256
"""Longer side of a thumbnail in pixels."""
FULL_HEIGHT = 420
"""Height in pixels of the result that is chosen."""
KEPT = Message(
    "The newest {most} of this visit, until you close this page; after an hour their files are gone. Click one to see "
    "it in full.",
    most=MOST_RESULTS,
)
GONE = Message("This result's file is gone: nothing is kept for more than an hour.")
PRESS = "() => { const link = document.querySelector('#history-zip'); (link?.querySelector('a') || link)?.click(); }"


@dataclass(frozen=True)
class Entry:
    """A result of a visit, with its file."""

    file: Path
    """A picture as PNG, or a video; deleted with its visit, and after an hour."""
    thumbnail: Image.Image
    title: Text
    """The task's."""
    recipe: dict[str, Any]
    """See :attr:`engine.RunResult.recipe`."""
    size: tuple[int, int]
    """Width and height in pixels."""
    seconds: float
    """How long the run took."""
    video: bool = False

    def with_recipe(self) -> bytes:
        """A picture's file with its recipe in it, which travels along when it is sent on."""
        return with_text(self.file.read_bytes(), {RECIPE_KEY: json.dumps(self.recipe)})

    @property
    def bytes(self) -> int:
        """Of its file; 0 where it is gone."""
        with suppress(OSError):
            return self.file.stat().st_size
        return 0


@dataclass
class History:
    """Results of one visit, the newest first."""

    results: list[Entry] = field(default_factory=list)
    dropped: int = 0
    """How many had to go."""

    def add(self, entry: Entry) -> None:
        """Remember a result, and forget what is too much."""
        self.results.insert(0, entry)
        while len(self.results) > MOST_RESULTS or (self._bytes() > MOST_BYTES and len(self.results) > 1):
            _deleted(self.results.pop())
            self.dropped += 1

    def clear(self) -> None:
        """Forget all."""
        for each in self.results:
            _deleted(each)
        self.results.clear()
        self.dropped = 0

    def _bytes(self) -> int:
        return sum(each.bytes for each in self.results)

    def pictures(self) -> list[tuple[Image.Image, str]]:
        """For the gallery."""
        many = len(self.results)
        return [(each.thumbnail, f"{many - at}: {say(each.title)}") for at, each in enumerate(self.results)]

    def note(self) -> str:
        """In a handler: what is kept, and how many had to go."""
        if not self.dropped:
            return say(KEPT)
        told = Message(
            "{count} older ones had to go: a visit may keep {most} results or {megabytes} MB.",
            count=self.dropped, most=MOST_RESULTS, megabytes=MOST_BYTES // 1_000_000,
        )  # fmt: skip
        return f"{say(KEPT)} {say(told)}"

    def zip(self, file: Path) -> None:
        """Write all files that are left, and their recipes beside them."""
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for index, each in enumerate(reversed(self.results), start=1):
                name = f"{index:02d}-{each.recipe['task']}"
                with suppress(FileNotFoundError):
                    archive.write(each.file, name + each.file.suffix)
                    archive.writestr(f"{name}.json", json.dumps(each.recipe, indent=2))


class HistoryView(Follower):
    """Laid out where it is made; it follows the panels of all tasks.

    Args:
        site: whose sessions own the files.
        panels: whose results it remembers.
        destinations: title of a task -> its place, for results that are sent on.
    """

    def __init__(self, site: Site, panels: Iterable[OutputPanel], destinations: Sequence[tuple[Text, str]]) -> None:
        self._site = site
        self._history = gr.State(History(), time_to_live=3600)
        self.chosen = gr.State(None, time_to_live=3600)
        """The :class:`Entry` that is seen in full."""
        with gr.Accordion(mark(Message("This visit's results")), open=False):
            self._note = gr.Markdown(mark(KEPT), elem_classes=["quiet"])
            self._gallery = gr.Gallery(
                [], label=mark(Message("Results")), show_label=False, columns=6, height=200, object_fit="contain",
                format="jpeg", interactive=False, buttons=[], allow_preview=False, elem_classes=["history"],
            )  # fmt: skip
            with gr.Row(visible=False) as self._one:
                self._place_one(destinations)
            with gr.Row():
                self._all = gr.Button(mark(Message("Download all")), size="sm", interactive=False)
                self._clear = gr.Button(mark(Message("Clear the list")), size="sm", interactive=False)
                self._file = gr.DownloadButton("zip", elem_id="history-zip", elem_classes=["away"])
        # The list is an output, too: only a state that was given has a time to live.
        self.outputs = (self._history, self._gallery, self._all, self._clear, self._note)
        self.inputs = (self._history,)
        for panel in panels:
            panel.followers.append(self)

    def _place_one(self, destinations: Sequence[tuple[Text, str]]) -> None:
        """The result that is chosen, and what can be done with it."""
        with gr.Column(scale=2):
            self._picture = gr.Image(
                label=mark(Message("Result")), show_label=False, height=FULL_HEIGHT, interactive=False,
                buttons=["fullscreen"], alt_text=mark(Message("the result that is chosen")), elem_classes=["filled"],
            )  # fmt: skip
            self._video = gr.Video(
                label=mark(Message("Result")), show_label=False, height=FULL_HEIGHT, interactive=False, visible=False
            )
        with gr.Column(scale=1):
            self._facts = gr.Markdown()
            self._download = gr.DownloadButton(mark(Message("Download this result")), size="sm")
            self.again = gr.Button(mark(Message("Its settings again")), size="sm")
            choices = [(mark(title), place) for title, place in destinations]
            self.send = gr.Dropdown(choices, value=None, label=mark(Message("Send to")), interactive=True)

    def connect(self) -> None:
        """Bind the gallery and the buttons."""
        zipped = self._all.click(_zipped, [self._history], [self._file], **QUIET)
        zipped.then(None, None, None, js=PRESS, **QUIET)
        self._clear.click(_cleared, [self._history], [*self.outputs, self._one, self.chosen], **QUIET)
        shown = [self.chosen, self._one, self._picture, self._video, self._facts, self._download, self.send]
        self._gallery.select(_selected, [self._history], shown, **QUIET)

    def at_end(self, run: FinishedRun, values: Sequence[Any]) -> dict[Any, Any]:
        """See :meth:`demos.components.following.Follower.at_end`."""
        history: History = values[0]
        try:
            history.add(self._kept(run))
        except OSError:  # no room for one more file: the run's own panel has the result
            return {}
        return dict(zip(self.outputs, _shown(history), strict=True))

    def _kept(self, run: FinishedRun) -> Entry:
        """The result with a file of its own, which goes with the visit."""
        result, video = run.result, run.result.video
        folder = Path(get_upload_folder()) / f"{OWN}{secrets.token_hex(32)}"
        folder.mkdir(parents=True)
        suffix = video.path.suffix if video else ".png"
        file = folder / f"pentimento-{result.recipe['task']}{suffix}"
        if video:
            shutil.copyfile(video.path, file)
        elif run.stored is not None:
            file.write_bytes(run.stored.png)
        self._site.sessions.own(session(), [str(file)])
        return Entry(
            file, contained(result.image, SIDE), run.title, dict(result.recipe), result.facts.size,
            result.facts.seconds, bool(video),
        )  # fmt: skip


def _deleted(entry: Entry) -> None:
    with suppress(OSError):  # gone meanwhile
        entry.file.unlink()
        entry.file.parent.rmdir()


def _cleared(history: History) -> tuple[Any, ...]:
    history.clear()
    return *_shown(history), gr.update(visible=False), None


def _shown(history: History) -> tuple[Any, ...]:
    some = gr.update(interactive=bool(history.results))
    return history, history.pictures(), some, some, history.note()


def _selected(history: History, event: gr.SelectData) -> tuple[Any, ...]:
    """One result in full: its picture or video, what it is, its file."""
    entry = history.results[event.index] if event.index < len(history.results) else None
    if entry is None or not entry.file.exists():
        warn(GONE)
        return None, gr.update(visible=False), *[gr.skip()] * 5
    width, height = entry.size
    facts = Message(
        "{width} x {height} pixels, {megabytes} MB, made in {time}",
        width=width, height=height, megabytes=f"{entry.bytes / 1e6:.1f}", time=seconds(entry.seconds),
    )  # fmt: skip
    path = str(entry.file)
    return (
        entry,
        gr.update(visible=True),
        gr.update(value=None if entry.video else path, visible=not entry.video),
        gr.update(value=path if entry.video else None, visible=entry.video),
        f"**{say(entry.title)}**\n\n{say(facts)}",
        gr.update(value=path),
        gr.update(value=None, interactive=not entry.video),
    )


def _zipped(history: History) -> Iterator[Any]:
    if not history.results:
        yield gr.skip()
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pentimento.zip"
        history.zip(path)
        yield str(path)
