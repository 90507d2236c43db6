"""Controls made from a task's record, and the way back from their values to pictures and parameters."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import gradio as gr
from gradio.components import Component
from pydantic.fields import FieldInfo

from demos.components.uploads import PicturesUpload, PictureUpload
from demos.serving import sessions as visits
from engine import Picture
from engine.contracts.errors import PictureError
from engine.contracts.parameters import SEED_LIMIT, Parameters, parse
from engine.contracts.task import Form, PictureInput, Pictures, Task

SLOTS = 8
"""Up to this many pictures of an input have a place each; more of them have a gallery together."""
TEXT_LENGTH = 100
"""Characters of a parameter that is a text."""
RADIO_CHOICES = 4
"""Up to this many choices are shown side by side, more of them in a dropdown."""


class Controls:
    """The input components of one task: pictures first, then parameters; placed by the tab, in any order.

    A component that is not placed by the tab (``upload``, ``control``) does not exist, so every one has to be.
    """

    def __init__(self, task: Form) -> None:
        self.form = task
        self._placed: dict[str, Component] = {}
        self._on_page: dict[str, Any] = {}
        self._names = [*self._upload_names(), *self._control_names()]

    @property
    def task(self) -> Task:
        """The task, where it makes pictures."""
        assert isinstance(self.form, Task)
        return self.form

    def _upload_names(self) -> list[str]:
        return [numbered(each.name, index) for each in self.form.inputs for index in range(slots(each))]

    def _control_names(self) -> list[str]:
        return [name for field in self.form.parameters.model_fields for name in self._names_of(field)]

    def _names_of(self, field: str) -> list[str]:
        """A parameter with one value per picture, or for each of some names, has one control for each."""
        if keys := _keys(self.form.parameters.model_fields[field]):
            return [f"{field}_{key.replace('-', '_')}" for key in keys]
        per = _extra(self.form.parameters.model_fields[field]).get("per")
        if per is None:
            return [field]
        most = next(each.most for each in self.form.inputs if each.name == per)
        return [numbered(field, index) for index in range(most)]

    def upload(self, name: str, index: int = 0, **options: Any) -> Any:
        """Place the upload for a picture, or for all of an input that takes many; ``index`` counts those of one input.

        Returns:
            A :class:`demos.components.uploads.PictureUpload` or a :class:`demos.components.uploads.PicturesUpload`.
        """
        given = next(each for each in self.form.inputs if each.name == name)
        label = given.label if index == 0 else f"{given.label} {index + 1}"
        made: PictureUpload | PicturesUpload
        if slots(given) < given.most:
            made = PicturesUpload(given, label=f"{label}, 1 to {given.most}", **options)
        else:
            made = PictureUpload(given, label=label, **options)
        self._placed[numbered(name, index)] = made
        return made

    def control(self, field: str, index: int = 0, choices: Sequence[str] = ()) -> Component:
        """Place the control of a parameter; ``choices`` are proposals for one that is a text."""
        name = self._names_of(field)[index]
        info, many = self.form.parameters.model_fields[field], len(self._names_of(field)) > 1
        made = _text(info, choices) if info.annotation is str else _component(info, many=many, index=index)
        self._placed[name] = made
        return made

    def share(self, other: Controls) -> None:
        """Take over all components of another task that this one has under the same names."""
        self._placed |= {name: made for name, made in other._placed.items() if name in self._names}
        self._on_page |= {name: made for name, made in other._on_page.items() if name in self._names}

    def stand_in(self, name: str, component: Any) -> None:
        """On the page, take a picture from another component; the endpoint keeps its upload."""
        self._on_page[name] = component

    def missing(self, *, advanced: bool) -> list[str]:
        """:meth:`fields` that have no control yet."""
        return [name for name in self.fields(advanced=advanced) if name not in self._placed]

    def fields(self, *, advanced: bool) -> list[str]:
        """Parameters with one control, of the folded-away kind or not."""
        every = self.form.parameters.model_fields.items()
        return [
            name
            for name, field in every
            if _extra(field)["advanced"] == advanced and not _extra(field)["per"] and not _keys(field)
        ]

    def fields_by_name(self) -> dict[str, int]:
        """Parameters with one control for each of some names, and how many those are."""
        every = self.form.parameters.model_fields.items()
        return {name: len(_keys(field)) for name, field in every if _keys(field)}

    def fields_per(self, name: str) -> list[str]:
        """Parameters with one control for each picture of an input."""
        every = self.form.parameters.model_fields.items()
        return [field for field, info in every if _extra(info)["per"] == name]

    @property
    def uploads(self) -> dict[str, Any]:
        """The components that the page takes pictures from, by name."""
        return {name: self._on_page.get(name, self._placed.get(name)) for name in self._upload_names()}

    @property
    def uploads_placed(self) -> dict[str, Any]:
        """The components that take files, by name, whatever the page takes pictures from."""
        return {name: self._placed[name] for name in self._upload_names()}

    def given(self, name: str) -> PictureInput:
        """The input that an upload belongs to."""
        return next(
            each for each in self.form.inputs for index in range(slots(each)) if numbered(each.name, index) == name
        )

    @property
    def settings(self) -> dict[str, Any]:
        """The parameter components by name."""
        return {name: self._placed[name] for name in self._control_names()}

    @property
    def components(self) -> list[Component]:
        """All of them, in the order of the endpoint's arguments."""
        return [self._placed[name] for name in self._names]

    @property
    def on_page(self) -> list[Any]:
        """The same, as the page's own events take them."""
        return [self._on_page.get(name, self._placed[name]) for name in self._names]

    def __getitem__(self, name: str) -> Component:
        return self._placed[name]

    def described(self) -> dict[str, str]:
        """One sentence about every argument of the endpoint."""
        found = {numbered(each.name, index): each.help for each in self.form.inputs for index in range(slots(each))}
        for field, info in self.form.parameters.model_fields.items():
            found |= dict.fromkeys(self._names_of(field), str(info.description))
        return found

    def signature(self) -> inspect.Signature:
        """Of the endpoint: the components' names; what may be left out has a default."""
        required = {numbered(each.name, index) for each in self.form.inputs for index in range(each.least)}
        values = {name: getattr(self._placed[name], "value", None) for name in self._names}
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature(
            [
                inspect.Parameter(name, kind, default=inspect.Parameter.empty if name in required else values[name])
                for name in values
            ]
        )

    def read(self, values: Sequence[Any]) -> tuple[Pictures, Parameters]:
        """Values of :attr:`components` -> pictures and parameters.

        Raises:
            PictureError: for an upload that was refused.
            ParameterError: for a value that its field does not allow.
        """
        named = dict(zip(self._names, values, strict=True))
        pictures: dict[str, list[Picture]] = {}
        present: dict[str, list[int]] = {}
        for each in self.form.inputs:
            given = [named[numbered(each.name, index)] for index in range(slots(each))]
            for slot in given:
                visits.note(slot)
                if isinstance(slot, PictureError):
                    raise slot
            if slots(each) < each.most:
                given = given[0] or []
            present[each.name] = [index for index, slot in enumerate(given) if slot is not None]
            pictures[each.name] = [given[index] for index in present[each.name]]
        return pictures, self.parameters(named, present)

    def values(self, parameters: Parameters, fields: Collection[str] | None = None) -> dict[str, Any]:
        """The way back: parameters, or some of their fields -> component name -> value, for :attr:`settings`."""
        found: dict[str, Any] = {}
        for field, info in self.form.parameters.model_fields.items():
            if fields is not None and field not in fields:
                continue
            names, value = self._names_of(field), getattr(parameters, field)
            if keys := _keys(info):
                found |= {name: value.get(key, 0) for key, name in zip(keys, names, strict=True)}
            elif _extra(info).get("per") is not None:
                found |= dict(zip(names, value, strict=False))
            else:
                found[names[0]] = list(value) if isinstance(value, tuple) else value
        return found

    def parameters(self, named: Mapping[str, Any], present: Mapping[str, Sequence[int]]) -> Parameters:
        """Parameters from values by component name.

        Args:
            named: component name -> value.
            present: input name -> which of its slots have a picture.

        Raises:
            ParameterError: for a value that its field does not allow.
        """
        loose: dict[str, Any] = {}
        for field, info in self.form.parameters.model_fields.items():
            per = _extra(info).get("per")
            if keys := _keys(info):
                values = {key: named[name] for key, name in zip(keys, self._names_of(field), strict=True)}
                loose[field] = {key: value for key, value in values.items() if value}
            elif per is None:
                loose[field] = named[field]
            else:
                loose[field] = [named[numbered(field, index)] for index in present[per]]
        return parse(self.form.parameters, loose)


def slots(given: PictureInput) -> int:
    """How many components an input has."""
    return given.most if given.most <= SLOTS else 1


def numbered(name: str, index: int) -> str:
    """``style``, ``style_2``, ``style_3``: names of the slots of one input."""
    return name if index == 0 else f"{name}_{index + 1}"


def _extra(field: FieldInfo) -> dict[str, Any]:
    assert isinstance(field.json_schema_extra, dict)
    return dict(field.json_schema_extra)


def _keys(field: FieldInfo) -> tuple[str, ...]:
    """Of a parameter that is a mapping from some names to numbers; else empty."""
    return get_args(get_args(field.annotation)[0]) if get_origin(field.annotation) is dict else ()


def _text(field: FieldInfo, choices: Sequence[str]) -> Component:
    shown: dict[str, Any] = {"label": field.title, "info": field.description, "value": field.default}
    if choices:
        return gr.Dropdown(list(dict.fromkeys([field.default, *choices])), allow_custom_value=True, **shown)
    return gr.Textbox(max_length=TEXT_LENGTH, **shown)


def _component(field: FieldInfo, *, many: bool, index: int) -> Component:
    """The component for a field's type."""
    kind: Any = field.annotation
    shared: dict[str, Any] = {"label": f"{field.title} {index + 1}" if many else field.title, "info": field.description}
    if keys := _keys(field):
        low, high = _bounds(get_args(get_args(kind)[1])[1].metadata)
        return gr.Slider(low, high, value=0, step=0.1, label=keys[index].replace("-", " ").capitalize())
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        if get_origin(inner) is Literal:
            return gr.CheckboxGroup(list(get_args(inner)), value=list(field.default), **shared)
        low, high = _bounds(get_args(inner)[1].metadata)
        return gr.Slider(low, high, value=1.0, step=0.1, **shared)
    if get_origin(kind) is Literal:
        choices = list(get_args(kind))
        chooser = gr.Radio if len(choices) <= RADIO_CHOICES else gr.Dropdown
        return chooser(choices, value=field.default, **shared)
    if kind is bool:
        return gr.Checkbox(value=field.default, **shared)
    low, high = _bounds(field.metadata)
    if high == SEED_LIMIT:
        return gr.Number(value=field.default, minimum=low, maximum=high, precision=0, **shared)
    return gr.Slider(low, high, value=field.default, step=_extra(field)["step"], **shared)


def _bounds(constraints: Sequence[Any]) -> tuple[float, float]:
    """Lowest and highest value of a number's field."""
    low, high = (next(getattr(each, key) for each in constraints if hasattr(each, key)) for key in ("ge", "le"))
    return low, high
