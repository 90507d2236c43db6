"""The page in its languages: what its components say, what handlers answer, and what the browser looks up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
import pytest
from babel.messages.pofile import read_po
from gradio.context import LocalContext
from gradio.i18n import I18nData
from starlette.requests import Request

from demos import hub
from demos.i18n.language import (
    DOMAIN,
    FOLDER,
    LANGUAGES,
    Words,
    current,
    in_template,
    mark,
    mark_html,
    say,
    say_in_html,
    say_plainly,
    translation,
)
from demos.serving.prerender import CHINESE, COOKIE, ENGLISH
from demos.serving.site import Site
from demos.tabs.api_examples import endpoints
from engine import Runtime
from engine.contracts.messages import Listing, Message

PROPERTIES = ("label", "info", "placeholder", "alt_text")
SPEAKING = (gr.Markdown, gr.HTML, gr.Button, gr.UploadButton, gr.DownloadButton)
"""Components whose value is a text of the page."""
MARKED = "__i18n__"
"""Begins what a marked text has become inside a longer one."""
NEUTRAL = {"# Pentimento", "PNG", "JPEG", "zip", "moltedo"}
"""The same in all languages, and in no catalogue."""
STYLE_SHEET = re.compile("<style>[^<]*</style>")
OF_ENDPOINTS = {"Run", "result", "facts"}
"""Labels of components that are never shown: they make an endpoint."""
KNOWN = Message("Ready")
"""A text that every catalogue has."""


@pytest.fixture(scope="module")
def built(runtime: Runtime) -> hub.Hub:
    return hub.build(Site(runtime))


@dataclass(frozen=True)
class Shown:
    """A text of a component."""

    component: Any
    place: str
    text: Any


def texts_of(page: gr.Blocks) -> Iterator[Shown]:
    """Every text that the page has before anybody has done anything."""
    for component in page.blocks.values():
        properties = vars(component)
        for name in PROPERTIES:
            if properties.get(name):
                yield Shown(component, name, properties[name])
        if isinstance(component, SPEAKING) and properties.get("value"):
            yield Shown(component, "value", component.value)
        for label, _ in properties.get("choices") or ():
            yield Shown(component, "choices", label)


def marked(text: Any) -> bool:
    return isinstance(text, I18nData) or str(text).startswith(MARKED)


def test_every_text_of_the_page_is_translated(built: hub.Hub, runtime: Runtime) -> None:
    with (FOLDER / LANGUAGES[CHINESE] / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        catalogue = {str(message.id): message.string for message in read_po(file)}
    texts = list(texts_of(built.page))
    neutral = {*NEUTRAL, endpoints(Site(runtime))}
    assert sum(marked(each.text) for each in texts) > 500, "the walk finds what there is"
    for each in texts:
        if marked(each.text) or each.text in neutral or STYLE_SHEET.fullmatch(each.text):
            continue
        if each.text in OF_ENDPOINTS and each.component.visible is False:
            continue
        assert catalogue.get(each.text) == each.text, f"{type(each.component).__name__}.{each.place}"


def test_every_key_has_a_text_in_every_language(built: hub.Hub) -> None:
    tables = built.looks["i18n"].translations
    assert set(tables) == set(LANGUAGES)
    used = {each.text.key for each in texts_of(built.page) if isinstance(each.text, I18nData)}
    for language, table in tables.items():
        assert used <= set(table), language
        assert set(table) == set(tables[ENGLISH]), language
        assert all(table.values()), language
    for key, text in tables[CHINESE].items():
        assert text != tables[ENGLISH][key], "a text that is the same in all languages needs no key"


def test_the_page_sends_texts_and_values_only(built: hub.Hub) -> None:
    """Anything else would be copied for every visit, with all that it refers to."""

    def kinds(value: Any) -> Iterator[type]:
        if isinstance(value, dict):
            for name, each in value.items():
                if name != "delete_callback":  # a function of the state, which Gradio leaves out
                    yield from kinds(each)
        elif isinstance(value, list | tuple):
            for each in value:
                yield from kinds(each)
        else:
            yield type(value)

    assert set(kinds(built.page.get_config_file())) <= {str, int, float, bool, type(None), I18nData}


def test_the_lead_is_there_before_the_page(built: hub.Hub) -> None:
    assert set(built.front.leads) == set(LANGUAGES)
    assert len(set(built.front.leads.values())) == len(LANGUAGES)


def test_a_mark_is_noted_once_in_all_languages() -> None:
    with Words() as words:
        first, second = mark(KNOWN), mark(KNOWN)
    assert first.key == second.key == str(KNOWN)
    assert words.tables == {ENGLISH: {"Ready": "Ready"}, CHINESE: {"Ready": translation(CHINESE)("Ready")}}


def test_what_all_languages_say_alike_stays_a_text() -> None:
    with Words() as words:
        assert mark(Message("curl")) == "curl"
        assert mark(Listing(["relu1_1", "relu2_1"])) == "relu1_1, relu2_1"
    assert not any(words.tables.values())


def test_html_is_drawn_in_each_language_under_a_short_key() -> None:
    with Words() as words:
        first = mark_html(lambda translate: f"<p>{KNOWN.said(translate)}</p>")
        second = mark_html(lambda translate: f"<b>{KNOWN.said(translate)}</b>")
    assert first.key != second.key
    assert "<" not in first.key
    assert words.tables[ENGLISH][first.key] == "<p>Ready</p>"
    assert words.tables[CHINESE][second.key] == f"<b>{translation(CHINESE)('Ready')}</b>"


def test_words_are_collected_by_one_page_at_a_time() -> None:
    with Words() as outer:
        with Words() as inner:
            mark(KNOWN)
        assert not any(outer.tables.values())
    assert all(inner.tables.values())


def test_a_component_that_is_made_again_for_a_visitor_keeps_its_key() -> None:
    with Words() as words:
        first = mark(KNOWN)
    assert mark(KNOWN).key == first.key in words.tables[CHINESE]


@pytest.fixture
def visitor(request: pytest.FixtureRequest) -> Iterator[None]:
    """A handler's request with the headers of the parameter."""
    headers = [(name.encode(), value.encode()) for name, value in request.param.items()]
    LocalContext.request.set(Request({"type": "http", "headers": headers}))
    yield
    LocalContext.request.set(None)


CHOSEN = {"cookie": f"{COOKIE}={CHINESE}", "accept-language": "en"}
BROWSER = {"accept-language": "zh-TW,zh;q=0.9"}
LEFT = {"cookie": f"{COOKIE}={ENGLISH}", "accept-language": "zh"}
ODD = {"cookie": f"{COOKIE}=../../etc", "accept-language": "zh"}


@pytest.mark.parametrize(
    ("visitor", "language"),
    [({}, ENGLISH), (CHOSEN, CHINESE), (BROWSER, CHINESE), (LEFT, ENGLISH), (ODD, ENGLISH)],
    indirect=["visitor"],
)
@pytest.mark.usefixtures("visitor")
def test_the_language_is_the_choice_else_the_browsers(language: str) -> None:
    assert current() == language
    assert say(KNOWN) == translation(language)("Ready")


def test_outside_of_a_request_it_is_english() -> None:
    assert say(Message("{first} and {second}", first=KNOWN, second="<3>")) == "Ready and <3>"


@pytest.mark.parametrize("visitor", [BROWSER], indirect=True)
@pytest.mark.usefixtures("visitor")
def test_values_that_are_messages_are_said_in_the_same_language() -> None:
    ready = translation(CHINESE)("Ready")
    sentence = say(Message("{first} and {second}", first=KNOWN, second="x"))
    assert sentence == translation(CHINESE)("{first} and {second}").format(first=ready, second="x")
    assert say(Listing([KNOWN, "x"], " · ")) == f"{ready} · x"


def test_what_stands_in_html_is_escaped() -> None:
    text = Message("{first} and {second}", first="<b>", second='"x" & y')
    assert say_plainly(text) == '&lt;b&gt; and "x" &amp; y'
    assert say_in_html(text) == "&lt;b&gt; and &quot;x&quot; &amp; y"


def test_a_template_has_its_words_in_all_languages() -> None:
    script = in_template({"done": KNOWN, "more": Message("curl")})
    (line,) = re.findall(r"const words = (.*);", script)
    assert json.loads(line) == {
        ENGLISH: {"done": "Ready", "more": "curl"},
        CHINESE: {"done": translation(CHINESE)("Ready"), "more": "curl"},
    }
    assert f"words['{ENGLISH}']" in script, "for a browser that has another language"
