"""The mark on what is chosen in a gallery, by what counts, however that came there: a click, a recipe, an upload.

Gradio's own mark knows clicks only, and a gallery that is told what is chosen takes it for a click.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr

from demos.components.events import PRIVATE

RULE = ".{name} .grid-container > :nth-child({place}) > button {{ outline-color: var(--color-accent) !important; }}"
SCRIPT = """(...values) => {
  const marked = (CHOSEN)(...values).map((each) => KEYS.indexOf(each)).filter((at) => at >= 0);
  return '<style>' + marked.map((at) => RULE.replace('{place}', at + 1)).join('') + '</style>';
}"""


class GalleryMark:
    """Made beside the gallery.

    Args:
        name: class of the gallery, unique on the page.
        keys: what stands for each of its pictures.
        chosen: of them, at first.
    """

    def __init__(self, name: str, keys: Sequence[str], chosen: Sequence[str] = ()) -> None:
        self._rule, self._keys = RULE.format(name=name, place="{place}"), keys
        rules = [RULE.format(name=name, place=keys.index(each) + 1) for each in chosen]
        self._style = gr.HTML(f"<style>{''.join(rules)}</style>", elem_classes=["gallery-mark"])

    def connect(self, components: Sequence[Any], chosen: str) -> None:
        """Keep the mark true.

        Args:
            components: what decides.
            chosen: JavaScript, a function of their values that gives the keys of what is chosen.
        """
        script = SCRIPT.replace("CHOSEN", chosen)
        script = script.replace("KEYS", json.dumps(self._keys)).replace("RULE", json.dumps(self._rule))
        changes = [each.change for each in components]
        gr.on(changes, None, [*components], [self._style], js=script, queue=False, show_progress="hidden", **PRIVATE)
