"""The control of one parameter, made from its field: slider, radio, dropdown, checkbox, number or text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import gradio as gr
from gradio.components import Component
from pydantic.fields import FieldInfo

from demos.i18n.language import mark
from engine.contracts.messages import Message, declared
from engine.contracts.parameters import SEED_LIMIT

TEXT_LENGTH = 100
"""Characters of a parameter that is a text."""
RADIO_CHOICES = 4
"""Up to this many choices are shown side by side, more of them in a dropdown."""


def extra(field: FieldInfo) -> dict[str, Any]:
    """Details, such as the label, that :func:`engine.contracts.parameters.option` keeps with a field."""
    assert isinstance(field.json_schema_extra, dict)
    return dict(field.json_schema_extra)


def keys_of(field: FieldInfo) -> tuple[str, ...]:
    """The names of a parameter that is a mapping from some names to numbers; of any other, none."""
    return get_args(get_args(field.annotation)[0]) if get_origin(field.annotation) is dict else ()


def text_control(field: FieldInfo, proposals: Sequence[str]) -> Component:
    """The control of a parameter that is a text, with proposals for it or none."""
    shown: dict[str, Any] = {**_named(field), "value": field.default}
    if proposals:
        choices = [(_choice(each), each) for each in dict.fromkeys([field.default, *proposals])]
        return gr.Dropdown(choices, allow_custom_value=True, **shown)
    return gr.Textbox(max_length=TEXT_LENGTH, **shown)


def control_of(
    field: FieldInfo, *, several: bool, index: int, titles: Mapping[str, Message] | None = None
) -> Component:
    """The control for a field's type.

    Args:
        field: of the parameter.
        several: whether it has several controls, one for each picture or name.
        index: which of them this is, from 0.
        titles: what its choices are called, where their names do not say it.
    """
    kind: Any = field.annotation
    shared = _named(field, index + 1 if several else None)
    if keys := keys_of(field):
        low, high = _bounds(get_args(get_args(kind)[1])[1].metadata)
        label = mark(declared(keys[index].replace("-", " ").capitalize()))
        return gr.Slider(low, high, value=0, step=0.1, label=label)
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        if get_origin(inner) is Literal:
            return gr.CheckboxGroup(_choices(inner, titles or {}), value=list(field.default), **shared)
        low, high = _bounds(get_args(inner)[1].metadata)
        return gr.Slider(low, high, value=1.0, step=0.1, **shared)
    if get_origin(kind) is Literal:
        chooser = gr.Radio if len(get_args(kind)) <= RADIO_CHOICES else gr.Dropdown
        return chooser(_choices(kind, titles or {}), value=field.default, **shared)
    if kind is bool:
        return gr.Checkbox(value=field.default, **shared)
    low, high = _bounds(field.metadata)
    if high == SEED_LIMIT:
        return gr.Number(value=field.default, minimum=low, maximum=high, precision=0, **shared)
    return gr.Slider(low, high, value=field.default, step=extra(field)["step"], **shared)


def _named(field: FieldInfo, number: int | None = None) -> dict[str, Any]:
    label = declared(str(field.title))
    if number is not None:
        label = Message("{label} {number}", label=label, number=number)
    return {"label": mark(label), "info": mark(declared(str(field.description)))}


def _choices(literal: Any, titles: Mapping[str, Message]) -> list[tuple[Any, Any]]:
    return [(mark(titles[each]) if each in titles else _choice(each), each) for each in get_args(literal)]


def _choice(value: Any) -> Any:
    return mark(declared(value)) if isinstance(value, str) and value else str(value)


def _bounds(constraints: Sequence[Any]) -> tuple[float, float]:
    """Lowest and highest value of a number's field."""
    low, high = (next(getattr(each, key) for each in constraints if hasattr(each, key)) for key in ("ge", "le"))
    return low, high
