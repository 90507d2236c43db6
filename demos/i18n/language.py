"""The page's languages, by gettext: English is what the code says, others come from catalogues made from it.

What the page is made of is translated by Gradio in the browser: :func:`mark` gives its components a key, and
:class:`Words` has the texts behind all keys. What handlers answer is said by :func:`say`, in the language that the
visitor's browser names.
"""

from __future__ import annotations

import gettext
import html
import json
import zlib
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from gradio.i18n import I18nData

from demos.serving.prerender import CHINESE, COOKIE, ENGLISH, LANGUAGE, first_of
from demos.serving.request import header, page_query, request
from engine.contracts.messages import Text, Translate, english

FOLDER = Path(__file__).parent
DOMAIN = "pentimento"
LANGUAGES = {ENGLISH: "", CHINESE: "zh_CN"}
"""The page's languages, and the folders of their catalogues; English needs none."""


@cache
def translation(language: str) -> Translate:
    """English template -> the language's."""
    if not LANGUAGES[language]:
        return english
    return gettext.translation(DOMAIN, FOLDER, [LANGUAGES[language]]).gettext


class Words:
    """All that a page says, in all languages, collected while it is built: ``with Words() as words: ...``."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
        """Language -> key -> text, for ``gr.I18n``."""

    def __enter__(self) -> Words:
        self._token = _COLLECTED.set(self)
        return self

    def __exit__(self, *error: object) -> None:
        _COLLECTED.reset(self._token)

    def note(self, key: str, spoken: Mapping[str, str]) -> None:
        """A text of the page by the key that the browser looks it up by."""
        for language, text in spoken.items():
            self.tables[language][key] = text


_COLLECTED: ContextVar[Words | None] = ContextVar("words", default=None)


def in_all_languages(text: Text) -> dict[str, str]:
    """Language -> the text in it."""
    return {language: text.said(translation(language)) for language in LANGUAGES}


def mark(text: Text) -> Any:
    """A text for a component's property, while a page is built; a plain ``str`` where all languages say the same."""
    return _marked(in_all_languages(text))


def mark_html(drawn: Callable[[Translate], str]) -> Any:
    """The same for a piece of HTML or Markdown, which is drawn once in each language."""
    spoken = {language: drawn(translation(language)) for language in LANGUAGES}
    return _marked(spoken, key=f"html {zlib.crc32(spoken[ENGLISH].encode())}")


def _marked(spoken: Mapping[str, str], key: str | None = None) -> Any:
    if len(set(spoken.values())) == 1:
        return spoken[ENGLISH]
    if (words := _COLLECTED.get()) is not None:  # else Gradio makes a component of the page again for a visitor
        words.note(key or spoken[ENGLISH], spoken)
    return I18nData(key or spoken[ENGLISH])


def current() -> str:
    """In a handler: the visitor's language, by the page's address, the cookie, the browser.

    Inside a frame of another site, as the Hub shows a Space, browsers keep no cookie; the address is always there.
    """
    kept = getattr(request(), "cookies", {}).get(COOKIE)
    return first_of(page_query(LANGUAGE), str(kept or ""), header("accept-language"))


def say(text: Text) -> str:
    """In a handler: a text in the visitor's language."""
    return text.said(translation(current()))


def say_plainly(text: Text) -> str:
    """In a handler: a text for a message of the page, which would take what is in ``<>`` for HTML."""
    return html.escape(say(text), quote=False)


def say_in_html(text: Text) -> str:
    """In a handler: a text that stands in a piece of HTML."""
    return html.escape(say(text))


def in_template(texts: Mapping[str, Text]) -> str:
    """JavaScript for ``js_on_load`` of a ``gr.HTML`` whose template Gradio does not translate.

    Args:
        texts: words that stand in the template as ``data-say`` of an element, and what they mean.
    """
    said = {
        language: {name: text.said(translation(language)) for name, text in texts.items()} for language in LANGUAGES
    }
    return f"""
const words = {json.dumps(said)};
const spoken = words[navigator.language] || words['{ENGLISH}'];
element.querySelectorAll('[data-say]').forEach((node) => {{ node.textContent = spoken[node.dataset.say]; }});
element.querySelectorAll('[data-label]').forEach((node) => {{
  node.setAttribute(node.tagName === 'IMG' ? 'alt' : 'aria-label', spoken[node.dataset.label]);
}});
"""
