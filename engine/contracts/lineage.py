"""Lineage of results: recipes that input pictures bring along are kept in the recipe of the result."""

from __future__ import annotations

import json
from typing import Any

from engine.contracts.task import Inputs

KEY_MADE_FROM = "made_from"
"""Key, in a recipe, of the recipes of the result's pictures, by input."""
DEEPEST = 32
"""Lists and objects inside each other."""
LONGEST = 100_000
"""Characters of such recipes that are handed on."""


def parsed_json(text: str) -> Any:
    """A JSON value; None for what is none, too deep, or cannot be written again as other programs read it."""
    try:
        text.encode()  # half of a pair of surrogates is no text
        value = json.loads(text, parse_int=_whole)
        json.dumps(value, ensure_ascii=False).encode()  # nor is one that was escaped
    except (ValueError, RecursionError):
        return None
    return value if _depth(value) <= DEEPEST else None


def _whole(digits: str) -> int:
    number = int(digits)
    if not -(2**63) <= number < 2**63:
        raise ValueError("more than 64 bits")
    return number


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def made_from(text: str | None) -> Any:
    """The recipe that a picture brings along, to be kept in that of what is made of it; None where there is none.

    Only what says how it was made is handed on: task, parameters, weights, and what it was made from.
    """
    recipe = parsed_json(text) if text else None
    if not isinstance(recipe, dict) or "task" not in recipe:
        return None
    return {key: recipe[key] for key in ("task", "parameters", "weights", KEY_MADE_FROM) if key in recipe}


def origins(inputs: Inputs) -> dict[str, Any]:
    """The part of a recipe about inputs that were themselves generated here; an empty dict where none was."""
    recipes = {name: [made_from(media.recipe) for media in media_list] for name, media_list in inputs.items()}
    if not any(recipe for each in recipes.values() for recipe in each):
        return {}
    if len(json.dumps(recipes)) > LONGEST:
        return {KEY_MADE_FROM: "too long to be kept"}
    return {KEY_MADE_FROM: {name: each for name, each in recipes.items() if any(each)}}
