"""Captions of galleries and titles of errors in the page's language, and names for those who hear the page.

Gradio translates no captions, and calls pictures "Thumbnail 3 of 32", examples nothing (6.31).
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from demos.i18n.language import in_all_languages
from demos.serving.prerender import ENGLISH
from engine.contracts.messages import Message, Text

SCRIPT = """<script>(() => {
  const known = WORDS[navigator.language] || {}, example = EXAMPLE[navigator.language] || EXAMPLE.en;
  const speak = () => {
    document.querySelectorAll('.caption-label, .toast-title').forEach((label) => {
      const said = known[label.textContent.trim()];
      if (said) label.textContent = said;
    });
    document.querySelectorAll('.thumbnail-item:has(> .caption-label)').forEach((picture) => {
      const name = picture.querySelector('.caption-label').textContent.trim();
      if (name && picture.getAttribute('aria-label') !== name) picture.setAttribute('aria-label', name);
    });
    document.querySelectorAll('button.run:not([aria-keyshortcuts])').forEach((button) => {
      button.setAttribute('aria-keyshortcuts', 'Control+Enter');
      button.title = 'Ctrl+Enter';
    });
    document.querySelectorAll('.examples .gallery-item:not([aria-label])').forEach((button) => {
      const number = [...button.parentElement.children].indexOf(button) + 1;
      button.setAttribute('aria-label', example + ' ' + number);
    });
  };
  new MutationObserver(speak).observe(document, {childList: true, subtree: true});
})();</script>"""


EXAMPLE = Message("Example")
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
    return SCRIPT.replace("WORDS", _literal(words)).replace("EXAMPLE", _literal(in_all_languages(EXAMPLE)))


def _literal(value: object) -> str:
    """JavaScript inside of HTML."""
    return json.dumps(value).replace("<", "\\u003c")
