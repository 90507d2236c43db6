"""Theme and style sheet of the page."""

from __future__ import annotations

import gradio as gr

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
    link_text_color_dark="*primary_300",
    link_text_color_visited_dark="*primary_300",
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
.take { display: none !important; }
.has-pictures .inputs:not(:has(.upload img, .upload video)) .take { display: block !important; }
.outcome h2 { margin: 0 !important; font-size: 1.25rem; }
.notes { min-height: 1.25rem; }
.two-lines { min-height: 2.75rem; }
.filled img { width: 100%; height: 100%; object-fit: contain; }
.chart { height: 430px; }
.curves { width: 100%; height: 390px; }
.view { display: grid !important; align-items: start; gap: var(--layout-gap);
  grid-template: "inputs outputs" auto "settings outputs" 1fr / minmax(0, 5fr) minmax(0, 6fr); }
.view > .inputs { grid-area: inputs; }
.view > .settings { grid-area: settings; }
.view > .outputs { grid-area: outputs; position: sticky; top: 0; }
.inputs:has(> .mask-painter .stage:not([hidden])) .upload { height: 110px !important; }
@media (max-width: 900px) {
  .view { grid-template: "inputs" auto "outputs" auto "settings" auto / minmax(0, 1fr); }
  .view > .outputs { position: static; }
}
.curves text { fill: var(--body-text-color-subdued); font-size: 13px; }
.curves .grid { stroke: var(--border-color-primary); stroke-width: 1; }
input:is([type=radio], [type=checkbox], [type=range], [role=listbox], [role=combobox]):focus-visible {
  outline: 2px solid var(--primary-600) !important; outline-offset: 3px; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .875rem; font-variant-numeric: tabular-nums; }
.gallery-mark { display: none; }
.styles .grid-container { grid-template-columns: repeat(auto-fill, minmax(92px, 1fr)) !important; }
.styles .thumbnail-item { outline: 4px solid transparent; outline-offset: -4px; }
.styles .thumbnail-item.selected, .styles .thumbnail-item:hover { border-color: transparent; }
.styles .caption-label, .pairs .caption-label { white-space: normal; inset: auto 0 0 0; max-width: none; margin: 0;
  border-radius: 0; font-size: .72rem; line-height: 1.15; padding: .15rem .3rem; text-align: center; }
@media (max-width: 600px) {
  .run-bar { position: fixed; inset: auto 0 0 0; z-index: 30; flex-wrap: nowrap !important; padding: .5rem 1rem;
    background: var(--body-background-fill); border-top: 1px solid var(--border-color-primary); }
  .run-bar button { min-height: 0 !important; font-size: .95rem; }
  .run-bar button:disabled:not(.run) { display: none; }
  .gradio-container { padding: .5rem .75rem 4.5rem !important; }
  .view .upload { height: 180px !important; }
  .view .outputs .canvas { height: 300px !important; }
  .intro:not(:hover, :focus-within) p { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
    overflow: hidden; }
  .tab-container button { padding-inline: .5rem !important; }
  .inputs:has(> .mask-painter .stage:not([hidden])) .examples { display: none; }
  .styles, .styles .grid-wrap { height: auto !important; max-height: none !important; }
  .styles .grid-wrap { overflow-x: auto !important; }
  .styles .grid-container { grid-template: repeat(2, 92px) / none !important; grid-auto: auto / 92px !important;
    grid-auto-flow: column !important; width: max-content; }
  .curves text { font-size: 26px; }
  .pairs .grid-wrap { overflow-x: auto !important; }
  .pairs .grid-container { grid-template: 112px / none !important; grid-auto: auto / 112px !important;
    grid-auto-flow: column !important; width: max-content; }
  .pairs, .pairs .grid-wrap { height: auto !important; }
}
.tab-container button.selected { color: var(--primary-700) !important; }
.dark .tab-container button.selected { color: var(--primary-200) !important; }
.machine span + span::before { content: " · "; white-space: pre; }
.dark button.secondary:disabled { background: var(--neutral-800) !important; color: var(--neutral-500) !important; }
.history .grid-container { grid-template-columns: repeat(auto-fill, minmax(120px, 1fr)) !important; }
.history .thumbnail-lg, .history .thumbnail-item { max-width: 220px; aspect-ratio: 1; }
.history .caption-label { white-space: normal; font-size: .72rem; line-height: 1.15; }
.away { position: absolute !important; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: .2rem; margin-right: .4rem; }
@media (prefers-reduced-motion: reduce) {
  *, ::before, ::after { animation-duration: .01ms !important; animation-iteration-count: 1 !important;
    transition-duration: .01ms !important; } }
"""
