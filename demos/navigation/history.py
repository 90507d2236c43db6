"""What a visit has made so far: a gallery, all of it as a zip, and a button that forgets it."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image, ImageOps

from demos.components.events import QUIET
from demos.components.output_panel import Panel
from demos.components.stored_result import Kept
from demos.i18n.language import say
from engine import TASKS

MOST_RESULTS, MOST_BYTES = 24, 64_000_000
"""Of one visit; the oldest goes first."""
SIDE = 384
"""Longer side of a thumbnail in pixels."""
KEPT = "Only here, and only until you close this page: the newest 24, each with its recipe. Tabs keep their last one."
PRESS = "() => { const link = document.querySelector('#history-zip'); (link?.querySelector('a') || link)?.click(); }"


@dataclass
class History:
    """Results of one visit, the newest first."""

    results: list[tuple[Kept, Image.Image]] = field(default_factory=list)

    def add(self, kept: Kept) -> None:
        """Remember a result, and forget what is too much."""
        with Image.open(io.BytesIO(kept.png)) as image:
            image.draft("RGB", (SIDE, SIDE))
            self.results.insert(0, (kept, ImageOps.contain(image.convert("RGB"), (SIDE, SIDE))))
        while len(self.results) > MOST_RESULTS or (self._bytes() > MOST_BYTES and len(self.results) > 1):
            self.results.pop()

    def _bytes(self) -> int:
        return sum(len(kept.png) for kept, _ in self.results)

    def pictures(self) -> list[tuple[Image.Image, str]]:
        """For the gallery."""
        many = len(self.results)
        titles = [say(TASKS[kept.recipe["task"]].title) for kept, _ in self.results]
        return [(each, f"{many - index}: {titles[index]}") for index, (_, each) in enumerate(self.results)]

    def zipped(self) -> bytes:
        """All pictures, and their recipes beside them."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for index, (kept, _) in enumerate(reversed(self.results), start=1):
                name = f"{index:02d}-{kept.recipe['task']}"
                for ending, data in ((".png", kept.png), (".json", json.dumps(kept.recipe, indent=2))):
                    # Of one date, so that the same results are the same file.
                    archive.writestr(zipfile.ZipInfo(name + ending), data)
        return stream.getvalue()


class HistoryView:
    """Laid out where it is made; connected with the panels whose results it remembers."""

    def __init__(self) -> None:
        self._seen = gr.State(History(), time_to_live=3600)
        with gr.Accordion("This visit's results", open=False):
            gr.Markdown(KEPT, elem_classes=["quiet"])
            self._gallery = gr.Gallery(
                [], label="Results", show_label=False, columns=6, height=260, object_fit="contain", format="jpeg",
                interactive=False, buttons=["fullscreen"], elem_classes=["history"],
            )  # fmt: skip
            with gr.Row():
                self._all = gr.Button("Download all", size="sm", interactive=False)
                self._clear = gr.Button("Clear the list", size="sm", interactive=False)
                self._file = gr.DownloadButton("zip", elem_id="history-zip", elem_classes=["away"])

    def connect(self, panels: Iterable[Panel]) -> None:
        """Remember every panel's results."""
        # The list is an output, too: only a state that was given has a time to live.
        shown = [self._seen, self._gallery, self._all, self._clear]
        for panel in panels:
            for events in panel.runs:
                events.ended.then(_added, [self._seen, panel.result], shown, **QUIET)
        zipped = self._all.click(_zipped, [self._seen], [self._file], **QUIET)
        zipped.then(None, None, None, js=PRESS, **QUIET)
        self._clear.click(_cleared, [self._seen], shown, **QUIET)


def _added(seen: History, kept: Kept | None) -> tuple[Any, ...]:
    if kept is not None and not any(kept is each for each, _ in seen.results):
        seen.add(kept)
    return _shown(seen)


def _cleared(seen: History) -> tuple[Any, ...]:
    seen.results.clear()
    return _shown(seen)


def _shown(seen: History) -> tuple[Any, ...]:
    some = gr.update(interactive=bool(seen.results))
    return seen, seen.pictures(), some, some


def _zipped(seen: History) -> Iterator[Any]:
    if not seen.results:
        yield gr.skip()
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pentimento.zip"
        path.write_bytes(seen.zipped())
        yield str(path)
