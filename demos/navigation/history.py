"""The pictures that a visit has made so far: a gallery, all of it as a zip, and a button that forgets it."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from demos.components.events import QUIET
from demos.components.following import FinishedRun, Follower
from demos.components.output_panel import OutputPanel
from demos.components.stored_result import StoredResult
from demos.i18n.language import mark, say
from engine.contracts.messages import Message, Text
from engine.imaging.preview import contained

MOST_RESULTS, MOST_BYTES = 24, 64_000_000
"""Most results and bytes that are remembered of one visit; beyond them the oldest is dropped."""
SIDE = 384
"""Longer side of a thumbnail in pixels."""
KEPT = Message(
    "Only here, and only until you close this page: the newest {most}, each with its recipe. Tabs keep their last one.",
    most=MOST_RESULTS,
)
PRESS = "() => { const link = document.querySelector('#history-zip'); (link?.querySelector('a') || link)?.click(); }"


@dataclass
class History:
    """Results of one visit, the newest first."""

    results: list[tuple[StoredResult, Image.Image, Text]] = field(default_factory=list)
    """Each with its thumbnail and the title of its task."""

    def add(self, stored: StoredResult, image: Image.Image, title: Text) -> None:
        """Remember a result, and forget what is too much."""
        self.results.insert(0, (stored, contained(image, SIDE), title))
        while len(self.results) > MOST_RESULTS or (self._bytes() > MOST_BYTES and len(self.results) > 1):
            self.results.pop()

    def _bytes(self) -> int:
        return sum(len(stored.png) for stored, _, _ in self.results)

    def pictures(self) -> list[tuple[Image.Image, str]]:
        """For the gallery."""
        many = len(self.results)
        return [(each, f"{many - at}: {say(title)}") for at, (_, each, title) in enumerate(self.results)]

    def zipped(self) -> bytes:
        """All pictures, and their recipes beside them."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for index, (stored, _, _) in enumerate(reversed(self.results), start=1):
                name = f"{index:02d}-{stored.task}"
                for ending, data in ((".png", stored.png), (".json", json.dumps(stored.recipe, indent=2))):
                    # Of one date, so that the same results are the same file.
                    archive.writestr(zipfile.ZipInfo(name + ending), data)
        return stream.getvalue()


class HistoryView(Follower):
    """Laid out where it is made; it follows the panels of all tasks that make pictures.

    Args:
        panels: whose results it remembers.
    """

    def __init__(self, panels: Iterable[OutputPanel]) -> None:
        self._history = gr.State(History(), time_to_live=3600)
        with gr.Accordion(mark(Message("This visit's results")), open=False):
            gr.Markdown(mark(KEPT), elem_classes=["quiet"])
            self._gallery = gr.Gallery(
                [], label=mark(Message("Results")), show_label=False, columns=6, height=260, object_fit="contain",
                format="jpeg", interactive=False, buttons=["fullscreen"], elem_classes=["history"],
            )  # fmt: skip
            with gr.Row():
                self._all = gr.Button(mark(Message("Download all")), size="sm", interactive=False)
                self._clear = gr.Button(mark(Message("Clear the list")), size="sm", interactive=False)
                self._file = gr.DownloadButton("zip", elem_id="history-zip", elem_classes=["away"])
        # The list is an output, too: only a state that was given has a time to live.
        self.outputs = (self._history, self._gallery, self._all, self._clear)
        self.inputs = (self._history,)
        for panel in panels:
            panel.followers.append(self)

    def connect(self) -> None:
        """Bind the buttons."""
        zipped = self._all.click(_zipped, [self._history], [self._file], **QUIET)
        zipped.then(None, None, None, js=PRESS, **QUIET)
        self._clear.click(_cleared, [self._history], [*self.outputs], **QUIET)

    def at_end(self, run: FinishedRun, values: Sequence[Any]) -> dict[Any, Any]:
        """See :meth:`demos.components.following.Follower.at_end`."""
        history: History = values[0]
        if run.stored is None:
            return {}
        history.add(run.stored, run.result.image, run.title)
        return dict(zip(self.outputs, _shown(history), strict=True))


def _cleared(history: History) -> tuple[Any, ...]:
    history.results.clear()
    return _shown(history)


def _shown(history: History) -> tuple[Any, ...]:
    some = gr.update(interactive=bool(history.results))
    return history, history.pictures(), some, some


def _zipped(history: History) -> Iterator[Any]:
    if not history.results:
        yield gr.skip()
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pentimento.zip"
        path.write_bytes(history.zipped())
        yield str(path)
