"""Face swaps of the portraits, and where their label is."""

from __future__ import annotations

from typing import Any

from engine import TASKS, RunResult, Runtime, open_picture
from engine.contracts.task import Inputs
from engine.faces.provenance import label
from engine.imaging.door import open_input
from tests.support import pictures
from tests.support.runs import finished

TASK = TASKS["face-swap"]


def swap_inputs(photo: Any = None, identity: Any = None) -> Inputs:
    """The astronaut and the identity moltedo, or other pictures: a photo, and a list of pictures of one identity."""
    return {
        "image": [open_input(TASK.input("image"), photo or pictures.portrait())],
        "identity": [open_picture(each) for each in (identity or [pictures.portrait("moltedo")])],
    }


def swapped(runtime: Runtime, photo: Any = None, identity: Any = None, **parameters: Any) -> RunResult:
    """A swap with consent and few iterations."""
    return finished(runtime, TASK, swap_inputs(photo, identity), **{"consent": True, "iterations": 6, **parameters})


def labelled_part(size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the label in a result of ``size`` (width, height)."""
    place = label(size, "bottom right", 0.03)
    assert place is not None
    return slice(place[0].top, place[0].bottom), slice(place[0].left, place[0].right)
