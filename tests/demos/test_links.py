"""Links to settings: every parameter there and back, those of the version before, and what a link may not do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from demos.components.controls import Controls
from demos.navigation.recipes import link_to, recipe_of_link
from demos.serving.site import Site
from engine import TASKS, Runtime
from engine.contracts.parameters import parse
from engine.recipes import Recipe
from engine.tasks.style_v1 import StyleV1

OLD_LINKS: dict[str, str] = json.loads((Path(__file__).parents[1] / "data" / "old_version" / "links.json").read_text())
OTHER: dict[str, dict[str, Any]] = {
    "style-v1": {"style_layers": ["relu1_1", "relu3_1"], "colours": "photo", "size": 512, "balance": 12.5},
    "style-v2": {"style_name": "great-wave", "blend": {"scream": 0.5}},
    "super-resolution": {"scale": 2.5, "faithful": False},
    "style-comparison": {"methods": ["v1", "v3"]},
    "face-swap": {"trained": "moltedo", "consent": True},
    "style-v2-video": {"steadiness": 0.2},
}
"""Task -> parameters that differ from the defaults."""


def recipe_of(link: str) -> Recipe:
    return Recipe.of(recipe_of_link(dict(parse_qsl(urlsplit(link).query)), TASKS))


@pytest.mark.parametrize("name", [task.name for task in TASKS])
def test_a_link_restores_the_parameters(name: str) -> None:
    task = TASKS[name]
    parameters = parse(task.parameters, OTHER.get(name, {}))
    recipe = recipe_of(link_to("http://here/", task, parameters))
    assert recipe.task == name
    wanted = {key: value for key, value in parameters.model_dump().items() if key != "consent"}
    assert recipe.parameters.model_dump() == {**recipe.parameters.model_dump(), **wanted}
    assert getattr(recipe.parameters, "consent", False) is False, "nobody agrees by following a link"
    assert link_to("http://here/", task, task.parameters()) == f"http://here/?task={name}"


@pytest.mark.parametrize("name", OLD_LINKS)
def test_a_link_of_the_old_version_still_says_the_same(name: str) -> None:
    recipe = recipe_of(OLD_LINKS[name])
    assert recipe.task == name
    query = parse_qsl(urlsplit(OLD_LINKS[name]).query)
    assert recipe.parameters.model_fields_set == {key for key, _ in query} - {"task"}
    address = OLD_LINKS[name].partition("?")[0]
    assert dict(parse_qsl(urlsplit(link_to(address, TASKS[name], recipe.parameters)).query)) == dict(query)


def test_what_a_link_does_not_mean_is_left_alone() -> None:
    query = {"task": "style-v1", "size": "320", "__lang": "de", "utm_source": "mail"}
    assert recipe_of_link(query, TASKS) == {"task": "style-v1", "parameters": {"size": 320}}


def test_a_link_changes_only_what_it_names() -> None:
    """Or it would take back what a quick visitor has changed before it is read."""
    linked = recipe_of("http://here/?task=style-v1&size=320").parameters
    controls = Controls(TASKS["style-v1"], Site(Runtime()))
    assert controls.values(linked, linked.model_fields_set) == {"size": 320}
    assert controls.values(linked)["iterations"] == StyleV1().iterations
    assert not recipe_of("http://here/?task=style-v1").parameters.model_fields_set
