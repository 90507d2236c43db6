"""Recipes: what reproduces a result, read from its file, from JSON, or from anywhere else that cannot be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.contracts.errors import RecipeError
from engine.contracts.lineage import parsed_json
from engine.contracts.messages import Listing, Message
from engine.contracts.parameters import Parameters, parse
from engine.contracts.task import Registry
from engine.imaging.door import open_picture
from engine.imaging.picture import RECIPE_LIMIT
from engine.model_store.catalogue import catalogue
from engine.tasks import TASKS

NO_RECIPE = Message("This is not a recipe of the hub.")


@dataclass(frozen=True)
class Recipe:
    """A recipe that has been checked."""

    task: str
    """Name of a task that exists."""
    parameters: Parameters
    """Parameters of that task. What may not be remembered, such as consent, has its default."""
    weights: Mapping[str, str]
    """Name of the catalogue entry -> sha256, as the recipe says."""

    @classmethod
    def of(cls, value: Any, tasks: Registry = TASKS) -> Recipe:
        """A recipe from a JSON value.

        Raises:
            RecipeError: it is no recipe.
            ParameterError: it has a value that its task does not allow.
            UnknownNameError: there is no such task.
        """
        if not isinstance(value, dict) or not isinstance(value.get("task"), str):
            raise RecipeError(NO_RECIPE)
        task = tasks[value["task"]]
        values = value.get("parameters", {})
        if not isinstance(values, dict):
            raise RecipeError(NO_RECIPE)
        remembered = {name: each for name, each in values.items() if task.parameters.remembered(name)}
        if set(task.parameters.model_fields) <= {*values, *task.parameters.earlier}:
            remembered = {**task.parameters.earlier, **remembered}  # whatever else there is, it names
        used = value.get("weights")
        weights = {
            str(each["name"]): str(each["sha256"])
            for each in (used if isinstance(used, list) else ())
            if isinstance(each, dict) and {"name", "sha256"} <= each.keys()
        }
        return cls(task.name, parse(task.parameters, remembered), weights)

    @property
    def other_weights(self) -> list[str]:
        """Names of weights that are not the catalogue's, so that the result may differ."""
        ours = {each.name: each.sha256 for each in catalogue()}
        return [name for name, sha256 in self.weights.items() if ours.get(name) != sha256]

    @property
    def summary(self) -> Message:
        """Message for a person who loads the recipe: what the recipe sets, and which weights differ here."""
        plain = Message("The settings are those of the recipe; pictures are not part of it.")
        if not self.other_weights:
            return plain
        return Message(
            "{loaded} It was made with other weights: {names}.", loaded=plain, names=Listing(self.other_weights)
        )


def read(path: Path, tasks: Registry = TASKS) -> Recipe:
    """The recipe of a result (PNG, JPEG) or of a JSON file.

    Raises:
        RecipeError: the file is a picture without a recipe, or no recipe.
        PictureError: the picture cannot be read.
        ParameterError, UnknownNameError: see :meth:`Recipe.of`.
    """
    if path.suffix.lower() == ".json":
        try:
            with path.open(encoding="utf-8") as file:
                text: str | None = file.read(RECIPE_LIMIT)
        except (OSError, UnicodeDecodeError):
            raise RecipeError(NO_RECIPE) from None
    else:
        text = open_picture(path).recipe
    if not text:
        raise RecipeError(
            Message("This picture keeps no recipe; tick 'Keep the recipe in the file' before you download one.")
        )
    return Recipe.of(parsed_json(text), tasks)


def fields_of(task: str, tasks: Registry = TASKS) -> set[str]:
    """Names of a task's parameters; none where there is no such task."""
    return set(tasks[task].parameters.model_fields) if task in tasks else set()
