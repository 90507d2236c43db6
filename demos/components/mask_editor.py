"""Painting a mask on a picture: brush, eraser and box, with undo.

Why not ``gr.ImageEditor``: it forgets what was painted as soon as one event has read it, and draws a layer that the
server puts into it (a proposal, a file) in another place, where the eraser does not reach it (measured with 6.31). Here
the mask is one small PNG, which the page keeps and every event can read.
"""

from __future__ import annotations

import base64
import binascii
import io
from typing import Any

import gradio as gr
import numpy
from PIL import Image

from demos.components.events import shown_errors
from demos.components.uploads import Upload
from demos.i18n.language import in_template
from engine import PentimentoError, Picture, open_picture
from engine.contracts.errors import MaskError, PictureError
from engine.contracts.messages import Message
from engine.imaging.masks import mask_of
from engine.video.video import Video

SIDE = 1024
"""Longer side in pixels of the picture that is painted on; the mask grows to the picture's own size afterwards."""
COLOUR = (255, 32, 144, 255)
"""Colour of the mask, RGBA; the page shows it half transparent."""
LONGEST = 4_000_000
"""Characters of a mask that is taken from a page."""
_START = "data:image/png;base64,"

WORDS = {
    "group": Message("painter of the mask"),
    "brush": Message("Brush"),
    "eraser": Message("Eraser"),
    "box": Message("Box"),
    "size": Message("Size"),
    "brush-size": Message("size of the brush"),
    "undo": Message("Undo"),
    "invert": Message("Invert"),
    "clear": Message("Clear"),
    "picture": Message("the picture to paint on"),
}
"""Words of the editor by their names in :data:`TEMPLATE`."""
FOREIGN = Message("This mask was not painted here.")
PROMPT = Message("Choose a picture, then paint over what should go.")
TEMPLATE = """
<div class="painter" tabindex="0" role="group" data-label="group">
  <div class="tools" role="toolbar">
    <button type="button" data-tool="brush" aria-pressed="true" data-say="brush"></button>
    <button type="button" data-tool="eraser" aria-pressed="false" data-say="eraser"></button>
    <button type="button" data-tool="box" aria-pressed="false" data-say="box"></button>
    <label><span data-say="size"></span>
      <input class="size" type="range" min="2" max="200" value="40" data-label="brush-size"></label>
    <button type="button" data-do="undo" data-say="undo"></button>
    <button type="button" data-do="invert" data-say="invert"></button>
    <button type="button" data-do="clear" data-say="clear"></button>
  </div>
  <p class="empty quiet" data-say="prompt"></p>
  <div class="stage" hidden><img data-label="picture" draggable="false"><canvas></canvas>
    <div class="ring" hidden></div></div>
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
const remember = () => { undo.push(snapshot()); if (undo.length > 12) undo.shift(); };
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
const follow = (event) => {
  const box = at('.stage').getBoundingClientRect(), size = at('.size').value;
  ring.hidden = seen.tool === 'box' || event.type === 'pointerleave';
  Object.assign(ring.style, {width: size + 'px', height: size + 'px',
    left: event.clientX - box.left + 'px', top: event.clientY - box.top + 'px'});
};
canvas.addEventListener('pointerdown', (event) => {
  if (event.button) return;
  canvas.setPointerCapture(event.pointerId);
  remember();
  seen.before = undo[undo.length - 1];
  seen.from = place(event);
  paint(seen.from, seen.from);
});
canvas.addEventListener('pointermove', (event) => {
  follow(event);
  if (!seen.from) return;
  for (const each of event.getCoalescedEvents ? [...event.getCoalescedEvents(), event] : [event]) {
    const to = place(each);
    paint(seen.from, to);
    if (seen.tool !== 'box') seen.from = to;
  }
});
canvas.addEventListener('pointerleave', follow);
for (const name of ['pointerup', 'pointercancel']) canvas.addEventListener(name, () => {
  if (seen.from) { seen.from = null; commit(); }
});
const back = () => { if (undo.length) { brush.putImageData(undo.pop(), 0, 0); commit(); } };
const tasks = {
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
  const tool = {b: 'brush', e: 'eraser', r: 'box'}[event.key];
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
      at('.stage').hidden = false;
      if (given.mask) draw(given.mask);
    };
    picture.src = given.picture;
  } else if (given.mask !== undefined && canvas.width) {
    remember();
    if (given.mask) draw(given.mask); else brush.clearRect(0, 0, canvas.width, canvas.height);
  }
};
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
.painter .stage { position: relative; width: fit-content; max-width: 100%; margin: 0 auto; overflow: hidden; }
.painter .stage[hidden], .painter .empty[hidden], .painter .ring[hidden] { display: none; }
.painter .stage img { display: block; max-width: 100%; max-height: 460px; margin: 0; }
.painter canvas { position: absolute; inset: 0; width: 100%; height: 100%; opacity: .6; cursor: crosshair;
  touch-action: none; }
.painter .ring { position: absolute; pointer-events: none; border: 1px solid white; border-radius: 50%;
  box-shadow: 0 0 0 1px black; transform: translate(-50%, -50%); }
"""


class MaskEditor(gr.HTML):
    """Gives handlers the painted mask as an upload: white where something is painted, None where nothing is.

    Args:
        prompt: stands in its place until there is a picture.
    """

    def __init__(self, prompt: Message = PROMPT, **options: Any) -> None:
        fixed = {
            "value": None,
            "html_template": TEMPLATE,
            "js_on_load": in_template({**WORDS, "prompt": prompt}) + SCRIPT,
            "elem_classes": ["mask-painter"],
        }
        super().__init__(**{**options, **fixed})
        # Gradio sends attributes named as arguments; for a missing one that the script names, it makes an event (6.31).
        self.prompt = str(prompt)

    def postprocess(self, value: Any) -> Any:
        """As :func:`picture_shown` and :func:`mask_shown` make it."""
        return value

    def preprocess(self, payload: Any) -> Upload:  # type: ignore[override]
        """The mask, the reason why there is none, or nothing."""
        sent = payload.get("mask") if isinstance(payload, dict) else None
        if not sent:
            return None
        try:
            marked = _painted(sent)
        except PictureError as refusal:
            return refusal
        return as_mask(marked) if marked.any() else None


def _painted(sent: Any) -> numpy.ndarray:
    """``(H, W)`` bool from a page's data URL.

    Raises:
        PictureError: it is none, or too long.
    """
    if not isinstance(sent, str) or not sent.startswith(_START) or len(sent) > LONGEST:
        raise MaskError(FOREIGN)
    try:
        data = base64.b64decode(sent.removeprefix(_START), validate=True)
    except binascii.Error:
        raise MaskError(FOREIGN) from None
    layer = open_picture(data, working_pixels=SIDE * SIDE, raster=True)
    alpha = layer.raster.alpha if layer.raster else None
    return numpy.ones(layer.size[::-1], numpy.bool_) if alpha is None else alpha > 127


def as_mask(marked: numpy.ndarray) -> Picture:
    """``(H, W)`` bool -> white on black."""
    return Picture(Image.fromarray(numpy.where(marked, 255, 0).astype(numpy.uint8)).convert("RGB"))


def marked_in(mask: Upload, size: tuple[int, int]) -> numpy.ndarray:
    """``(H, W)`` bool: a painted mask at another size (width, height); all False for none."""
    return mask_of(mask, size) if isinstance(mask, Picture) else numpy.zeros(size[::-1], numpy.bool_)


def picture_shown(picture: Upload) -> tuple[dict[str, str], tuple[int, int] | None]:
    """Value of a :class:`MaskEditor` with a picture and nothing painted; the size that is painted at."""
    if not isinstance(picture, Picture):
        return {"picture": "", "mask": ""}, None
    shown = picture.image.copy()
    shown.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    stream = io.BytesIO()
    shown.save(stream, "JPEG", quality=90)
    return {"picture": "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode(), "mask": ""}, shown.size


def mask_shown(marked: numpy.ndarray) -> dict[str, str]:
    """Value of a :class:`MaskEditor` that keeps its picture and shows another mask, ``(H, W)`` bool."""
    layer = Image.new("RGBA", (marked.shape[1], marked.shape[0]))
    layer.paste(COLOUR, (0, 0), Image.fromarray(marked))
    stream = io.BytesIO()
    layer.save(stream, "PNG")
    return {"mask": _START + base64.b64encode(stream.getvalue()).decode()}


def united(painted: Upload, size: tuple[int, int] | None, more: Upload) -> tuple[Any, Any]:
    """Unite the painted mask with one from a file: the editor's new value, and None, which empties the upload.

    Raises:
        gr.Error: the file is no usable mask.
    """
    if size is None or more is None or isinstance(more, Video):
        return gr.skip(), gr.skip()
    with shown_errors():
        if isinstance(more, PentimentoError):
            raise more
        return mask_shown(marked_in(painted, size) | mask_of(more, size)), None
