"""Records of tabs and their views; the table of all tabs is in :mod:`demos.hub`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from demos.components.output_layout import Beside
from demos.serving.site import Site
from engine.contracts.messages import Message
from engine.contracts.task_parts import Example

if TYPE_CHECKING:
    from demos.tabs.specials.special import Special
    from demos.tabs.task_view import TaskView


HINT = Message("Choose a picture, or one of the examples.")


@dataclass(frozen=True, kw_only=True)
class ViewSpec:
    """One task, or several that share their pictures and settings: inputs on the left, the result on the right."""

    id: str
    """Id of its tab."""
    title: Message
    """Title of its tab."""
    tasks: Sequence[str]
    """Names of the tasks; the first one's pictures and settings serve the others, too."""
    ways: Sequence[tuple[str, Message]] = ()
    """Id and title of the tab of each task, where there are several."""
    intro: Message | None = None
    """Introduction above the view, Markdown."""
    hint: Message = HINT
    """Stands in place of the estimate until there is something to run."""
    beside: Sequence[Beside] = ("compare",)
    """Tabs beside the first task's result; for a descent, its losses, too."""
    compares: bool = False
    """Whether runs end in a comparison, which is shown under the lens."""
    folded: bool = False
    """Whether the settings are folded away, for presets come before them."""
    quick: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Setting of the first task -> value -> what the page does at first instead, because it is quick; the better
    version is offered on its result. Programs get what they ask for."""
    goes_on: bool = False
    """Whether there is a row of buttons for what can be done with a result, right under it."""
    special: Sequence[Callable[[TaskView], Special]] = ()
    """Special parts of the view that other views do not have; each is built from the view."""


@dataclass(frozen=True, kw_only=True)
class CustomView:
    """A view that runs no task in the usual way."""

    id: str
    """Id of its tab."""
    title: Message
    """Title of its tab."""
    place: Callable[[Site], None]
    """Lays it out inside the current Blocks, and connects it."""
    shown: Callable[[], bool] = lambda: True
    """Whether it is of use here."""


@dataclass(frozen=True)
class Card:
    """A tab's card on Home; its picture is ``cards/ID.jpg`` or the tab's first example."""

    outcome: Message
    """What comes out, in a few words."""
    line: Message
    """One line that says what the tab does."""
    alt: Message
    """Description of the card's picture, for people who cannot see it."""
    example: Example | None = None
    """What *Try* puts into the first view; None for the first example of its task."""


@dataclass(frozen=True, kw_only=True)
class TabSpec:
    """A tab of the page."""

    id: str
    """Id of the tab, and name of its picture on Home."""
    title: Message
    """For a person."""
    views: Sequence[ViewSpec | CustomView]
    """One after the other as tabs of their own; a single one fills the tab."""
    card: Card
    """On Home; its *Try* opens the first view with an example."""
    intro: Message | None = None
    """Introduction above all views, Markdown."""
