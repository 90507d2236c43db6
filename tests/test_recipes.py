"""Recipes: read from anywhere, refused in one sentence, handed on with pictures, and run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine import TASKS, PentimentoError, Picture, Runtime, StepRun, open_picture
from engine.cli.main import main
from engine.contracts.errors import ParameterError, PictureError, RecipeError, UnknownNameError
from engine.contracts.lineage import KEY_MADE_FROM, LONGEST, made_from, origins
from engine.contracts.messages import Listing
from engine.contracts.parameters import parse
from engine.imaging.door import open_input
from engine.imaging.picture import RECIPE_KEY
from engine.recipes import NO_RECIPE, Recipe, fields_of, read
from tests.support import pictures
from tests.support.commands import refusal


@pytest.mark.parametrize(
    ("value", "kind", "fields"),
    [
        (None, RecipeError, {}),
        ([], RecipeError, {}),
        ({"task": 3}, RecipeError, {}),
        ({"task": "style-v1", "parameters": []}, RecipeError, {}),
        ({"task": "style-v9"}, UnknownNameError, {"name": "style-v9"}),
        ({"task": "style-v1", "parameters": {"size": 9999}}, ParameterError, {"parameter": "size", "high": 2048}),
        ({"task": "style-v1", "parameters": {"path": "/etc/passwd"}}, ParameterError, {"parameter": "path"}),
        ({"task": "x" * 5000}, UnknownNameError, {"name": "x" * 60}),
    ],
)
def test_what_is_no_recipe_is_one_sentence(value: Any, kind: type[PentimentoError], fields: dict[str, Any]) -> None:
    with pytest.raises(PentimentoError) as error:
        Recipe.of(value)
    assert type(error.value) is kind
    assert {name: error.value.fields[name] for name in fields} == fields
    assert (error.value.message == NO_RECIPE) is (kind is RecipeError)
    assert len(str(error.value)) < 500


def test_odd_weights_are_ignored_and_other_ones_named() -> None:
    for odd in (3, [3], [{"name": "a"}], {"a": 1}):
        recipe = Recipe.of({"task": "style-v1", "weights": odd})
        assert not recipe.other_weights
        assert not recipe.summary.values
    recipe = Recipe.of({"task": "style-v1", "weights": [{"name": "vgg19-normalised", "sha256": "0" * 64}]})
    assert recipe.other_weights == ["vgg19-normalised"]
    assert recipe.summary.values["names"] == Listing(["vgg19-normalised"])


def test_recipes_are_read_from_files(tmp_path: Path, runtime: Runtime, photo: Picture, painting: Picture) -> None:
    inputs = {"content": [photo], "style": [painting]}
    parameters = parse(TASKS["style-v1"].parameters, {"size": 64, "iterations": 2, "seed": 5})
    result = StepRun(runtime.run(TASKS["style-v1"], inputs, parameters)).finish()
    for ending, kind in ((".png", "png"), (".jpg", "jpeg")):
        result.save(tmp_path / f"a{ending}", kind=kind, keep_recipe=True)  # type: ignore[arg-type]
        assert read(tmp_path / f"a{ending}").parameters == parameters
    (tmp_path / "a.json").write_text(json.dumps(result.recipe))
    assert read(tmp_path / "a.json").parameters == parameters


def test_a_file_without_a_recipe_is_refused(tmp_path: Path) -> None:
    pictures.scene().save(tmp_path / "b.png")
    with pytest.raises(RecipeError) as error:
        read(tmp_path / "b.png")
    assert error.value.message != NO_RECIPE, "the picture is right, it only keeps no recipe"
    for text in ("{", "[" * 100_000, "null"):
        (tmp_path / "b.json").write_text(text)
        with pytest.raises(RecipeError) as error:
            read(tmp_path / "b.json")
        assert error.value.message == NO_RECIPE
    (tmp_path / "b.json").write_text("")
    with pytest.raises(RecipeError):
        read(tmp_path / "b.json")
    (tmp_path / "b.png").write_bytes(b"no picture")
    with pytest.raises(PictureError):
        read(tmp_path / "b.png")
    with pytest.raises(RecipeError):
        read(tmp_path / "nowhere.json")


def test_the_recipe_travels_with_the_picture(tmp_path: Path, runtime: Runtime, photo: Picture) -> None:
    subject, task = TASKS["main-subject"], TASKS["super-resolution"]
    first = StepRun(runtime.run(subject, {"image": [photo]}, subject.parameters())).finish()
    first.save(tmp_path / "first.png", keep_recipe=True)
    parameters = parse(task.parameters, {"method": "bicubic", "scale": 2})

    def enlarged(name: str) -> Any:
        picture = open_input(task.inputs[0], tmp_path / name)
        return StepRun(runtime.run(task, {"image": [picture]}, parameters)).finish()

    second = enlarged("first.png")
    assert second.recipe[KEY_MADE_FROM] == {"image": [json.loads(json.dumps(first.recipe))]}
    second.save(tmp_path / "second.png", keep_recipe=True)
    third = enlarged("second.png")
    assert third.recipe[KEY_MADE_FROM]["image"][0][KEY_MADE_FROM]["image"][0]["task"] == "main-subject"


@pytest.mark.parametrize(
    "text",
    [
        '{"task": "style-v2", "parameters": {"a": "\\ud800"}}',
        '{"task": "style-v2", "parameters": {"a": 18446744073709551616}}',
        '{"task": "style-v2", "parameters": ' + "[" * 300 + "]" * 300 + "}",
    ],
)
def test_a_picture_with_a_hostile_recipe_is_worked_on_like_any_other(
    text: str, tmp_path: Path, runtime: Runtime, photo: Picture
) -> None:
    """What the picture says cannot be written again; the run is not lost for that."""
    metadata = PngInfo()
    metadata.add_itxt(RECIPE_KEY, text)
    photo.image.save(tmp_path / "hostile.png", pnginfo=metadata)
    task = TASKS["super-resolution"]
    picture = open_input(task.inputs[0], tmp_path / "hostile.png")
    result = StepRun(runtime.run(task, {"image": [picture]}, parse(task.parameters, {"method": "bicubic"}))).finish()
    assert KEY_MADE_FROM not in result.recipe
    result.save(tmp_path / "result.png", keep_recipe=True)
    assert read(tmp_path / "result.png").task == "super-resolution"


def test_only_how_it_was_made_is_handed_on() -> None:
    text = json.dumps({"task": "style-v1", "parameters": {}, "name": "a person", "style": [1] * 9})
    assert made_from(text) == {"task": "style-v1", "parameters": {}}
    assert made_from("a camera's comment") is None
    assert made_from('{"no": "task"}') is None
    assert made_from(None) is None


def test_a_lineage_that_is_too_long_is_not_handed_on(photo: Picture) -> None:
    def inherited(length: int) -> dict[str, Any]:
        recipe = json.dumps({"task": "style-v1", "parameters": {"size": "x" * length}})
        return origins({"image": [Picture(photo.image, recipe=recipe)]})

    assert inherited(10)[KEY_MADE_FROM]["image"][0]["task"] == "style-v1"
    assert isinstance(inherited(LONGEST)[KEY_MADE_FROM], str)
    assert origins({"image": [photo]}) == {}


def test_fields_are_those_of_the_task() -> None:
    assert {"size", "iterations"} <= fields_of("style-v1")
    assert fields_of("style-v9") == set()


def test_the_command_line_reproduces_a_result(
    tmp_path: Path, runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, painting = tmp_path / "p.png", tmp_path / "q.png"
    pictures.saved(pictures.scene(), photo)
    pictures.saved(pictures.painting(), painting)
    command = ["style-v1", "--content", str(photo), "--style", str(painting), "--out", str(tmp_path / "a.png")]
    more = ["--keep-recipe", "--size", "64", "--iterations", "3", "--seed", "4"]
    assert main([*command, *more], runtime=runtime) == 0
    again = ["reproduce", str(tmp_path / "a.png"), "--out", str(tmp_path / "b.png"), "--pictures"]
    assert main([*again, f"content={photo}", f"style={painting}"], runtime=runtime) == 0
    with Image.open(tmp_path / "a.png") as one, Image.open(tmp_path / "b.png") as other:
        assert one.tobytes() == other.tobytes()
    assert open_picture(tmp_path / "b.png").recipe
    error = refusal(runtime, [*again, str(photo)], capsys)
    assert type(error) is ParameterError
    assert error.fields == {"task": "style-v1", "inputs": Listing(["content", "style", "begin"])}
