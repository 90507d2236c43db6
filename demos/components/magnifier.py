"""Pictures of one size beside each other under one lens: where one is looked at closely, all are."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import gradio as gr
from PIL import Image

from demos.i18n.language import mark_html, say_in_html
from engine.contracts.messages import Message
from engine.imaging.comparison import Panel
from engine.imaging.preview import contained

SHOWN_SIDE = 2048
"""Longer side of a picture in the page; larger ones are reduced for it."""
SCRIPT = """
const seen = {x: 0.5, y: 0.5, zoom: 4, close: false, held: false};
const root = () => element.querySelector('.lens');
const clamp = (value) => Math.min(Math.max(value, 0), 1);
const show = () => {
  if (!root()) return;
  for (const name of ['x', 'y', 'zoom']) root().style.setProperty('--' + name, seen[name]);
  for (const name of ['close', 'held']) root().classList.toggle(name, seen[name]);
  root().querySelector('.zoom').value = seen.zoom;
  root().querySelector('output').textContent = seen.zoom + ' x';
};
const place = (event, pane) => {
  const box = pane.getBoundingClientRect();
  seen.x = clamp((event.clientX - box.left) / box.width);
  seen.y = clamp((event.clientY - box.top) / box.height);
  seen.close = true;
};
element.addEventListener('pointermove', (event) => {
  const pane = event.target.closest('.pane');
  if (pane && !seen.held) { place(event, pane); show(); }
});
element.addEventListener('click', (event) => {
  const pane = event.target.closest('.pane');
  if (!pane) return;
  seen.held = !seen.held;
  place(event, pane);
  show();
});
element.addEventListener('pointerleave', () => { if (!seen.held) { seen.close = false; show(); } });
element.addEventListener('input', (event) => {
  if (!event.target.matches('.zoom')) return;
  Object.assign(seen, {zoom: event.target.value, close: true, held: true});
  show();
});
element.addEventListener('keydown', (event) => {
  if (!event.target.matches('.panes')) return;
  const moves = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
  if (event.key === 'Escape') Object.assign(seen, {close: false, held: false});
  if (moves[event.key]) {
    event.preventDefault();
    const step = 0.16 / seen.zoom;
    seen.x = clamp(seen.x + step * moves[event.key][0]);
    seen.y = clamp(seen.y + step * moves[event.key][1]);
    Object.assign(seen, {close: true, held: true});
  }
  show();
});
watch('value', show);
"""
CSS = """
.lens { --x: .5; --y: .5; --zoom: 4; }
.lens .panes { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(150px, 45%), 1fr)); gap: .6rem; }
.lens .panes:focus-visible { outline: 2px solid var(--primary-600); outline-offset: 3px; }
.lens figure { margin: 0; min-width: 0; }
.lens .pane { overflow: hidden; border-radius: .4rem; cursor: zoom-in; touch-action: pan-y; }
.lens .pane img { display: block; width: 100%; transform-origin: calc(var(--x) * 100%) calc(var(--y) * 100%);
  transition: transform .12s ease-out; }
.lens.close .pane img { transform: scale(var(--zoom)); }
.lens.held .pane { cursor: crosshair; }
.lens figcaption { font-size: .875rem; margin-top: .3rem; font-variant-numeric: tabular-nums; }
.lens figcaption b { display: block; }
.lens .tools { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem; margin-bottom: .5rem;
  font-size: .875rem; }
.lens output { white-space: nowrap; }
.lens .zoom { width: 9rem; accent-color: var(--primary-600); }
@media (max-width: 600px) { .lens .panes { grid-template-columns: repeat(2, 1fr); } }
"""
HINT = Message("Point at a picture; click to hold the place, and again to let go; arrow keys move it, Escape ends.")
EMPTY = Message("After a run, all pictures stand here under one lens.")


def component() -> gr.HTML:
    """The place of the pictures, empty."""
    empty = mark_html(lambda translate: f"<p class='quiet'>{EMPTY.said(translate)}</p>")
    return gr.HTML(empty, js_on_load=SCRIPT, elem_classes=["lens-view"])


def pictures_under_lens(panels: Sequence[Panel]) -> str:
    """In a handler: the pictures as HTML, with their captions."""
    figures = "".join(
        f'<figure><div class="pane"><img alt="{say_in_html(panel.title)}" src="{_address(panel.image)}" '
        f'draggable="false"></div><figcaption><b>{say_in_html(panel.title)}</b>'
        f"{say_in_html(panel.figures) or '&nbsp;'}</figcaption></figure>"
        for panel in panels
    )
    zoom, zoom_label = say_in_html(Message("Zoom")), say_in_html(Message("zoom of the lens"))
    group = say_in_html(Message("pictures under one lens; arrow keys move it"))
    return (
        f'<div class="lens"><div class="tools"><label>{zoom} <input class="zoom" type="range" min="2" max="12" '
        f'step="1" value="4" aria-label="{zoom_label}"></label><output>4 x</output>'
        f'<span class="quiet">{say_in_html(HINT)}</span></div>'
        f'<div class="panes" tabindex="0" role="group" aria-label="{group}">{figures}</div></div>'
    )


def _address(image: Image.Image) -> str:
    """The picture inside the page: it is the visitor's own, and gone with the page."""
    small = contained(image, SHOWN_SIDE) if max(image.size) > SHOWN_SIDE else image
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=95, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
