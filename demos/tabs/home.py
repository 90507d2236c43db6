"""The first tab: what can be done here, as pictures; and what this machine has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from demos.components import theme as look
from demos.components.events import QUIET, given
from demos.examples import FOLDER
from demos.i18n.language import say_html
from demos.navigation.recipes import RecipeUpload
from demos.navigation.tab_locations import Place

CARDS = Path(__file__).parents[1] / "cards"


class Card(NamedTuple):
    """One of the tasks."""

    name: str
    """Of its picture, ``cards/NAME.jpg``."""
    title: str
    line: str
    task: str
    """The task that its button opens."""
    example: Mapping[str, str | Sequence[str]]
    """Upload -> example pictures that the button fills in."""
    alt: str
    """What its picture shows."""


TASKS = (
    Card(
        "style-v1", "Style V1", "A photo becomes a painting, step by step, while you watch.", "style-v1",
        {"content": "cat.jpg", "style": "starry_night_texture.jpg"}, "a cat, and the same cat painted in swirls",
    ),
    Card(
        "style-v2", "Style V2", "The same in one pass of a network: photos, videos, a camera.", "style-v2",
        {"content": "temple.jpg"}, "a temple, and the same temple in the colours of a woodcut",
    ),
    Card(
        "style-v3", "Style V3", "Nearest patches instead of statistics: parts stay whole.", "style-v3",
        {"content": "cat.jpg", "style": "starry_night_texture.jpg"}, "a portrait, and the same as an old painting",
    ),
    Card(
        "super-resolution", "Super-resolution", "Four times larger: interpolated, residual, or GAN.",
        "super-resolution-comparison", {"image": "cat.jpg"}, "a temple's roof, blurred, and the same in detail",
    ),
    Card(
        "inpainting", "Inpainting", "Paint over what should go, and it is gone.", "inpainting",
        {"image": "astronaut.jpg"}, "a portrait beside a model of a rocket, and the same without the rocket",
    ),
    Card(
        "face-swap", "Face swap", "Another identity in your pose, expression and light.", "face-swap",
        {"image": "astronaut.jpg", "identity": ["moltedo.jpg"]}, "a portrait, and the same with a painted man's face",
    ),
)  # fmt: skip
WELCOME = (
    "Six published algorithms that repaint a picture. They really run, on this machine, on your own picture: nothing "
    "is sent anywhere else, and everything is deleted within the hour."
)


class Home:
    """Laid out where it is made; connected when all tabs are there."""

    def __init__(self) -> None:
        gr.Markdown(WELCOME)
        self._buttons = []
        for start in range(0, len(TASKS), 3):
            with gr.Row():
                for card in TASKS[start : start + 3]:
                    self._buttons.append((card, self._placed(card)))
        self.machine = gr.HTML(look.machine(None), elem_classes=["machine"])
        with gr.Row():
            self.load = RecipeUpload(size="sm", scale=0, min_width=200)

    def _placed(self, card: Card) -> gr.Button:
        with gr.Column(min_width=200, elem_classes=["card"]):
            gr.Image(
                str(CARDS / f"{card.name}.jpg"), show_label=False, label=card.title, interactive=False, buttons=[],
                alt_text=card.alt, height=190, elem_classes=["cover"],
            )  # fmt: skip
            gr.Markdown(f"### {card.title}\n{card.line}")
            return gr.Button(f"Try {card.title}", size="sm", variant="primary")

    def connect(self, page: gr.Blocks, places: Mapping[str, Place]) -> None:
        """Bind the buttons, and fill in the line about the machine once the page is shown."""
        for card, button in self._buttons:
            place = places[card.task]
            uploads = [place.controls.uploads_placed[name] for name in card.example]
            pictures = given([_paths(names) for names in card.example.values()])
            place.open(button.click).then(partial(_same, pictures), None, uploads, **QUIET)
        page.load(_machine, None, [self.machine], **QUIET)


def _paths(names: str | Sequence[str]) -> str | list[str]:
    return str(FOLDER / names) if isinstance(names, str) else [str(FOLDER / name) for name in names]


def _same(pictures: Any) -> Any:
    return pictures


def _machine() -> str:
    """Device, memory and weights, as they are now."""
    from engine.runtime.machine import machine

    return say_html(look.machine(machine()))
