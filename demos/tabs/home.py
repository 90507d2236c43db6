"""The first tab: what can be done here, as pictures; and what this machine has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from demos.components.events import QUIET, for_outputs
from demos.components.recipe_upload import RecipeUpload
from demos.components.status import machine_line, machine_placeholder
from demos.examples import FOLDER, example_paths
from demos.i18n.language import mark, mark_html
from demos.navigation.tab_locations import Locations
from demos.serving.site import Site
from demos.tabs.records import TabSpec, ViewSpec
from engine.contracts.messages import Message
from engine.contracts.task import TaskSpec
from engine.runtime.machine import describe_machine

CARDS = Path(__file__).parents[1] / "cards"
IN_A_ROW = 3
WELCOME = Message(
    "Six published algorithms that repaint a picture. They really run, on this machine, on your own picture: nothing "
    "is sent anywhere else, and everything is deleted within the hour."
)


class Home:
    """Laid out where it is made; connected when all tabs are there.

    Args:
        site: that the page is for.
        tabs: that have a card.
    """

    def __init__(self, site: Site, tabs: Sequence[TabSpec]) -> None:
        self._site = site
        gr.Markdown(mark(WELCOME))
        self._buttons: list[tuple[TaskSpec, gr.Button]] = []
        for start in range(0, len(tabs), IN_A_ROW):
            with gr.Row():
                for tab in tabs[start : start + IN_A_ROW]:
                    self._place_card(tab)
        self._machine = gr.HTML(machine_placeholder(), elem_classes=["machine"])
        with gr.Row():
            self.load = RecipeUpload(site.tasks, size="sm", scale=0, min_width=200)

    def _place_card(self, tab: TabSpec) -> None:
        view = tab.views[0]
        assert isinstance(view, ViewSpec), "the first view of a tab runs a task"
        task = self._site.tasks[view.tasks[0]]
        with gr.Column(min_width=200, elem_classes=["card"]):
            gr.Image(
                _picture(tab, task), show_label=False, label=mark(tab.title), interactive=False, buttons=[],
                alt_text=mark(tab.card.alt), height=190, elem_classes=["cover"],
            )  # fmt: skip
            line = tab.card.line
            gr.Markdown(mark_html(lambda translate: f"### {tab.title.said(translate)}\n{line.said(translate)}"))
            button = gr.Button(mark(Message("Try {task}", task=tab.title)), size="sm", variant="primary")
        self._buttons.append((task, button))

    def connect(self, page: gr.Blocks, locations: Locations) -> None:
        """Bind the buttons, and fill in the line about the machine once the page is shown."""
        for task, button in self._buttons:
            opened = locations[task.name].open(button.click)
            if task.examples:
                example = task.examples[0]
                uploads = [locations[task.name].upload(name) for name in example.pictures]
                opened.then(partial(_same, for_outputs(example_paths(example))), None, uploads, **QUIET)
        page.load(lambda: machine_line(describe_machine(self._site.runtime)), None, [self._machine], **QUIET)


def _picture(tab: TabSpec, task: TaskSpec) -> str | None:
    """The card's own picture, else the first one of the task's example."""
    card = CARDS / f"{tab.id}.jpg"
    if card.exists():
        return str(card)
    names = [name for example in task.examples[:1] for name in example.pictures.values()]
    return str(FOLDER / (names[0] if isinstance(names[0], str) else names[0][0])) if names else None


def _same(pictures: Any) -> Any:
    return pictures
