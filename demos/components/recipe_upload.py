"""The button that loads a recipe: a result or its JSON. What it hands to a handler has been read and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import is_in_or_equal

from demos.components.uploads import FOREIGN, room_for, upload
from demos.i18n.language import mark
from engine import PentimentoError
from engine.contracts.errors import ForeignFileError
from engine.contracts.messages import Message
from engine.contracts.task import Registry
from engine.recipes import Recipe, read

ENDINGS = [".png", ".jpg", ".jpeg", ".json"]


LoadedRecipe = Recipe | PentimentoError | None
"""What a handler gets: a recipe, why there is none, or None for no file."""


@upload
class RecipeUpload(gr.UploadButton):
    """Gives handlers a :data:`LoadedRecipe`.

    Args:
        tasks: whose recipes are taken.
    """

    def __init__(self, tasks: Registry, **options: Any) -> None:
        super().__init__(mark(Message("Load a recipe")), file_types=ENDINGS, type="filepath", **options)
        self._tasks = tasks

    def preprocess(self, payload: Any) -> LoadedRecipe:  # type: ignore[override]
        """The recipe of the uploaded file."""
        if payload is None:
            return None
        path = getattr(payload, "path", None)
        if not path or not is_in_or_equal(path, self.GRADIO_CACHE):
            return ForeignFileError(FOREIGN)
        try:
            with room_for(Path(path)):
                return read(Path(path), self._tasks)
        except PentimentoError as refusal:
            return refusal
