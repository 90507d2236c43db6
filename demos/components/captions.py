"""Captions of galleries and titles of errors in the page's language: Gradio does not translate them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from demos.i18n.language import in_all_languages
from demos.serving.prerender import ENGLISH
from engine.contracts.messages import Message, Text

SCRIPT = """<script>(() => {
  const known = WORDS[navigator.language];
  if (!known) return;
  const translate = () => document.querySelectorAll('.caption-label, .toast-title').forEach((label) => {
    const said = known[label.textContent.trim()];
    if (said) label.textContent = said;
  });
  new MutationObserver(translate).observe(document, {childList: true, subtree: true});
})();</script>"""


ERROR = Message("Error")
"""Title that Gradio's page gives to every error."""


def script(captions: Iterable[Text]) -> str:
    """The part of the page that says captions, which are made in English, in another language."""
    words: dict[str, dict[str, str]] = {}
    for caption in (*captions, ERROR):
        spoken = in_all_languages(caption)
        for language, text in spoken.items():
            if text != spoken[ENGLISH]:
                words.setdefault(language, {})[spoken[ENGLISH]] = text
    return SCRIPT.replace("WORDS", json.dumps(words).replace("<", "\\u003c"))
