"""The button that changes the language of the page."""

from __future__ import annotations

import json

from demos.i18n.language import translation
from demos.serving.prerender import CHINESE, COOKIE, ENGLISH
from engine.contracts.messages import Message

QUESTION = Message("The page is loaded again: its pictures and results are lost. Go on?")
LABEL = Message("中文")
"""Text of the button: the language that the page has not."""


def switch_script() -> str:
    """JavaScript of the button: asks where something would be lost, remembers the choice, and loads the page again."""
    questions = json.dumps({language: QUESTION.said(translation(language)) for language in (ENGLISH, CHINESE)})
    return f"""() => {{
  const from = document.documentElement.lang === '{CHINESE}' ? '{CHINESE}' : '{ENGLISH}';
  const language = from === '{CHINESE}' ? '{ENGLISH}' : '{CHINESE}';
  const kept = [...document.querySelectorAll('.image-frame img')].some((image) => !image.closest('.cover'));
  if (kept && !confirm({questions}[from])) return;
  document.cookie = '{COOKIE}=' + language + '; path=/; max-age=31536000; SameSite=Lax';
  const address = new URL(location.href);
  address.searchParams.delete('lang');
  location.replace(address);
}}"""
