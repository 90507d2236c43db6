"""The page's languages: English is what the code says; others are tables from English, ``languages/*.json``.

What the page is made of is translated by Gradio's own i18n, in the browser; what handlers say, here, in the language
that the visitor's browser names. A text with values in it is found by its pattern, in which each value is ``{}``.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from demos.serving.sessions import header, request

FOLDER = Path(__file__).parents[1] / "languages"
ENGLISH, CHINESE = "en", "zh-CN"
LANGUAGES = (ENGLISH, CHINESE)
COOKIE = "pentimento_language"
LONGEST, DEEPEST = 1000, 4
"""Of texts with values: characters, and how often a value has values itself."""
SEPARATOR = " · "
"""Between sentences that stand in one line."""
PROPERTIES = ("label", "info", "placeholder", "alt_text", "value", "choices", "html_template")
"""Of components, where they are texts."""
_TEXTS = (gr.Markdown, gr.HTML, gr.Button, gr.UploadButton, gr.DownloadButton)
"""Components whose value is said, not given."""
_NODES = re.compile(r'(?<=>)[^<>]+(?=<)|(?<=aria-label=")[^"]*(?=")|(?<=alt=")[^"]*(?=")')
"""Of HTML, what a person reads or hears."""
SWITCH = f"""() => {{
  const language = document.documentElement.lang === '{CHINESE}' ? '{ENGLISH}' : '{CHINESE}';
  const kept = [...document.querySelectorAll('.image-frame img')].some((image) => !image.closest('.cover'));
  const words = {{'{ENGLISH}': 'The page is loaded again: its pictures and results are lost. Go on?',
    '{CHINESE}': '页面将重新加载,当前的图片和结果会丢失。继续吗?'}};
  if (kept && !confirm(words[language === '{ENGLISH}' ? '{CHINESE}' : '{ENGLISH}'])) return;
  document.cookie = '{COOKIE}=' + language + '; path=/; max-age=31536000; SameSite=Lax';
  const address = new URL(location.href);
  address.searchParams.delete('lang');
  location.replace(address);
}}"""


@cache
def table(language: str) -> Mapping[str, str]:
    """English text or pattern -> the language's; empty for English."""
    path = FOLDER / f"{language}.json"
    words: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {text.strip(): word for text, word in words.items()}


@cache
def _patterns(language: str) -> list[tuple[list[str], str]]:
    """The parts between the values of each text that has some, and the text; the longest first, as the most exact."""
    texts = sorted((text for text in table(language) if "{}" in text), key=len, reverse=True)
    return [(text.split("{}"), text) for text in texts]


def _values(text: str, parts: list[str]) -> list[str] | None:
    """What stands between the parts in a text; None where it is another text. Never looks back, so takes no time."""
    first, last = parts[0], parts[-1]
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return None
    at, end, found = len(first), len(text) - len(last), []
    for part in parts[1:-1]:
        place = text.find(part, at, end)
        if place < 0:
            return None
        found.append(text[at:place])
        at = place + len(part)
    return [*found, text[at:end]]


def found(text: str, language: str, deep: int = DEEPEST) -> str | None:
    """A text in a language; None where the language has no words for it, or it is too long to be one of ours."""
    words = table(language)
    if text in words:
        return words[text]
    if not deep or len(text) > LONGEST:
        return None
    for parts, known in _patterns(language):
        values = _values(text, parts)
        if values is not None:
            return _filled(words[known], [translated(value, language, deep - 1) for value in values])
    return None


def translated(text: str, language: str, deep: int = DEEPEST) -> str:
    """A text in a language; as it is where the language has no words for it."""
    inner = text.strip()
    if language == ENGLISH or not inner:
        return text
    words = found(inner, language, deep)
    if words is None and deep and SEPARATOR in inner:
        words = SEPARATOR.join(translated(part, language, deep - 1) for part in inner.split(SEPARATOR))
    if words is None and deep and len(inner) > 4 and inner.startswith("**") and inner.endswith("**"):
        words = f"**{translated(inner[2:-2], language, deep - 1)}**"
    if words is None and deep and len(inner) > 2 and inner[0] == inner[-1] == "'":
        words = f"“{translated(inner[1:-1], language, deep - 1)}”"
    return text if words is None else text.replace(inner, words)


def _filled(text: str, values: list[str]) -> str:
    """Values in their order, or as the numbers say: ``{1} of {0}``."""
    parts = iter(range(len(values)))
    return re.sub(r"\{(\d*)\}", lambda place: values[int(place[1]) if place[1] else next(parts)], text)


def nodes(text: str) -> list[str]:
    """The texts in a piece of HTML."""
    return [each for each in (html.unescape(node).strip() for node in _NODES.findall(text)) if each]


def translated_html(text: str, language: str) -> str:
    """A piece of HTML whose texts are translated."""
    if language == ENGLISH:
        return text
    return _NODES.sub(lambda node: html.escape(translated(html.unescape(node[0]), language)), text)


def current() -> str:
    """In a handler: the visitor's language."""
    kept = getattr(request(), "cookies", {}).get(COOKIE) or header("accept-language")
    return CHINESE if str(kept).lower().startswith("zh") else ENGLISH


def say(text: str, *values: object) -> str:
    """In a handler: a text in the visitor's language, each ``{}`` of it filled with a value."""
    language = current()
    words = table(language).get(text.strip())
    if words is None:
        words = translated(text, language) if not values else text
    return _filled(words, [str(value) for value in values]) if values else words


def say_plainly(text: str) -> str:
    """In a handler: a text for a message of the page, which would take what is in ``<>`` for HTML."""
    return html.escape(say(text), quote=False)


def say_html(text: str) -> str:
    """In a handler: a piece of HTML in the visitor's language."""
    return translated_html(text, current())


def in_template(template: str) -> str:
    """JavaScript for ``js_on_load`` that translates what an ``html_template`` has put into ``element``."""
    tables = {
        language: {text: translated(text, language) for text in nodes(template)}
        for language in LANGUAGES if language != ENGLISH
    }  # fmt: skip
    return f"""
const words = {json.dumps(tables)}[navigator.language] || {{}};
const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {{
  const node = walk.currentNode, text = node.data.trim();
  if (words[text]) node.data = node.data.replace(text, words[text]);
}}
element.querySelectorAll('[aria-label], [alt]').forEach((node) => ['aria-label', 'alt'].forEach((name) => {{
  const text = node.getAttribute(name);
  if (words[text]) node.setAttribute(name, words[text]);
}}));
"""


def texts(page: gr.Blocks) -> Iterator[tuple[Any, str, Any]]:
    """Component, property and value of everything that a page says; of choices, pairs of what is said and meant."""
    for block in page.blocks.values():
        for name in PROPERTIES:
            value = getattr(block, name, None)
            if value and (name != "value" or isinstance(block, _TEXTS)) and isinstance(value, str | list):
                yield block, name, value


def translate(page: gr.Blocks) -> gr.I18n:
    """Let Gradio translate everything that a page says; returns its tables, for ``launch``."""
    tables: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
    waiting: list[Any] = []

    def marked(text: Any, *, is_html: bool = False) -> Any:
        if not isinstance(text, str):
            return text
        turn = translated_html if is_html else translated
        said = {language: turn(text, language) for language in LANGUAGES}
        if len(set(said.values())) == 1:
            return text
        key = f"html {len(tables[ENGLISH])}" if is_html else text
        for language, words in said.items():
            tables[language][key] = words
        return key

    for block, name, value in list(texts(page)):
        if name == "choices":
            waiting += [(block, name, [(marked(shown), meant) for shown, meant in value])]
        elif isinstance(value, str) and name != "html_template":  # Gradio leaves those alone: see :func:`in_template`
            waiting += [(block, name, marked(value, is_html=isinstance(block, gr.HTML)))]
    for block in page.blocks.values():
        if isinstance(block, gr.Dataset):  # the page shows these as they are, in whatever language
            block.headers = [" " * (index + 1) for index in range(len(block.headers))]
    words = gr.I18n(**tables)
    for block, name, value in waiting:
        if name == "choices":
            setattr(block, name, [(_word(words, tables, shown), meant) for shown, meant in value])
        else:
            setattr(block, name, _word(words, tables, value))
    return words


def _word(words: gr.I18n, tables: Mapping[str, Mapping[str, str]], key: Any) -> Any:
    return words(key) if isinstance(key, str) and key in tables[ENGLISH] else key
