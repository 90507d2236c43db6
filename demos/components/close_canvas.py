"""The canvas on which a result is looked at closely: it asks for tiles, and draws them under one zoom."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos.i18n.language import in_template
from engine.contracts.messages import Message
from engine.imaging.pyramid import TILE, Place

MOST_TILES = 12
"""Tiles of one answer; the page asks again for the rest."""
NAMES = ("before", "after")
WORDS = {
    "group": Message("the result pixel for pixel; plus and minus zoom, arrow keys move, 0 shows all, 1 its own pixels"),
    "fit": Message("All"),
    "own": Message("1:1"),
    "nearer": Message("Zoom in"),
    "further": Message("Zoom out"),
    "wipe": Message("where the result begins"),
    "empty": Message("After a run, the whole result stands here pixel for pixel: drag, zoom, compare."),
    "before": Message("before"),
    "after": Message("after"),
}
"""Words of the view by their names in :data:`TEMPLATE`."""
TEMPLATE = """
<div class="closer" tabindex="0" role="group" data-label="group">
  <p class="nothing quiet" data-say="empty"></p>
  <div class="room" hidden>
    <div class="tools" role="toolbar">
      <button type="button" data-do="fit" data-say="fit"></button>
      <button type="button" data-do="own" data-say="own"></button>
      <button type="button" data-do="further" data-label="further">&minus;</button>
      <button type="button" data-do="nearer" data-label="nearer">+</button>
      <output class="zoom"></output>
      <label><span data-say="before"></span>
        <input class="wipe" type="range" min="0" max="100" value="50" data-label="wipe">
        <span data-say="after"></span></label>
    </div>
    <div class="stage"><canvas class="main"></canvas><canvas class="map" width="120" height="120"></canvas></div>
  </div>
</div>
"""
SCRIPT = """
const TILE = TILE_SIDE, MOST = MOST_TILES;
const at = (what) => element.querySelector(what);
const main = at('canvas.main'), map = at('canvas.map'), pen = main.getContext('2d'), small = map.getContext('2d');
const pictures = {}, tiles = new Map(), seen = {x: 0, y: 0, zoom: 1, asked: 0};
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const density = () => window.devicePixelRatio || 1;
const least = () => Math.min(main.width / pictures.after.size[0], main.height / pictures.after.size[1]);
const settle = () => {
  seen.zoom = clamp(seen.zoom, Math.min(least(), 1), 8 * density());
  for (const [axis, length, index] of [['x', main.width, 0], ['y', main.height, 1]]) {
    const half = Math.min(length / seen.zoom, pictures.after.size[index]) / 2;
    seen[axis] = clamp(seen[axis], half, pictures.after.size[index] - half);
  }
};
const layer = (name) => {
  const picture = pictures[name], scale = seen.zoom * pictures.after.size[0] / picture.size[0];
  const level = clamp(Math.floor(Math.log2(1 / scale) + 0.01), 0, picture.coarsest);
  const left = main.width / 2 - seen.x * seen.zoom, top = main.height / 2 - seen.y * seen.zoom;
  return {picture, scale, level, left, top};
};
const within = (name, level, {picture, scale, left, top}) => {
  const side = TILE * scale * 2 ** level, found = [];
  const [columns, rows] = picture.size.map((length) => Math.ceil(length / (TILE * 2 ** level)));
  const first = Math.max(0, Math.floor(-left / side));
  for (let row = Math.max(0, Math.floor(-top / side)); row < rows && top + row * side < main.height; row++)
    for (let column = first; column < columns && left + column * side < main.width; column++)
      found.push({key: [name, level, column, row].join('/'), x: left + column * side, y: top + row * side});
  return found;
};
const paint = (name) => {
  const place = layer(name);
  pen.imageSmoothingEnabled = name === 'before' || seen.zoom < 2 * density();
  for (let level = place.picture.coarsest; level >= place.level; level--)
    for (const each of within(name, level, place)) {
      const tile = tiles.get(each.key), grown = place.scale * 2 ** level;
      if (tile && tile.complete) pen.drawImage(tile, each.x, each.y, tile.width * grown, tile.height * grown);
    }
};
const draw = () => {
  if (!pictures.after || !main.width) return;
  settle();
  pen.clearRect(0, 0, main.width, main.height);
  const edge = Math.round(main.width * at('.wipe').value / 100);
  for (const [name, left, width] of [['before', 0, edge], ['after', edge, main.width - edge]]) {
    pen.save(); pen.beginPath(); pen.rect(left, 0, width, main.height); pen.clip(); paint(name); pen.restore();
  }
  pen.fillStyle = 'white'; pen.fillRect(edge - density(), 0, 2 * density(), main.height);
  at('.zoom').textContent = Math.round(100 * seen.zoom / density()) + ' %';
  outline();
  clearTimeout(seen.timer);
  seen.timer = setTimeout(ask, 80);
};
const outline = () => {
  const [width, height] = pictures.after.size, scale = 120 / Math.max(width, height);
  map.width = Math.max(1, width * scale); map.height = Math.max(1, height * scale);
  const tile = tiles.get(['after', pictures.after.coarsest, 0, 0].join('/'));
  if (tile && tile.complete) small.drawImage(tile, 0, 0, map.width, map.height);
  small.strokeStyle = '#ffd84a'; small.lineWidth = 2;
  small.strokeRect((seen.x - main.width / seen.zoom / 2) * scale, (seen.y - main.height / seen.zoom / 2) * scale,
    main.width / seen.zoom * scale, main.height / seen.zoom * scale);
  map.hidden = seen.zoom <= least() * 1.01;
};
const ask = () => {
  if (!pictures.after || Date.now() < seen.asked + 5000) return;
  const wanted = ['after', 'before'].flatMap((name) => within(name, layer(name).level, layer(name)));
  const missing = wanted.map((each) => each.key).filter((key) => !tiles.has(key)).slice(0, MOST);
  if (!missing.length) return;
  seen.asked = Date.now();
  props.value = {want: missing};
  trigger('change');
};
const take = () => {
  const given = props.value || {};
  if (given.pictures) {
    tiles.clear();
    Object.assign(pictures, given.pictures);
    at('.nothing').hidden = true;
    at('.room').hidden = false;
    fill();
    Object.assign(seen, {x: pictures.after.size[0] / 2, y: pictures.after.size[1] / 2, zoom: density(), asked: 0});
  }
  for (const [key, address] of Object.entries(given.tiles || {})) {
    const tile = new Image();
    tile.onload = draw;
    tile.src = address;
    tiles.set(key, tile);
  }
  if (given.tiles) { seen.asked = 0; draw(); }
};
const fill = () => {
  const box = at('.stage').getBoundingClientRect();
  main.width = Math.round(box.width * density()); main.height = Math.round(box.height * density());
};
new ResizeObserver(() => { if (pictures.after) { fill(); draw(); } }).observe(at('.stage'));
const zoomed = (factor, x = main.width / 2, y = main.height / 2) => {
  const before = seen.zoom;
  seen.zoom = clamp(seen.zoom * factor, Math.min(least(), 1), 8 * density());
  seen.x += (x - main.width / 2) * (1 / before - 1 / seen.zoom);
  seen.y += (y - main.height / 2) * (1 / before - 1 / seen.zoom);
  draw();
};
const moved = (x, y) => { seen.x += x / seen.zoom; seen.y += y / seen.zoom; draw(); };
const tasks = {
  fit: () => { seen.zoom = least(); draw(); }, own: () => { seen.zoom = density(); draw(); },
  nearer: () => zoomed(1.5), further: () => zoomed(1 / 1.5),
};
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-do]');
  if (button && pictures.after) tasks[button.dataset.do]();
});
element.addEventListener('input', (event) => { if (event.target.matches('.wipe')) draw(); });
element.addEventListener('keydown', (event) => {
  if (!pictures.after || !event.target.matches('.closer')) return;
  const step = main.width / 8;
  const keys = {'+': tasks.nearer, '=': tasks.nearer, '-': tasks.further, '0': tasks.fit, '1': tasks.own,
    ArrowLeft: () => moved(-step, 0), ArrowRight: () => moved(step, 0),
    ArrowUp: () => moved(0, -step), ArrowDown: () => moved(0, step)};
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});
const held = new Map();
const spot = (event) => {
  const box = main.getBoundingClientRect();
  return {x: (event.clientX - box.left) * density(), y: (event.clientY - box.top) * density()};
};
const gap = () => { const [one, other] = [...held.values()]; return Math.hypot(one.x - other.x, one.y - other.y); };
main.addEventListener('pointerdown', (event) => {
  main.setPointerCapture(event.pointerId);
  held.set(event.pointerId, spot(event));
});
main.addEventListener('pointermove', (event) => {
  const before = held.get(event.pointerId);
  if (!before) return;
  const now = spot(event), apart = held.size === 2 ? gap() : 0;
  held.set(event.pointerId, now);
  if (held.size === 1) moved(before.x - now.x, before.y - now.y);
  else if (held.size === 2 && apart) zoomed(gap() / apart, now.x, now.y);
});
for (const name of ['pointerup', 'pointercancel']) main.addEventListener(name, (event) => held.delete(event.pointerId));
main.addEventListener('wheel', (event) => {
  event.preventDefault();
  const place = spot(event);
  zoomed(Math.exp(-event.deltaY / 400), place.x, place.y);
}, {passive: false});
map.addEventListener('click', (event) => {
  const box = map.getBoundingClientRect();
  seen.x = (event.clientX - box.left) / box.width * pictures.after.size[0];
  seen.y = (event.clientY - box.top) / box.height * pictures.after.size[1];
  draw();
});
watch('value', take);
if (props.value) take();
""".replace("TILE_SIDE", str(TILE)).replace("MOST_TILES", str(MOST_TILES))
CSS = """
.closer:focus-visible { outline: 2px solid var(--primary-600); outline-offset: 3px; }
.closer [hidden] { display: none; }
.closer .tools { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem; margin-bottom: .5rem;
  font-size: .875rem; }
.closer .tools button { border: 1px solid var(--border-color-primary); border-radius: .4rem; padding: .25rem .6rem;
  background: var(--background-fill-primary); color: var(--body-text-color); cursor: pointer; font: inherit;
  margin: 0; }
.closer .zoom { min-width: 3.5rem; text-align: right; font-variant-numeric: tabular-nums; }
.closer .tools label { display: flex; align-items: center; gap: .4rem; margin-left: auto; }
.closer .wipe { width: 8rem; accent-color: var(--primary-600); }
.closer .stage { position: relative; height: 420px; border-radius: .4rem; overflow: hidden;
  background: var(--background-fill-secondary); }
.closer .main { width: 100%; height: 100%; cursor: grab; touch-action: none; }
.closer .map { position: absolute; right: .5rem; bottom: .5rem; box-shadow: 0 0 0 1px white, 0 1px 6px black;
  cursor: crosshair; }
"""


class CloseCanvas(gr.HTML):
    """Gives handlers the tiles that the page asks for: name of the picture and place."""

    def __init__(self, **options: Any) -> None:
        fixed = {
            "value": None,
            "html_template": TEMPLATE,
            "js_on_load": in_template(WORDS) + SCRIPT,
            "elem_classes": ["close-view"],
        }
        super().__init__(**{**options, **fixed})

    def postprocess(self, value: Any) -> Any:
        """As :mod:`demos.components.close_view` makes it."""
        return value

    def preprocess(self, payload: Any) -> list[tuple[str, Place]]:  # type: ignore[override]
        """What is asked for; what is no place of a tile is left out."""
        wanted = payload.get("want") if isinstance(payload, dict) else None
        keys = [each for each in wanted if isinstance(each, str)] if isinstance(wanted, list) else []
        places = (key.split("/") for key in keys[:MOST_TILES])
        return [
            (name, Place(*map(int, numbers)))
            for name, *numbers in places
            if name in NAMES and len(numbers) == 3 and all(each.isdecimal() and len(each) < 6 for each in numbers)
        ]
