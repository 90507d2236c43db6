"""The page's own manners: pictures that replace pictures, a result that comes into sight when *Run* is pressed, and Run
itself by Ctrl and Enter: by Tab alone it may be sixty presses away.

Gradio's upload of a picture takes a file only while it is empty: its button does nothing on a loaded one, and a file
that is dropped there is opened by the browser instead of the page (6.31).
"""

from __future__ import annotations

SCRIPT = """<script>(() => {
  const UPLOAD = '[data-testid=image]:has(input[type=file])';
  const give = (upload, files) => {
    const input = upload.querySelector('input[type=file]'), pictures = new DataTransfer();
    const file = [...files].find((each) => each.type.startsWith('image/') || !each.type);
    if (!input || !file) return false;
    pictures.items.add(file);
    input.files = pictures.files;
    input.dispatchEvent(new Event('change', {bubbles: true}));
    return true;
  };
  const at = (event) => event.target instanceof Element ? event.target.closest(UPLOAD) : null;
  const loaded = (upload) => upload.querySelector('.image-frame img');
  document.addEventListener('click', (event) => {
    const upload = at(event), button = upload && event.target.closest('.source-selection button');
    if (!button || button !== button.parentElement.firstElementChild || !loaded(upload)) return;
    event.stopPropagation();
    upload.querySelector('input[type=file]').click();
  }, true);
  document.addEventListener('dragover', (event) => { if (at(event)) event.preventDefault(); }, true);
  document.addEventListener('drop', (event) => {
    const upload = at(event);
    if (!upload || !loaded(upload) || !event.dataTransfer.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    give(upload, event.dataTransfer.files);
  }, true);
  let over = null;
  document.addEventListener('pointerover', (event) => { over = at(event); }, true);
  document.addEventListener('paste', (event) => {
    const files = (event.clipboardData || {}).files || [];
    if (!files.length || /^(INPUT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== 'file') return;
    const seen = [...document.querySelectorAll(UPLOAD)].filter((each) => each.checkVisibility());
    const upload = [at(event), over, seen.find((each) => !loaded(each)), seen[0]].find((each) => seen.includes(each));
    if (upload && give(upload, files)) event.preventDefault();
  });
  document.addEventListener('load', (event) => {
    if (event.target.matches && event.target.matches('.upload img')) document.body.classList.add('has-pictures');
  }, true);
  document.addEventListener('loadeddata', (event) => {
    if (event.target.matches && event.target.matches('.upload video')) document.body.classList.add('has-pictures');
  }, true);
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.repeat) return;
    const run = [...document.querySelectorAll('button.run')].find((each) => each.checkVisibility());
    if (!run || run.disabled) return;
    event.preventDefault();
    document.activeElement.blur();  // a number that is being typed counts when its field is left
    run.focus();
    setTimeout(() => run.click(), 50);
  });
  document.addEventListener('click', (event) => {
    const run = event.target instanceof Element && event.target.closest('button.run');
    const canvas = run && [...document.querySelectorAll('.canvas')].find((each) => each.checkVisibility());
    if (!canvas) return;
    const {top, bottom} = canvas.getBoundingClientRect();
    if (top < 0 || bottom > window.innerHeight) canvas.scrollIntoView({block: 'center', behavior: 'smooth'});
  });
})();</script>"""
"""For the head of the page. A picture is pasted into the upload that is pointed at, else into the first empty one."""
