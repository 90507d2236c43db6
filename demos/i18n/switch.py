"""The button that changes the language of the page."""

from __future__ import annotations

import json

from demos.i18n.language import translation
from demos.serving.prerender import CHINESE, COOKIE, ENGLISH, LANGUAGE
from engine.contracts.messages import Message

QUESTION = Message("Results and painted masks will be lost: click again")
"""Instead of a dialogue, which browsers do not show inside frames of other sites."""
BUTTON = "language"
"""Class of the button."""
MARK = "pentimento pictures "
"""Begins the name of the window while pictures wait in it: browsers keep it when a page is loaded again, in frames of
other sites, too, where they deny every other store."""
PATIENCE = 5
"""Seconds in which the second click has to come."""
LABEL = Message("中文")
"""Text of the button: the language that the page has not."""


INPUTS = """
const inputs = () => [...document.querySelectorAll('.view')].filter((each) => each.checkVisibility())
  .flatMap((view) => [...view.querySelectorAll('.inputs [data-testid=image]:has(input[type=file])')]);
"""
"""JavaScript: the uploads of the view in sight."""
RESTORE = f"""<script>(async () => {{{INPUTS}
  if (!window.name.startsWith('{MARK}')) return;
  const kept = JSON.parse(window.name.slice('{MARK}'.length));
  window.name = '';
  const soon = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  for (let tries = 0; tries < 200 && inputs().length < kept.length; tries += 1) await soon(100);
  await soon(500);
  const places = inputs();
  kept.forEach(async (each, at) => {{
    if (!each || !places[at]) return;
    const picture = await (await fetch(each.data)).blob();
    const input = places[at].querySelector('input[type=file]'), files = new DataTransfer();
    files.items.add(new File([picture], each.name, {{type: picture.type}}));
    input.files = files.files;
    input.dispatchEvent(new Event('change', {{bubbles: true}}));
  }});
}})();</script>"""
"""For the head of the page: puts back what :func:`switch_script` has kept."""


def switch_script() -> str:
    """JavaScript of the button: keeps the pictures of the view in sight, remembers the choice, loads the page again.

    It asks where something would be lost. The choice is in the address, too: inside a frame of another site, browsers
    keep no cookie.
    """
    questions = json.dumps({language: QUESTION.said(translation(language)) for language in (ENGLISH, CHINESE)})
    return f"""async () => {{{INPUTS}
  const from = document.documentElement.lang === '{CHINESE}' ? '{CHINESE}' : '{ENGLISH}';
  const language = from === '{CHINESE}' ? '{ENGLISH}' : '{CHINESE}';
  const lost = document.querySelector('.outputs .canvas img, .painter .stage:not([hidden])');
  const button = document.querySelector('button.{BUTTON}');
  if (lost && !button.dataset.asked) {{
    const before = button.textContent;
    button.dataset.asked = 'yes';
    button.textContent = {questions}[from];
    setTimeout(() => {{ button.textContent = before; delete button.dataset.asked; }}, {PATIENCE * 1000});
    return;
  }}
  document.cookie = '{COOKIE}=' + language + '; path=/; max-age=31536000; SameSite=Lax';
  const address = new URL(location.href);
  address.searchParams.delete('try');
  address.searchParams.set('{LANGUAGE}', language);
  const run = [...document.querySelectorAll('button.run')].find((each) => each.checkVisibility());
  if (run) address.searchParams.set('task', run.id.replace(/^at-/, ''));
  try {{
    const kept = await Promise.all(inputs().map(async (each) => {{
      const shown = each.querySelector('.image-frame img');
      if (!shown) return null;
      const picture = await (await fetch(shown.src)).blob(), reader = new FileReader();
      const data = await new Promise((done) => {{
        reader.onload = () => done(reader.result);
        reader.readAsDataURL(picture);
      }});
      return {{name: decodeURIComponent(shown.src.split('/').pop()), data}};
    }}));
    if (kept.some((each) => each)) window.name = '{MARK}' + JSON.stringify(kept);
  }} catch (error) {{
    console.warn('pictures could not be kept', error);
  }}
  location.replace(address);
}}"""
