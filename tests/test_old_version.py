"""What the version before this one has left with its visitors: recipes, links, pictures, style cards, half batches.

The files of ``tests/data/old_version`` were made by that version, but for the card's picture, which was made smaller.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy
import pytest
from PIL import Image, ImageFilter

from engine import TASKS, Runtime, StepRun, open_picture
from engine.cli.main import main
from engine.contracts.lineage import parsed_json
from engine.contracts.parameters import parse
from engine.feedforward_style import style_card
from engine.recipes import Recipe, fields_of, read
from tests.support import pictures

OLD = Path(__file__).parent / "data" / "old_version"
RECIPES: dict[str, dict[str, Any]] = json.loads((OLD / "recipes.json").read_text())
LINKS: dict[str, str] = json.loads((OLD / "links.json").read_text())


RENEWED = {"compact-sr", "style-v2"}
"""Weights that were trained on since."""
NEW = {"pixel-super-resolution"}
"""Tasks that the old version did not have."""


def test_there_is_a_recipe_of_every_task() -> None:
    assert set(RECIPES) | NEW == {task.name for task in TASKS}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_keeps_every_value(name: str, tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text(json.dumps(RECIPES[name]))
    recipe = read(tmp_path / "recipe.json")
    assert recipe.task == name
    parameters = recipe.parameters.model_dump(mode="json")
    old = {key: value for key, value in RECIPES[name]["parameters"].items() if key != "consent"}
    assert {key: parameters[key] for key in old} == old
    assert getattr(recipe.parameters, "consent", False) is False, "consent is asked for every time"
    assert list(recipe.weights) == [each["name"] for each in RECIPES[name]["weights"]]
    assert set(recipe.other_weights) <= RENEWED, "who loads the recipe is told that the result may differ"


@pytest.mark.parametrize("name", LINKS)
def test_a_link_keeps_every_value(name: str) -> None:
    query = {key: texts[0] for key, texts in parse_qs(urlsplit(LINKS[name]).query).items()}
    assert query.pop("task") == name
    assert query.keys() <= fields_of(name), "a parameter that a link can name still exists"
    values = {key: text if (value := parsed_json(text)) is None else value for key, text in query.items()}
    recipe = Recipe.of({"task": name, "parameters": values})
    assert recipe.task == name
    assert recipe.parameters.model_fields_set == set(values)
    parameters = recipe.parameters.model_dump(mode="json")
    assert {key: parameters[key] for key in values} == values


def test_a_recipe_of_the_old_version_asks_for_what_was_done_then() -> None:
    old = json.loads((OLD / "recipes.json").read_text())["style-v1"]
    parameters = Recipe.of(old).parameters.model_dump()
    then = {"detail": 0.0, "show_through": 0.0, "statistics": "gram", "pooling": "average", "schedule": "equal"}
    assert {name: parameters[name] for name in then} == then
    short = Recipe.of({"task": "style-v1", "parameters": {"size": 64}}).parameters.model_dump()
    assert short["statistics"] == "moments", "who names only some settings means today's defaults"


@pytest.mark.parametrize("file", ["result.png", "result.jpg"])
def test_a_result_says_how_it_was_made(file: str) -> None:
    recipe = read(OLD / file)
    assert recipe.task == "style-v2"
    kept = {"style_name": "starry-night", "size": 96, "any_painting": "moments"}
    assert recipe.parameters == parse(TASKS["style-v2"].parameters, kept)


def test_a_result_is_made_again(tmp_path: Path, runtime: Runtime) -> None:
    photo = pictures.saved(pictures.scene(), tmp_path / "photo.png")
    mask = pictures.saved(pictures.hole(), tmp_path / "mask.png")
    command = ["reproduce", str(OLD / "result.png"), "--out", str(tmp_path / "again.png")]
    assert main([*command, "--pictures", f"content={photo}", f"mask={mask}"], runtime=runtime) == 0
    made, recipe = read(tmp_path / "again.png"), read(OLD / "result.png")
    assert (made.task, made.parameters) == (recipe.task, recipe.parameters)
    assert set(recipe.other_weights) <= RENEWED, "who loads the recipe is told that the result may differ"
    with Image.open(OLD / "result.png") as before, Image.open(tmp_path / "again.png") as after:
        difference = numpy.abs(numpy.asarray(before, int) - numpy.asarray(after, int))
    hole = pictures.hole().convert("L")
    around = numpy.asarray(hole.filter(ImageFilter.MaxFilter(33))) > 0  # the painted part fades out
    assert 0.5 < (~around).mean() < 0.95
    assert difference[~around].max() <= 4, "another CPU rounds differently, and nothing more"
    assert difference[numpy.asarray(hole) > 127].mean() < 60, "the same style, by weights that were trained on"


@pytest.mark.parametrize(
    ("folder", "command", "options"),
    [
        ("out", "super-resolution", ["--method", "bicubic", "--scale", "2"]),
        ("out2", "inpainting", ["--mask", "in/scene.png", "--method", "classical"]),
    ],
)
def test_a_batch_goes_on_with_its_journal(
    folder: str, command: str, options: list[str], tmp_path: Path, runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    shutil.copytree(OLD / "batch", tmp_path / "batch")
    monkeypatch.chdir(tmp_path / "batch")
    before = Path(folder, "pentimento-batch.jsonl").read_bytes(), Path(folder, "scene.png").read_bytes()
    assert main(["batch", command, "in", folder, *options], runtime=runtime) == 0
    assert capsys.readouterr().out.startswith("0 made, 1 were there, 0 failed;")
    assert (Path(folder, "pentimento-batch.jsonl").read_bytes(), Path(folder, "scene.png").read_bytes()) == before


def test_a_style_card_paints(runtime: Runtime) -> None:
    card = open_picture(OLD / "card.png")
    assert style_card.read(card.recipe) is not None
    task = TASKS["style-v2"]
    inputs = {"content": [open_picture(pictures.scene())], "style": [card]}
    painted = StepRun(runtime.run(task, inputs, parse(task.parameters, {"size": 96}))).finish()
    assert [each["name"] for each in painted.recipe["weights"]] == ["style-v2"], "not painted as like any painting"
    plain = StepRun(runtime.run(task, {"content": inputs["content"]}, parse(task.parameters, {"size": 96}))).finish()
    assert painted.image.size == (96, 72)
    assert painted.image.tobytes() != plain.image.tobytes()


def test_a_recipe_inside_a_card_is_one_of_the_task_that_made_it() -> None:
    assert read(OLD / "card.png").task == "teach-style"
