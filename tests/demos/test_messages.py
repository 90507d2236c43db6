from __future__ import annotations

import io
import re
import string
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from demos.i18n.extract import NotLiteralError, extract, key_label
from engine.feedforward_style.styles import HubName
from engine.tasks import TASKS

ROOT = Path(__file__).parents[2]
CATALOGUES = ROOT / "demos" / "i18n"
PATHS = sorted(CATALOGUES.glob("*/LC_MESSAGES/pentimento.po"))
LINK = re.compile(r"\]\((.*?)\)")
MARKUP = re.compile(r"<[^>]*>")


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def texts(catalog: Catalog) -> dict[str, str]:
    """Template -> translation, without the header."""
    return {str(message.id): str(message.string) for message in catalog if message.id}


def extracted(source: str, name: str = "engine/some.py") -> list[str]:
    file = io.BytesIO(source.encode())
    file.name = name
    return [text for _, _, text, _ in extract(file, (), (), {})]


def fields(template: str) -> Mapping[str, str]:
    """Field -> how it is formatted."""
    parts = string.Formatter().parse(template)
    return {name: spec or "" for _, name, spec, _ in parts if name is not None}


@pytest.fixture(scope="module")
def spoken() -> set[str]:
    """Every text in the sources."""
    with (CATALOGUES / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    return {str(message) for _, _, message, _, _ in extract_from_dir(ROOT, methods, options)}


@pytest.fixture(scope="module", params=PATHS, ids=lambda path: path.parts[-3])
def path(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_there_is_a_catalogue() -> None:
    assert [path.parts[-3] for path in PATHS] == ["zh_CN"]


def test_catalogue_has_the_texts_of_the_sources_and_no_others(path: Path, spoken: set[str]) -> None:
    assert len(spoken) > 500, "the search finds what there is"
    known = set(texts(read(path)))
    assert not sorted(spoken - known), "make messages"
    assert not sorted(known - spoken), "make messages"


def test_search_finds_all_that_a_parameters_class_says(spoken: set[str]) -> None:
    for task in TASKS:
        assert {str(task.title), str(task.summary), *task.parameters.presets} <= spoken
        for field in task.parameters.model_fields.values():
            assert {field.title, field.description} <= spoken


def test_every_text_is_translated_and_keeps_its_fields_links_and_marks(path: Path) -> None:
    catalog = read(path)
    assert not [message.id for message in catalog if message.id and message.fuzzy]
    for text, words in texts(catalog).items():
        assert words.strip(), text
        assert fields(words) == fields(text), text
        assert sorted(LINK.findall(words)) == sorted(LINK.findall(text)), text
        assert words.count("**") == text.count("**"), text
        assert sorted(MARKUP.findall(words)) == sorted(MARKUP.findall(text)), text
        assert [words[0].isspace(), words[-1].isspace()] == [text[0].isspace(), text[-1].isspace()], text


def test_sentences_are_in_chinese() -> None:
    for text, words in texts(read(CATALOGUES / "zh_CN" / "LC_MESSAGES" / "pentimento.po")).items():
        bare = re.sub(r"\{[^}]*\}", "", text)
        if len(re.findall(r"[^\W\d_]{2,}", bare)) > 3:
            assert re.search(r"[\u4e00-\u9fff]", words), text


def test_compiled_catalogue_is_fresh(path: Path) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, read(path))
    compiled.seek(0)
    with path.with_suffix(".mo").open("rb") as file:
        assert texts(read_mo(file)) == texts(read_mo(compiled)), "make messages"


def test_literal_messages_are_found() -> None:
    assert extracted('a = Message("one" " {two}", two=2)\nb = messages.Message("three")') == ["one {two}", "three"]
    assert extracted('other("one")') == []


@pytest.mark.parametrize(
    "source",
    ["Message(text)", 'Message(f"one {two}")', 'Message("one" + two)', "Message()", 'Message("a" if b else "c")',
     "Message(*parts)", "Message(3)", 'Message("")'],
)  # fmt: skip
def test_computed_message_fails(source: str) -> None:
    with pytest.raises(NotLiteralError):
        extracted(source)


def test_only_the_module_of_messages_makes_one_from_a_passed_template() -> None:
    source = "Message(template, **values)"
    assert extracted(source, str(ROOT / "engine/contracts/messages.py")) == []
    with pytest.raises(NotLiteralError):
        extracted(source, str(ROOT / "demos/messages.py"))


def test_parameters_class_says_labels_docstrings_choices_and_presets() -> None:
    source = '''
from engine.feedforward_style.styles import HubName
Name = Literal["near", "far-off"]
class Some(Parameters):
    one: Name = option("near", label="One")
    """First
    sentence."""
    two: dict[Name, Weight] = option({}, label="Two", advanced=True)
    three: tuple[HubName, ...] = option((), label="Three")
    """Third."""
    presets: ClassVar[Mapping[str, Any]] = {"Quick": {"one": "far-off"}}
'''
    found = extracted(source)
    assert found[:4] == ["One", "First\nsentence.", "near", "far-off"]
    assert found[4:7] == ["Two", "Near", "Far off"] == ["Two", key_label("near"), key_label("far-off")]
    assert found[7:] == ["Three", "Third.", *get_args(HubName), "Quick"]


@pytest.mark.parametrize("value", ["option(1)", "option(1, label=name)"])
def test_parameter_without_a_literal_label_fails(value: str) -> None:
    with pytest.raises(NotLiteralError):
        extracted(f"class Some(Parameters):\n    one: int = {value}")
