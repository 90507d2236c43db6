from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from PIL import Image

from demos.components.controls import Controls
from demos.navigation.recipes import link_to, of_link
from engine import TASKS, PentimentoError, Picture, Walk, open_picture, run
from engine.cli.main import main
from engine.contracts.parameters import parse
from engine.recipes import KEY_MADE_FROM, Recipe, made_from, read
from engine.tasks import FILMS
from tests.support import pictures

FORMS = {form.name: form for form in (*TASKS, *FILMS.values())}
OTHER: dict[str, dict[str, Any]] = {
    "style-v1": {"style_layers": ["relu1_1", "relu3_1"], "colours": "photo", "size": 512, "balance": 12.5},
    "style-v2": {"style_name": "great-wave", "blend": {"scream": 0.5}},
    "super-resolution": {"scale": 2.5, "faithful": False},
    "style-comparison": {"methods": ["v1", "v3"]},
    "face-swap": {"trained": "moltedo", "consent": True},
}


@pytest.mark.parametrize("name", FORMS)
def test_a_link_restores_the_parameters(name: str) -> None:
    form = FORMS[name]
    parameters = parse(form.parameters, OTHER.get(name, {}))
    link = link_to("http://here/", form, parameters)
    found = Recipe.of(of_link(dict(parse_qsl(urlsplit(link).query))))
    assert found.task == name
    wanted = {key: value for key, value in parameters.model_dump().items() if key != "consent"}
    assert found.parameters.model_dump() == {**found.parameters.model_dump(), **wanted}
    assert getattr(found.parameters, "consent", False) is False, "nobody agrees by following a link"
    assert link_to("http://here/", form, form.parameters()) == f"http://here/?task={name}"


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (None, "not a recipe"),
        ([], "not a recipe"),
        ({"task": 3}, "not a recipe"),
        ({"task": "style-v1", "parameters": []}, "not a recipe"),
        ({"task": "style-v9"}, "There is no task 'style-v9'"),
        ({"task": "style-v1", "parameters": {"size": 9999}}, "size: the value"),
        ({"task": "style-v1", "parameters": {"path": "/etc/passwd"}}, "There is no parameter 'path'"),
        ({"task": "x" * 5000}, "There is no task"),
    ],
)
def test_what_is_no_recipe_is_one_sentence(given: Any, word: str) -> None:
    with pytest.raises(PentimentoError, match=word) as raised:
        Recipe.of(given)
    assert len(str(raised.value)) < 500


def test_odd_weights_are_ignored_and_other_ones_told() -> None:
    for odd in (3, [3], [{"name": "a"}], {"a": 1}):
        assert not Recipe.of({"task": "style-v1", "weights": odd}).others
    found = Recipe.of({"task": "style-v1", "weights": [{"name": "vgg19-normalised", "sha256": "0" * 64}]})
    assert found.others == ["vgg19-normalised"]
    assert "other weights: vgg19-normalised" in found.told


def test_recipes_are_read_from_files(tmp_path: Path, photo: Picture, painting: Picture) -> None:
    given = {"content": [photo], "style": [painting]}
    parameters = parse(TASKS["style-v1"].parameters, {"size": 64, "iterations": 2, "seed": 5})
    result = Walk(run(TASKS["style-v1"], given, parameters)).finish()
    for ending, kind in ((".png", "png"), (".jpg", "jpeg")):
        result.save(tmp_path / f"a{ending}", kind=kind, keep_recipe=True)  # type: ignore[arg-type]
        assert read(tmp_path / f"a{ending}").parameters == parameters
    (tmp_path / "a.json").write_text(json.dumps(result.recipe))
    assert read(tmp_path / "a.json").parameters == parameters
    result.save(tmp_path / "b.png")
    with pytest.raises(PentimentoError, match="keeps no recipe"):
        read(tmp_path / "b.png")
    for text in ("{", "[" * 100_000, "", "null"):
        (tmp_path / "b.json").write_text(text)
        with pytest.raises(PentimentoError):
            read(tmp_path / "b.json")


def test_the_recipe_travels_with_the_picture(tmp_path: Path, photo: Picture) -> None:
    first = Walk(run(TASKS["main-subject"], {"image": [photo]}, TASKS["main-subject"].parameters())).finish()
    first.save(tmp_path / "first.png", keep_recipe=True)
    task = TASKS["super-resolution"]
    parameters = parse(task.parameters, {"method": "bicubic", "scale": 2})
    second = Walk(run(task, {"image": [task.inputs[0].open(tmp_path / "first.png")]}, parameters)).finish()
    assert second.recipe[KEY_MADE_FROM] == {"image": [json.loads(json.dumps(first.recipe))]}
    second.save(tmp_path / "second.png", keep_recipe=True)
    third = Walk(run(task, {"image": [task.inputs[0].open(tmp_path / "second.png")]}, parameters)).finish()
    assert third.recipe[KEY_MADE_FROM]["image"][0][KEY_MADE_FROM]["image"][0]["task"] == "main-subject"


def test_only_how_it_was_made_is_handed_on() -> None:
    told = made_from(json.dumps({"task": "style-v1", "parameters": {}, "name": "a person", "style": [1] * 9}))
    assert told == {"task": "style-v1", "parameters": {}}
    assert made_from("a camera's comment") is None
    assert made_from('{"no": "task"}') is None


def test_the_command_line_reproduces_a_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo, painting = tmp_path / "p.png", tmp_path / "q.png"
    pictures.saved(pictures.scene(), photo)
    pictures.saved(pictures.painting(), painting)
    command = ["style-v1", "--content", str(photo), "--style", str(painting), "--out", str(tmp_path / "a.png")]
    assert main([*command, "--keep-recipe", "--size", "64", "--iterations", "3", "--seed", "4"]) == 0
    again = ["reproduce", str(tmp_path / "a.png"), "--out", str(tmp_path / "b.png"), "--pictures"]
    assert main([*again, f"content={photo}", f"style={painting}"]) == 0
    with Image.open(tmp_path / "a.png") as one, Image.open(tmp_path / "b.png") as other:
        assert one.tobytes() == other.tobytes()
    assert open_picture(tmp_path / "b.png").recipe
    assert main([*again, str(photo)]) == 1
    assert "please give INPUT=FILE" in capsys.readouterr().err


def test_a_link_changes_only_what_it_names() -> None:
    """Or it would take back what a quick visitor has changed before it is read."""
    linked = Recipe.of(of_link({"task": "style-v1", "size": "320"})).parameters
    assert Controls(TASKS["style-v1"]).values(linked, linked.model_fields_set) == {"size": 320}
    assert Controls(TASKS["style-v1"]).values(linked)["iterations"] == 150
    assert not Recipe.of(of_link({"task": "style-v1"})).parameters.model_fields_set
