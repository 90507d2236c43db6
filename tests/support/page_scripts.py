"""JavaScript that looks at a whole page: what can be read, what has a name, which texts there are."""

from __future__ import annotations

CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const linear = (v) => v / 255 <= .03928 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4;
  const light = (c) => .2126 * linear(c[0]) + .7152 * linear(c[1]) + .0722 * linear(c[2]);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const c = parse(getComputedStyle(node).backgroundColor);
      if (c.length === 3 || (c.length === 4 && c[3] > .9)) return c.slice(0, 3);
      if (c.length === 4 && c[3] > 0) return null;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll('h1, h2, h3, p, label span, button, .status span, a')) {
    if (!node.innerText?.trim() || !node.checkVisibility() || node.closest('[disabled], .disabled, .hide')) continue;
    const style = getComputedStyle(node), back = ground(node);
    if (!back || style.opacity < 1 || style.backgroundImage !== 'none') continue;
    const [one, other] = [light(parse(style.color).slice(0, 3)), light(back)];
    const ratio = (Math.max(one, other) + .05) / (Math.min(one, other) + .05);
    const large = parseFloat(style.fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5)) poor.push(`${node.innerText.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return poor;
}"""
"""Texts that are too pale for their ground, each with its contrast."""
NAMELESS = """() => [...document.querySelectorAll(
    'button, input:not([type=file]):not([type=hidden]), textarea, select, img')]
  .filter((node) => node.checkVisibility()).filter((node) => node.tagName === 'IMG' ? !node.hasAttribute('alt') :
    !(node.innerText?.trim() || node.getAttribute('aria-label') || node.title || node.labels?.length ||
      node.getAttribute('aria-labelledby') || node.querySelector('img[alt]') || node.closest('label')))
  .map((node) => node.outerHTML.slice(0, 120))"""
"""Controls and pictures that a screen reader could not name."""
TEXTS = """() => {
  const texts = new Set();
  const walker = document.createTreeWalker(document.querySelector('.gradio-container'), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement, text = walker.currentNode.nodeValue.replace(/\\s+/g, ' ').trim();
    if (text && node.checkVisibility() && !node.closest('code, .cm-editor, .json-holder, .away')) texts.add(text);
  }
  return [...texts];
}"""
"""All texts that are seen now, but for those that are for programs."""
STILL = """() => document.getAnimations().every((each) =>
  each.playState !== 'running' || each.effect?.getTiming().iterations === Infinity)"""
"""Whether nothing moves or changes its colour any more."""
