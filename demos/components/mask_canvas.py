"""What the page has of the mask's editor: its HTML, its script and its style sheet."""

from __future__ import annotations

from engine.contracts.messages import Message

COLOUR = (255, 32, 144, 255)
"""Colour of the mask, RGBA; the page shows it half transparent."""
WORDS = {
    "group": Message("painter of the mask: arrow keys move the brush, the space bar paints"),
    "brush": Message("Brush"),
    "eraser": Message("Eraser"),
    "box": Message("Box"),
    "object": Message("Object"),
    "size": Message("Size"),
    "brush-size": Message("size of the brush"),
    "undo": Message("Undo"),
    "invert": Message("Invert"),
    "clear": Message("Clear"),
    "nearer": Message("Zoom in"),
    "further": Message("Zoom out"),
    "fit": Message("Fit"),
    "picture": Message("the picture to paint on"),
}
"""Words of the editor by their names in :data:`TEMPLATE`."""
TEMPLATE = """
<div class="painter" tabindex="0" role="group" data-label="group">
  <div class="tools" role="toolbar">
    <button type="button" data-tool="brush" aria-pressed="true" data-say="brush"></button>
    <button type="button" data-tool="eraser" aria-pressed="false" data-say="eraser"></button>
    <button type="button" data-tool="box" aria-pressed="false" data-say="box"></button>
    <button type="button" data-tool="object" aria-pressed="false" data-say="object"></button>
    <label><span data-say="size"></span>
      <input class="size" type="range" min="2" max="200" value="40" data-label="brush-size"></label>
    <button type="button" data-do="undo" data-say="undo"></button>
    <button type="button" data-do="invert" data-say="invert"></button>
    <button type="button" data-do="clear" data-say="clear"></button>
    <span class="zooms"><button type="button" data-do="further" data-label="further">&minus;</button>
      <button type="button" data-do="fit" data-say="fit"></button>
      <button type="button" data-do="nearer" data-label="nearer">+</button></span>
  </div>
  <p class="empty quiet" data-say="prompt"></p>
  <div class="window"><div class="stage" hidden><img data-label="picture" draggable="false"><canvas></canvas>
    <div class="ring" hidden></div></div></div>
</div>
"""
SCRIPT = """
const at = (what) => element.querySelector(what);
const canvas = at('canvas'), picture = at('img'), ring = at('.ring');
const brush = canvas.getContext('2d', {willReadFrequently: true});
const seen = {tool: 'brush', from: null, before: null};
const undo = [];
const colour = 'rgb(COLOUR)';
const snapshot = () => brush.getImageData(0, 0, canvas.width, canvas.height);
const remember = () => { undo.push(snapshot()); if (undo.length > 8) undo.shift(); };
const commit = () => { props.value = {mask: canvas.toDataURL('image/png')}; trigger('change'); };
const place = (event) => {
  const box = canvas.getBoundingClientRect(), scale = canvas.width / box.width;
  return {x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale, scale};
};
const paint = (from, to) => {
  brush.globalCompositeOperation = seen.tool === 'eraser' ? 'destination-out' : 'source-over';
  brush.strokeStyle = brush.fillStyle = colour;
  if (seen.tool === 'box') {
    brush.putImageData(seen.before, 0, 0);
    brush.fillRect(Math.min(from.x, to.x), Math.min(from.y, to.y), Math.abs(to.x - from.x), Math.abs(to.y - from.y));
  } else {
    Object.assign(brush, {lineWidth: at('.size').value * to.scale, lineCap: 'round', lineJoin: 'round'});
    brush.beginPath();
    brush.moveTo(from.x, from.y);
    brush.lineTo(to.x + 0.01, to.y);
    brush.stroke();
  }
  brush.globalCompositeOperation = 'source-over';
};
const zoom = {now: 1, most: 8};
const zoomed = (factor, event) => {
  const stage = at('.stage'), shown = at('.window'), box = stage.getBoundingClientRect();
  const frame = shown.getBoundingClientRect();
  const x = event ? event.clientX : frame.left + frame.width / 2;
  const y = event ? event.clientY : frame.top + frame.height / 2;
  const across = (x - box.left) / box.width, down = (y - box.top) / box.height;
  zoom.now = factor ? Math.min(zoom.most, Math.max(1, zoom.now * factor)) : 1;
  stage.style.setProperty('--zoom', zoom.now);
  const grown = stage.getBoundingClientRect();
  shown.scrollLeft += across * grown.width + grown.left - x;
  shown.scrollTop += down * grown.height + grown.top - y;
};
const fitted = () => {
  const room = at('.window').clientWidth, ratio = picture.naturalWidth / picture.naturalHeight;
  const high = Math.max(320, 0.7 * window.innerHeight);
  at('.stage').style.setProperty('--fit', Math.min(room, high * ratio, Math.max(picture.naturalWidth, 480)) + 'px');
};
new ResizeObserver(() => { if (picture.naturalWidth) fitted(); }).observe(at('.painter'));
const fingers = new Map();
const gap = () => { const [one, other] = [...fingers.values()]; return Math.hypot(one.x - other.x, one.y - other.y); };
const follow = (event) => {
  const box = at('.stage').getBoundingClientRect(), size = at('.size').value;
  ring.hidden = event.isTrusted && ['box', 'object'].includes(seen.tool) || event.type === 'pointerleave';
  Object.assign(ring.style, {width: size + 'px', height: size + 'px',
    left: event.clientX - box.left + 'px', top: event.clientY - box.top + 'px'});
};
canvas.addEventListener('wheel', (event) => {
  if (!event.ctrlKey) return;  // which is what a touchpad's pinch says, too; a plain wheel scrolls
  event.preventDefault();
  zoomed(Math.exp(-event.deltaY / 200), event);
}, {passive: false});
canvas.addEventListener('pointerdown', (event) => {
  fingers.set(event.pointerId, {x: event.clientX, y: event.clientY});
  if (fingers.size === 2 && seen.from) {  // a second finger zooms and moves: what the first has begun was no stroke
    seen.from = null;
    brush.putImageData(undo.pop(), 0, 0);
  }
  if (event.button || fingers.size > 1) return;
  if (seen.tool === 'object') {
    const {x, y} = place(event);
    trigger('click', {across: 100 * x / canvas.width, down: 100 * y / canvas.height});
    return;
  }
  if (event.isTrusted) canvas.setPointerCapture(event.pointerId);
  remember();
  seen.before = undo[undo.length - 1];
  seen.from = place(event);
  paint(seen.from, seen.from);
});
canvas.addEventListener('pointermove', (event) => {
  follow(event);
  const before = fingers.get(event.pointerId);
  if (before && fingers.size === 2) {
    const apart = gap();
    fingers.set(event.pointerId, {x: event.clientX, y: event.clientY});
    at('.window').scrollLeft -= (event.clientX - before.x) / 2;
    at('.window').scrollTop -= (event.clientY - before.y) / 2;
    if (apart) zoomed(gap() / apart, event);
  }
  if (!seen.from) return;
  for (const each of event.getCoalescedEvents ? [...event.getCoalescedEvents(), event] : [event]) {
    const to = place(each);
    paint(seen.from, to);
    if (seen.tool !== 'box') seen.from = to;
  }
});
canvas.addEventListener('pointerleave', follow);
for (const name of ['pointerup', 'pointercancel']) canvas.addEventListener(name, (event) => {
  fingers.delete(event.pointerId);
  if (seen.from) { seen.from = null; commit(); }
});
const pen = {across: 0.5, down: 0.5};  // of the keyboard, in shares of the picture
const press = (name) => {
  const box = canvas.getBoundingClientRect();
  canvas.dispatchEvent(new PointerEvent(name, {pointerId: -1, clientX: box.left + pen.across * box.width,
    clientY: box.top + pen.down * box.height}));
};
const ways = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
at('.painter').addEventListener('keydown', (event) => {
  if (event.target !== at('.painter') || at('.stage').hidden || !(event.key in ways || event.key === ' ')) return;
  event.preventDefault();
  const [right, down] = ways[event.key] || [0, 0], step = event.shiftKey ? 0.1 : 0.02;
  pen.across = Math.min(1, Math.max(0, pen.across + step * right));
  pen.down = Math.min(1, Math.max(0, pen.down + step * down));
  if (!event.repeat || event.key !== ' ') press(event.key === ' ' ? 'pointerdown' : 'pointermove');
});
for (const name of ['keyup', 'blur']) at('.painter').addEventListener(name, (event) => {
  if (name === 'blur' || event.key === ' ') press('pointerup');
});
const back = () => { if (undo.length) { brush.putImageData(undo.pop(), 0, 0); commit(); } };
const tasks = {
  nearer: () => zoomed(1.5),
  further: () => zoomed(1 / 1.5),
  fit: () => zoomed(0),
  undo: back,
  clear: () => { remember(); brush.clearRect(0, 0, canvas.width, canvas.height); commit(); },
  invert: () => {
    remember();
    brush.globalCompositeOperation = 'xor';
    brush.fillStyle = colour;
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.globalCompositeOperation = 'source-over';
    commit();
  },
};
const choose = (tool) => {
  if (at(`[data-tool=${tool}]`).hidden) return;
  seen.tool = tool;
  element.querySelectorAll('[data-tool]').forEach((each) => {
    each.setAttribute('aria-pressed', String(each.dataset.tool === tool));
  });
};
element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.tool) choose(button.dataset.tool);
  else if (canvas.width && !at('.stage').hidden) tasks[button.dataset.do]();
});
element.addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === 'z') { event.preventDefault(); back(); }
  const size = at('.size'), step = {'[': -6, ']': 6}[event.key];
  if (step) size.value = Number(size.value) + step;
  const act = {'+': 'nearer', '=': 'nearer', '-': 'further', '0': 'fit'}[event.key];
  if (act && !event.ctrlKey && !event.metaKey) tasks[act]();
  const tool = {b: 'brush', e: 'eraser', r: 'box', o: 'object'}[event.key];
  if (tool && !event.ctrlKey && !event.metaKey) choose(tool);
});
const draw = (mask) => {
  const drawn = new Image();
  drawn.onload = () => {
    brush.clearRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(drawn, 0, 0, canvas.width, canvas.height);
  };
  drawn.src = mask;
};
const take = () => {
  const given = props.value || {};
  if (given.picture === '') at('.stage').hidden = true;
  if (given.picture !== undefined) at('.empty').hidden = given.picture !== '';
  if (given.picture) {
    picture.onload = () => {
      canvas.width = picture.naturalWidth;
      canvas.height = picture.naturalHeight;
      undo.length = 0;
      zoom.now = 1;
      at('.stage').style.setProperty('--zoom', 1);
      at('.stage').hidden = false;
      fitted();
      if (given.mask) draw(given.mask);
    };
    picture.src = given.picture;
  } else if (given.mask !== undefined && canvas.width) {
    remember();
    if (given.mask) draw(given.mask); else brush.clearRect(0, 0, canvas.width, canvas.height);
  }
};
at('[data-tool=object]').hidden = !element.closest('.picks');
watch('value', take);
if (props.value) take();  // inside an accordion this begins when it is opened, and the picture may be there already
""".replace("COLOUR", ", ".join(map(str, COLOUR[:3])))
CSS = """
.painter { border: 1px solid var(--border-color-primary); border-radius: .4rem; padding: .6rem; }
.painter:focus-visible { outline: 2px solid var(--primary-600); outline-offset: 3px; }
.painter .tools { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem; margin-bottom: .5rem;
  font-size: .875rem; }
.painter .tools button { border: 1px solid var(--border-color-primary); border-radius: .4rem; padding: .25rem .6rem;
  background: var(--background-fill-primary); color: var(--body-text-color); cursor: pointer; font: inherit;
  margin: 0; }
.painter .tools button[aria-pressed=true] { background: var(--primary-700); color: white; }
.painter .tools label { display: flex; align-items: center; gap: .4rem; }
.painter .size { width: 7rem; accent-color: var(--primary-600); }
.painter .zooms { display: flex; gap: .25rem; margin-left: auto; }
.painter .window { overflow: auto; max-height: 72vh; overscroll-behavior: contain; }
.painter .stage { position: relative; width: calc(var(--fit, 100%) * var(--zoom, 1)); margin: 0 auto;
  overflow: hidden; }
.painter [hidden] { display: none; }
.painter .stage img { display: block; width: 100%; max-width: none; margin: 0; }
.painter canvas { position: absolute; inset: 0; width: 100%; height: 100%; opacity: .6; cursor: crosshair;
  touch-action: none; }
.painter .ring { position: absolute; pointer-events: none; border: 1px solid white; border-radius: 50%;
  box-shadow: 0 0 0 1px black; transform: translate(-50%, -50%); }
"""
