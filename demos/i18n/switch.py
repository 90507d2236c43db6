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
KEPT = "kept"
"""Name in the page's address of the pictures that are kept."""
PATIENCE = 5
"""Seconds in which the second click has to come."""
LABEL = Message("中文")
"""Text of the button: the language that the page has not."""


KEEPING = """
const inputs = () => [...document.querySelectorAll('.view')].filter((each) => each.checkVisibility())
  .flatMap((view) => [...view.querySelectorAll('.inputs [data-testid=image]:has(input[type=file])')]);
const kept = (mode, work) => new Promise((done, failed) => {
  const asked = indexedDB.open('pentimento', 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore('pictures');
  asked.onerror = () => failed(asked.error);
  asked.onsuccess = () => {
    const held = work(asked.result.transaction('pictures', mode).objectStore('pictures'));
    held.onsuccess = () => { done(held.result); asked.result.close(); };
    held.onerror = () => failed(held.error);
  };
});
"""
"""JavaScript: the uploads of the view in sight, and the browser's own store, where their pictures wait."""
RESTORE = f"""<script>(async () => {{{KEEPING}
  const asked = new URLSearchParams(location.search).get('{KEPT}');
  if (!asked) return;
  const found = await kept('readonly', (store) => store.get(asked)).catch(() => null);
  if (!found) return;
  kept('readwrite', (store) => store.clear()).catch(() => {{}});
  for (let tries = 0; tries < 200 && inputs().length < found.length; tries += 1)
    await new Promise((done) => setTimeout(done, 100));
  await new Promise((done) => setTimeout(done, 500));
  const places = inputs();
  found.forEach((file, at) => {{
    if (!file || !places[at]) return;
    const input = places[at].querySelector('input[type=file]'), files = new DataTransfer();
    files.items.add(file);
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
    return f"""async () => {{{KEEPING}
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
  for (const name of ['try', '{KEPT}']) address.searchParams.delete(name);
  address.searchParams.set('{LANGUAGE}', language);
  const run = [...document.querySelectorAll('button.run')].find((each) => each.checkVisibility());
  if (run) address.searchParams.set('task', run.id.replace(/^at-/, ''));
  try {{
    const files = await Promise.all(inputs().map(async (each) => {{
      const shown = each.querySelector('.image-frame img');
      if (!shown) return null;
      const name = decodeURIComponent(shown.src.split('/').pop());
      const picture = await (await fetch(shown.src)).blob();
      return new File([picture], name, {{type: picture.type}});
    }}));
    const key = String(Date.now());
    if (files.some((each) => each)) {{
      await kept('readwrite', (store) => store.put(files, key));
      address.searchParams.set('{KEPT}', key);
    }}
  }} catch (error) {{
    console.warn('pictures could not be kept', error);
  }}
  location.replace(address);
}}"""
