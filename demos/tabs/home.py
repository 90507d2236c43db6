"""The first tab: what can be done here, as pictures that are links; and what this machine has.

The cards stand in the page before Gradio's own scripts are there (:mod:`demos.serving.prerender`), and work.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import gradio as gr

from demos.components.status import machine_line, machine_placeholder
from demos.examples import FOLDER
from demos.i18n.language import mark, mark_html
from demos.serving.prerender import CARDS
from demos.serving.request import header
from demos.serving.site import Site
from demos.tabs.records import TabSpec
from demos.tabs.trying import TRY, example_of
from engine.contracts.messages import Message, Translate
from engine.runtime.machine import describe_machine

FILES = Path(__file__).parents[1] / "cards"
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
LEAD = Message("Classical neural image generation: published algorithms that really run, on your picture.")
HERE = Message("Your pictures stay on this machine, and are deleted within the hour.")
SERVER = Message("Your pictures go to the server of this page, nowhere else, and are deleted within the hour.")
CSS = """
.cards { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1.5rem 1.25rem; text-align: left; }
@media (max-width: 900px) { .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (max-width: 420px) { .cards { gap: 1rem .75rem; } .cards span { font-size: .875rem; } }
.cards a.card { display: flex; flex-direction: column; gap: .25rem; color: inherit;
  text-align: left; text-decoration: none; border-radius: .5rem; }
.cards img { width: 100%; height: auto; aspect-ratio: 2; object-fit: cover; border-radius: .5rem; margin: 0 0 .35rem; }
.cards strong { font-size: 1.15rem; }
.cards .try { margin-top: auto; align-self: start; border-radius: .4rem; padding: .3rem .9rem; background: #4338ca;
  color: white; font-weight: 600; }
.cards a.card:hover .try, .cards a.card:focus-visible .try { background: #3730a3; }
.cards a.card:focus-visible { outline: 2px solid #6366f1; outline-offset: 4px; }
"""
SCRIPT = f"""
element.addEventListener('click', (event) => {{
  const link = event.target.closest('a.card');
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  trigger('click', {{tab: new URL(link.href).searchParams.get('{TRY}')}});
}});
"""
"""Opens a tab without loading the page again."""


class Home:
    """Laid out where it is made.

    Args:
        site: that the page is for.
        tabs: that have a card.
    """

    def __init__(self, site: Site, tabs: Sequence[TabSpec]) -> None:
        self._site = site
        gr.Markdown(mark(LEAD))
        self.cards = gr.HTML(mark_html(partial(cards, tabs)), js_on_load=SCRIPT)
        self.machine = gr.HTML(machine_placeholder(), elem_classes=["machine"])
        """Shows :meth:`line` once the page is there."""

    def line(self) -> str:
        """In a handler: the line about pictures and the machine."""
        return machine_line(describe_machine(self._site.runtime), HERE if _at_this_machine() else SERVER)


def cards(tabs: Sequence[TabSpec], translate: Translate) -> str:
    """HTML: a link with a picture for each tab."""
    drawn = []
    for tab in tabs:
        texts = (tab.card.outcome, tab.title, tab.card.line, tab.card.alt, Message("Try {task}", task=tab.title))
        outcome, title, line, alt, button = (html.escape(each.said(translate)) for each in texts)
        drawn.append(
            f'<a class="card" href="?{TRY}={tab.id}">'
            f'<img src="{CARDS}/{tab.id}.jpg" alt="{alt}" width="580" height="288">'
            f'<strong>{outcome}</strong><span>{title}: {line}</span><span class="try">{button}</span></a>'
        )
    return f'<div class="cards">{"".join(drawn)}</div>'


def pictures(site: Site, tabs: Sequence[TabSpec]) -> dict[str, Path]:
    """The cards' pictures by the ids of their tabs: their own, else the first one of the example."""
    files = {}
    for tab in tabs:
        own, example = FILES / f"{tab.id}.jpg", example_of(site, tab)
        if own.exists():
            files[tab.id] = own
        elif example is not None:
            name = next(iter(example.pictures.values()))
            files[tab.id] = FOLDER / (name if isinstance(name, str) else name[0])
    return files


def _at_this_machine() -> bool:
    """In a handler: whether the browser runs on the machine that serves, and nothing stands between."""
    host = header("host")
    name = host.rpartition(":")[0] if host[-1:].isdigit() and ":" in host else host
    return name in LOOPBACK and not header("x-forwarded-for") and not header("forwarded")
