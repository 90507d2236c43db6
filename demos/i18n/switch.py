"""The button that changes the language of the page."""

from __future__ import annotations

import json

from demos.i18n.language import translation
from demos.serving.prerender import CHINESE, COOKIE, ENGLISH, LANGUAGE
from engine.contracts.messages import Message

QUESTION = Message("Pictures and results will be lost: click again")
"""Instead of a dialogue, which browsers do not show inside frames of other sites."""
BUTTON = "language"
"""Class of the button."""
PATIENCE = 5
"""Seconds in which the second click has to come."""
LABEL = Message("中文")
"""Text of the button: the language that the page has not."""


def switch_script() -> str:
    """JavaScript of the button: asks where something would be lost, remembers the choice, and loads the page again.

    The choice is in the address, too: inside a frame of another site, browsers keep no cookie.
    """
    questions = json.dumps({language: QUESTION.said(translation(language)) for language in (ENGLISH, CHINESE)})
    return f"""() => {{
  const from = document.documentElement.lang === '{CHINESE}' ? '{CHINESE}' : '{ENGLISH}';
  const language = from === '{CHINESE}' ? '{ENGLISH}' : '{CHINESE}';
  const kept = [...document.querySelectorAll('.image-frame img')].length > 0;
  const button = document.querySelector('button.{BUTTON}');
  if (kept && !button.dataset.asked) {{
    const before = button.textContent;
    button.dataset.asked = 'yes';
    button.textContent = {questions}[from];
    setTimeout(() => {{ button.textContent = before; delete button.dataset.asked; }}, {PATIENCE * 1000});
    return;
  }}
  document.cookie = '{COOKIE}=' + language + '; path=/; max-age=31536000; SameSite=Lax';
  const address = new URL(location.href);
  address.searchParams.set('{LANGUAGE}', language);
  location.replace(address);
}}"""
