"""Recipes: what reproduces a result, read from its file, from JSON, or from anywhere else that cannot be trusted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.contracts.errors import ParameterError, PictureError, UnknownNameError
from engine.contracts.parameters import Parameters, parse
from engine.imaging.picture import RECIPE_LIMIT, open_picture

if TYPE_CHECKING:
    from engine.contracts.task import Form

KEY_MADE_FROM = "made_from"
"""Key of the recipes of a result's pictures, by input."""


@dataclass(frozen=True)
class Recipe:
    """A recipe that has been checked."""

    task: str
    """A task or a task on videos, that exists."""
    parameters: Parameters
    """Of that task. What may not be remembered, such as consent, has its default."""
    weights: Mapping[str, str]
    """Name of the catalogue entry -> sha256, as the recipe says."""

    @classmethod
    def of(cls, given: Any) -> Recipe:
        """From a JSON value.

        Raises:
            ParameterError: it is no recipe, or has a value that its task does not allow.
            UnknownNameError: there is no such task.
        """
        if not isinstance(given, dict) or not isinstance(given.get("task"), str):
            raise ParameterError("This is not a recipe of the hub.")
        form = _form(given["task"])
        values = given.get("parameters", {})
        if not isinstance(values, dict):
            raise ParameterError("This is not a recipe of the hub.")
        kept = {name: value for name, value in values.items() if form.parameters.remembered(name)}
        used = given.get("weights")
        named = {
            str(each["name"]): str(each["sha256"])
            for each in (used if isinstance(used, list) else ())
            if isinstance(each, dict) and {"name", "sha256"} <= each.keys()
        }
        return cls(form.name, parse(form.parameters, kept), named)

    @property
    def others(self) -> list[str]:
        """Weights that are not the catalogue's, so that the result may differ."""
        from engine.model_store.catalogue import catalogue

        ours = {each.name: each.sha256 for each in catalogue()}
        return [name for name, found in self.weights.items() if ours.get(name) != found]

    @property
    def told(self) -> str:
        """What a person is told when it is loaded."""
        other = f" It was made with other weights: {', '.join(self.others)}." if self.others else ""
        return f"The settings are those of the recipe; pictures are not part of it.{other}"


def read(path: Path) -> Recipe:
    """The recipe of a result (PNG, JPEG) or of a JSON file.

    Raises:
        PictureError: the file is a picture without a recipe, or cannot be read.
        ParameterError, UnknownNameError: see :meth:`Recipe.of`.
    """
    if path.suffix.lower() == ".json":
        try:
            with path.open(encoding="utf-8") as file:
                text: str | None = file.read(RECIPE_LIMIT)
        except (OSError, UnicodeDecodeError):
            raise ParameterError("This is not a recipe of the hub.") from None
    else:
        text = open_picture(path).recipe
    if not text:
        raise PictureError("This picture keeps no recipe; tick 'Keep the recipe in the file' before you download one.")
    return Recipe.of(parsed(text))


def parsed(text: str) -> Any:
    """A JSON value; None for what is none, or too deep."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def made_from(text: str | None) -> Any:
    """The recipe that a picture brings along, to be kept in that of what is made of it; None where there is none.

    Only what says how it was made is handed on: task, parameters, weights, and what it was made from.
    """
    found = parsed(text) if text else None
    if not isinstance(found, dict) or "task" not in found:
        return None
    return {key: found[key] for key in ("task", "parameters", "weights", KEY_MADE_FROM) if key in found}


def fields_of(task: str) -> set[str]:
    """Names of a task's parameters; none where there is no such task."""
    try:
        return set(_form(task).parameters.model_fields)
    except UnknownNameError:
        return set()


def _form(name: str) -> Form:
    from engine.tasks import FILMS, TASKS

    if name in FILMS:
        return FILMS[name]
    try:
        return TASKS[name]
    except UnknownNameError as error:
        raise UnknownNameError(str(error)[:300]) from None
