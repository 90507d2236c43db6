from __future__ import annotations

import json
import re
import time

import gradio as gr
import pytest

from demos.i18n import language
from demos.i18n.language import CHINESE, ENGLISH, FOLDER, say, table, translated, translated_html
from tests import sayings

NO_WORDS = re.compile(r"[\W\d_]*|\W*(s|GB|ms|px)|<.*>", re.DOTALL)
"""What has nothing to translate: signs, numbers, a value with its unit, markup."""


@pytest.fixture(scope="module")
def texts() -> set[str]:
    return sayings.of_page() | sayings.of_source()


def bare(text: str) -> str:
    return re.sub(r"\{\}", "", text)


def test_every_text_of_page_and_source_is_in_chinese(texts: set[str]) -> None:
    known = table(CHINESE)
    missing = sorted(
        text for text in texts
        if text.strip() not in known and language.found(text.strip(), CHINESE) is None
        and not NO_WORDS.fullmatch(bare(text))
    )  # fmt: skip
    assert not missing, json.dumps(missing, indent=1, ensure_ascii=False)
    assert len(texts) > 500, "the search finds what there is"


def test_the_table_has_no_text_that_nobody_says(texts: set[str]) -> None:
    said = {text.strip() for text in texts} | set(sayings.FURTHER)
    assert not sorted(set(table(CHINESE)) - said)


def test_translations_keep_values_links_and_marks() -> None:
    for text, words in table(CHINESE).items():
        values = re.findall(r"\{\d*\}", words)
        assert len(values) == text.count("{}") or {int(each[1:-1]) for each in values} <= set(
            range(text.count("{}"))
        ), text
        assert "}" not in re.sub(r"\{\d*\}", "", text + words), text
        assert re.findall(r"\]\((.*?)\)", text) == re.findall(r"\]\((.*?)\)", words), text
        assert text.count("**") == words.count("**"), text
        assert re.findall(r"<[^>]*>", text) == re.findall(r"<[^>]*>", words), text
        chinese = re.search(r"[\u4e00-\u9fff]", words)
        assert chinese or words == text or len(bare(text).split()) < 3, f"{text!r} is not Chinese"


def test_files_are_sorted_and_tidy() -> None:
    for path in FOLDER.glob("*.json"):
        found = json.loads(path.read_text(encoding="utf-8"))
        assert list(found) == sorted(found)


def test_values_are_put_in_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {
        "{} of {} holes": "{1} 个孔中的 {0} 个", "photo": "照片", "At most {} for {}.": "{1}最多 {0} 张。",
        "ready": "就绪", "{}, tile {}{}": "{}: 第 {} 块{}", "slow": "慢",
    }  # fmt: skip
    monkeypatch.setattr(language, "table", lambda name: words if name == CHINESE else {})
    language._patterns.cache_clear()
    try:
        assert translated("3 of 4 holes", CHINESE) == "4 个孔中的 3 个"
        assert translated("At most 4 for 'photo'.", CHINESE) == "“照片”最多 4 张。"
        assert translated(" ready ", CHINESE) == " 就绪 "
        assert translated("ready · photo", CHINESE) == "就绪 · 照片"
        assert translated("**ready**", CHINESE) == "**就绪**"
        assert translated("unheard of", CHINESE) == "unheard of"
        assert translated("ready", ENGLISH) == "ready"
        html = '<b title="x">ready</b><img alt="photo"><i>1 &lt; 2</i>'
        assert translated_html(html, CHINESE) == '<b title="x">就绪</b><img alt="照片"><i>1 &lt; 2</i>'
        assert say("{} of {} holes", 1, 2) == "1 of 2 holes", "no visitor, no language"
    finally:
        language._patterns.cache_clear()


def test_a_long_text_takes_no_time() -> None:
    start = time.monotonic()
    for text in ("a" * 100_000, "There is no task '" + ", ".join("x" * 50_000) + "'", "{} " * 20_000, ": " * 50_000):
        translated(text, CHINESE)
    assert time.monotonic() - start < 5


def test_gradio_gets_the_words_of_the_page() -> None:
    with gr.Blocks() as page:
        slider = gr.Slider(0, 1, label="Size", info="not known")
        button = gr.Button("Run")
        box = gr.Textbox("Run", label="Size")
        radio = gr.Radio(["photo", "painting"], label="Colours", value="photo")
        shown = gr.HTML('<p class="quiet">Ready</p>')
    words = language.translate(page)
    assert words.translations[CHINESE]["Size"] == table(CHINESE)["Size"]
    assert str(slider.label).startswith("__i18n__")
    assert slider.info == "not known"
    assert str(button.value).startswith("__i18n__")
    assert box.value == "Run", "what is typed in is not said"
    assert [meant for _, meant in radio.choices] == ["photo", "painting"]
    key = json.loads(str(shown.value).removeprefix("__i18n__"))["key"]
    assert table(CHINESE)["Ready"] in words.translations[CHINESE][key]
    assert "Ready" in words.translations[ENGLISH][key]
