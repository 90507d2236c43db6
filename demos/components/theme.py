"""Theme, style sheet and the small pieces of HTML that the tabs share."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import gradio as gr

from demos.i18n.language import say, say_html
from engine.runtime.machine import Machine

THEME = gr.themes.Soft(
    primary_hue="indigo", secondary_hue="stone", neutral_hue="stone", radius_size="md", font=["system-ui", "sans-serif"]
).set(
    block_label_background_fill="*background_fill_primary",
    block_label_background_fill_dark="*background_fill_secondary",
    block_label_text_color="*neutral_700",
    block_label_text_color_dark="*neutral_200",
    block_title_background_fill="none",
    block_title_background_fill_dark="none",
    block_title_text_color="*neutral_800",
    block_title_text_color_dark="*neutral_100",
    block_title_padding="0",
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_400",
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_400",
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_dark="*primary_600",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_hover_dark="*primary_500",
    button_primary_text_color="white",
    slider_color="*primary_600",
    checkbox_border_color="*neutral_500",
    checkbox_border_width="1px",
    checkbox_label_border_width="1px",
    checkbox_label_background_fill_selected="*primary_600",
    checkbox_label_background_fill_selected_dark="*primary_600",
    checkbox_background_color_selected="*primary_700",
    checkbox_background_color_selected_dark="*primary_700",
    checkbox_label_border_color="*neutral_300",
    input_border_color="*neutral_400",
    input_border_width="1px",
    block_border_width="1px",
)

CSS = """
.status { min-height: 4.4rem; font-variant-numeric: tabular-nums; }
.status .track { height: .5rem; border-radius: .25rem; background: var(--border-color-primary); overflow: hidden; }
.status .fill { height: 100%; background: var(--primary-600); transition: width .3s linear; }
.status .line { display: flex; justify-content: space-between; gap: 1rem; margin-top: .35rem; }
.status .quiet, .quiet { color: var(--body-text-color-subdued); font-size: .875rem; }
.notes { min-height: 1.25rem; }
.two-lines { min-height: 2.75rem; }
.filled img { width: 100%; height: 100%; object-fit: contain; }
.chart { height: 380px; }
.curves { width: 100%; height: 340px; }
.curves text { fill: var(--body-text-color-subdued); font-size: 13px; }
.curves .grid { stroke: var(--border-color-primary); stroke-width: 1; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .875rem; font-variant-numeric: tabular-nums; }
.styles .caption-label { white-space: normal; inset: auto 0 0 0; max-width: none; margin: 0; border-radius: 0;
  font-size: .72rem; line-height: 1.15; padding: .15rem .3rem; text-align: center; }
@media (max-width: 600px) {
  .styles, .styles .grid-wrap { height: auto !important; max-height: none !important; }
  .styles .grid-container { grid-template-columns: repeat(2, 1fr) !important; }
  .curves text { font-size: 26px; }
  .pairs, .pairs .grid-wrap { height: auto !important; max-height: none !important; }
  .pairs .grid-container { grid-template-columns: repeat(2, 1fr) !important; }
}
.tab-container button.selected { color: var(--primary-700) !important; }
.dark .tab-container button.selected { color: var(--primary-200) !important; }
.machine span + span::before { content: " · "; white-space: pre; }
.cover img { width: 100% !important; height: 100% !important; object-fit: cover !important; }
.dark button.secondary:disabled { background: var(--neutral-800) !important; color: var(--neutral-500) !important; }
.card { max-width: 640px; }
.card h3 { margin-bottom: .1rem; }
.history .grid-container { grid-template-columns: repeat(auto-fill, minmax(120px, 1fr)) !important; }
.history .thumbnail-lg, .history .thumbnail-item { max-width: 220px; aspect-ratio: 1; }
.history .caption-label { white-space: normal; font-size: .72rem; line-height: 1.15; }
.away { position: absolute !important; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: .2rem; margin-right: .4rem; }
"""


def seconds(value: float) -> str:
    """A duration for a person."""
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 600 else f"{round(value / 60)} min"


def status(done: float, stage: str, left: float | None = None, detail: str = "") -> str:
    """Progress of a run: bar, stage, time left, a quiet line. Its height does not change while it runs."""
    percent = round(100 * done)
    remaining = say("about {} left", seconds(left)) if left is not None else ""
    return say_html(
        f'<div class="status" role="progressbar" aria-valuenow="{percent}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-label="progress"><div class="track"><div class="fill" style="width:{percent}%"></div></div>'
        f'<div class="line"><span>{html.escape(stage)}</span><span>{remaining}</span></div>'
        f'<div class="quiet">{html.escape(detail)}&nbsp;</div></div>'
    )


def machine(found: Machine | None) -> str:
    """Device, memory and weights in a line; of one height before and after they are known."""
    if found is None:
        return '<p class="quiet">This machine: ...</p>'
    parts = [html.escape(found.device)]
    if found.memory:
        parts.append(say("{} of {} GB free", round(found.free / 1e9), round(found.memory / 1e9)))
    parts.append(say("{} networks are here", found.shipped))
    if found.cached:
        parts.append(say("{} more were downloaded", found.cached))
    if found.missing:
        size = round(found.missing_bytes / 1e6)
        parts.append(say("{} more come from the Hub when they are chosen ({} MB)", found.missing, size))
    return '<p class="quiet">' + "".join(f"<span>{part}</span>" for part in parts) + "</p>"


def losses(figures: Mapping[str, float]) -> str:
    """The losses in a line."""
    return ", ".join(f"{name} {value:.3g}" for name, value in figures.items())


def _memory(facts: Mapping[str, Any]) -> str:
    return f"{facts['peak_memory_bytes'] / 1e9:.1f} GB"


def finished(facts: Mapping[str, Any]) -> str:
    """The status under a result."""
    width, height = facts["size"]
    verb = "Stopped with the best picture so far after {}, {} x {}" if facts["stopped"] else "Done in {}, {} x {}"
    detail = say("{}, peak {}", facts["device"], _memory(facts))
    if "unfinished" in facts:
        detail = f"{facts['unfinished']} · {detail}"
    for hint in facts.get("hints", ()):
        detail = f"{hint} · {detail}"
    for method, own in facts.get("methods", {}).items():
        detail += f" · {method}: {seconds(own['seconds'])}"
        detail += f", {_memory(own)}" if "peak_memory_bytes" in own else ""
    return status(1.0, say(verb, seconds(facts["seconds"]), width, height), detail=detail)
