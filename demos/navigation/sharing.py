"""Pictures of other tabs, by choice: a button under empty uploads takes them over."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr

from demos.components.controls import Controls
from demos.components.events import PRIVATE
from engine.contracts.task import InputSpec, Kind

PHOTOS = ("content", "image", "picture")
"""Names of inputs for what is painted, enlarged, filled."""
TAKE = """(...values) => {
  const taken = OTHERS.map((places, own) => values[own] ?? places.map((at) => values[at]).find((each) => each) ?? null);
  return taken.length > 1 ? taken : taken[0];
}"""
"""JavaScript: for each own upload what is in it, else the first picture of the same kind that another one has."""
BUTTON = "take"
"""Class of the button; the style sheet shows it while its view has no picture and another one has."""


def connect_sharing(views: Sequence[tuple[Controls, gr.Button]]) -> None:
    """Bind the buttons of all views.

    Args:
        views: uploads and button of each, in the page's order; a tab's views follow each other.
    """
    for at, (controls, button) in enumerate(views):
        near = [other for other, _ in (*views[at + 1 :], *views[:at])]
        own, others = _by_role(controls), [_by_role(each) for each in near]
        shared = {role: [each[role] for each in others if role in each] for role in own}
        if not any(shared.values()):
            continue
        uploads = [*own.values(), *(each for same in shared.values() for each in same)]
        places, first = [], len(own)
        for role in own:
            places.append(list(range(first, first + len(shared[role]))))
            first += len(shared[role])
        script = TAKE.replace("OTHERS", json.dumps(places))
        button.click(None, uploads, [*own.values()], js=script, queue=False, **PRIVATE)


def _by_role(controls: Controls) -> dict[str, Any]:
    """Role -> the first upload that has it: a photo, a painting, a video."""
    uploads: dict[str, Any] = {}
    for spec in controls.task.inputs:
        if (role := _role(spec)) is not None:
            uploads.setdefault(role, controls.upload_components[spec.name])
    return uploads


def _role(spec: InputSpec) -> str | None:
    if spec.kind is Kind.VIDEO:
        return "video"
    if spec.name == "style":
        return "painting"
    return "photo" if spec.name in PHOTOS else None
