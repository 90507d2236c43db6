"""Controls made from a task's record, and the way back from their values to inputs and parameters."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gradio.components import Component

from demos.components.parameter_controls import control_of, extra, keys_of, text_control
from demos.components.uploads import upload_for
from demos.i18n.language import mark
from demos.serving.site import Site
from engine import PentimentoError
from engine.contracts.messages import Message
from engine.contracts.parameters import Parameters, parse
from engine.contracts.task import Inputs, InputSpec, TaskSpec

SLOTS = 8
"""Up to this many pictures of an input have a place each; more of them have a gallery together."""


class Controls:
    """The input components of one task: uploads first, then parameters; placed by the view, in any order.

    A component that is not placed (``upload``, ``control``) does not exist, so every one has to be.

    Args:
        task: whose record they are made from.
        site: whose sessions own what is uploaded.
        quick: see :attr:`demos.tabs.records.ViewSpec.quick`.
    """

    def __init__(self, task: TaskSpec, site: Site, quick: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.task, self.site, self._quick = task, site, quick or {}
        self._placed: dict[str, Any] = {}
        self._on_page: dict[str, Any] = {}
        self._fields = task.parameters.model_fields
        self.names = [*self._upload_names(later=False), *self._control_names(), *self._upload_names(later=True)]
        """Names of the endpoint's arguments, in their order: what came later follows, for programs give values by
        position."""

    def _upload_names(self, *, later: bool | None = None) -> list[str]:
        """Names of all uploads, or of those for inputs that came later or did not."""
        inputs = [each for each in self.task.inputs if later is None or each.later == later]
        return [slot_name(each.name, index) for each in inputs for index in range(slots(each))]

    def _control_names(self) -> list[str]:
        return [name for field in self._fields for name in self._names_of(field)]

    def _names_of(self, field: str) -> list[str]:
        """A parameter with one value per picture, or for each of some names, has one control for each."""
        if keys := keys_of(self._fields[field]):
            return [f"{field}_{key.replace('-', '_')}" for key in keys]
        per = extra(self._fields[field]).get("per")
        if per is None:
            return [field]
        return [slot_name(field, index) for index in range(self.task.input(per).most)]

    def upload(self, name: str, index: int = 0, **options: Any) -> Any:
        """Place the upload for an input, or for all of one that takes many; ``index`` counts those of one input."""
        spec = self.task.input(name)
        together = slots(spec) < spec.most
        label = spec.label if index == 0 else Message("{label} {number}", label=spec.label, number=index + 1)
        if together:
            label = Message("{label}, 1 to {most}", label=label, most=spec.most)
        component = upload_for(spec, together=together, label=mark(label), **options)
        self._placed[slot_name(name, index)] = component
        return component

    def control(self, field: str, index: int = 0, proposals: Sequence[str] = ()) -> Component:
        """Place the control of a parameter; ``proposals`` are for one that is a text."""
        names, info = self._names_of(field), self._fields[field]
        if info.annotation is str:
            component = text_control(info, proposals)
        else:
            titles = self.task.parameters.titles.get(field)
            component = control_of(info, several=len(names) > 1, index=index, titles=titles)
        self._placed[names[index]] = component
        return component

    def share(self, other: Controls) -> None:
        """Take over all components of another task that this one has under the same names."""
        self._placed |= {name: each for name, each in other._placed.items() if name in self.names}
        self._on_page |= {name: each for name, each in other._on_page.items() if name in self.names}

    def stand_in(self, name: str, component: Any) -> None:
        """On the page, take a picture from another component; the endpoint keeps its upload."""
        self._on_page[name] = component

    def placed(self, name: str) -> bool:
        """Whether there is a component of this name yet."""
        return name in self._placed

    def fields(self, *, advanced: bool) -> list[str]:
        """Parameters with one control, of the folded-away kind or not, that have none yet."""
        return [
            name
            for name, field in self._fields.items()
            if extra(field)["advanced"] == advanced
            and not extra(field)["per"]
            and not keys_of(field)
            and name not in self._placed
        ]

    def fields_by_name(self) -> dict[str, int]:
        """Parameters with one control for each of some names, and how many those are."""
        return {name: len(keys_of(field)) for name, field in self._fields.items() if keys_of(field)}

    def fields_per(self, name: str) -> list[str]:
        """Parameters with one control for each picture of an input."""
        return [field for field, info in self._fields.items() if extra(info)["per"] == name]

    @property
    def uploads(self) -> dict[str, Any]:
        """The components that the page takes inputs from, by name."""
        return {name: self._on_page.get(name, self._placed.get(name)) for name in self._upload_names()}

    @property
    def upload_components(self) -> dict[str, Any]:
        """The components that take files, by name, whatever the page takes inputs from."""
        return {name: self._placed[name] for name in self._upload_names()}

    def input_of(self, upload: str) -> InputSpec:
        """The input that an upload belongs to."""
        names = {slot_name(each.name, index): each for each in self.task.inputs for index in range(slots(each))}
        return names[upload]

    @property
    def settings(self) -> dict[str, Any]:
        """The parameter components by name."""
        return {name: self._placed[name] for name in self._control_names()}

    @property
    def components(self) -> list[Component]:
        """All of them, in the order of the endpoint's arguments."""
        return [self._placed[name] for name in self.names]

    @property
    def on_page(self) -> list[Any]:
        """The same, as the page's own events take them."""
        return [self._on_page.get(name, self._placed[name]) for name in self.names]

    def __getitem__(self, name: str) -> Any:
        return self._placed[name]

    def describe_arguments(self) -> dict[str, str]:
        """One sentence about every argument of the endpoint, in English."""
        sentences = {
            slot_name(each.name, index): str(each.help) for each in self.task.inputs for index in range(slots(each))
        }
        for field, info in self._fields.items():
            sentences |= dict.fromkeys(self._names_of(field), str(info.description))
        return sentences

    def signature(self) -> inspect.Signature:
        """Signature of the endpoint: the components' names; what may be left out has a default."""
        required = {slot_name(each.name, index) for each in self.task.inputs for index in range(each.least)}
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = []
        for name in self.names:
            default = inspect.Parameter.empty if name in required else getattr(self._placed[name], "value", None)
            parameters.append(inspect.Parameter(name, kind, default=default))
        return inspect.Signature(parameters)

    def read_on_page(self, values: Sequence[Any]) -> tuple[Inputs, Parameters]:
        """As :meth:`read`, with what the page does at first because it is quick."""
        inputs, parameters = self.read(values)
        return inputs, self.quick(parameters)

    def quick(self, parameters: Parameters) -> Parameters:
        """What the page does at first; see :attr:`demos.tabs.records.ViewSpec.quick`."""
        changed = {field: instead.get(getattr(parameters, field)) for field, instead in self._quick.items()}
        return parameters.model_copy(update={field: value for field, value in changed.items() if value is not None})

    def read(self, values: Sequence[Any]) -> tuple[Inputs, Parameters]:
        """In a handler: values of :attr:`components` -> inputs and parameters.

        Raises:
            PictureError: for an upload that was refused.
            ParameterError: for a value that its field does not allow.
        """
        named = dict(zip(self.names, values, strict=True))
        inputs: dict[str, list[Any]] = {}
        present: dict[str, list[int]] = {}
        for spec in self.task.inputs:
            media = [named[slot_name(spec.name, index)] for index in range(slots(spec))]
            for each in media:
                if isinstance(each, PentimentoError):
                    raise each
            if slots(spec) < spec.most:
                media = media[0] or []
            present[spec.name] = [index for index, each in enumerate(media) if each is not None]
            inputs[spec.name] = [media[index] for index in present[spec.name]]
        return inputs, self.parameters(named, present)

    def values(self, parameters: Parameters, fields: Collection[str] | None = None) -> dict[str, Any]:
        """The way back: parameters, or some of their fields -> component name -> value, for :attr:`settings`."""
        values: dict[str, Any] = {}
        for field, info in self._fields.items():
            if fields is not None and field not in fields:
                continue
            names, value = self._names_of(field), getattr(parameters, field)
            if keys := keys_of(info):
                values |= {name: value.get(key, 0) for key, name in zip(keys, names, strict=True)}
            elif extra(info).get("per") is not None:
                values |= dict(zip(names, value, strict=False))
            else:
                values[names[0]] = list(value) if isinstance(value, tuple) else value
        return values

    def parameters(self, named: Mapping[str, Any], present: Mapping[str, Sequence[int]]) -> Parameters:
        """Parameters from values by component name.

        Args:
            named: component name -> value.
            present: input name -> which of its slots have a picture.

        Raises:
            ParameterError: for a value that its field does not allow.
        """
        loose: dict[str, Any] = {}
        for field, info in self._fields.items():
            per = extra(info).get("per")
            if keys := keys_of(info):
                values = {key: named[name] for key, name in zip(keys, self._names_of(field), strict=True)}
                loose[field] = {key: value for key, value in values.items() if value}
            elif per is None:
                loose[field] = named[field]
            else:
                loose[field] = [named[slot_name(field, index)] for index in present[per]]
        return parse(self.task.parameters, loose)


def slots(spec: InputSpec) -> int:
    """How many components an input has."""
    return spec.most if spec.most <= SLOTS else 1


def slot_name(name: str, index: int) -> str:
    """``style``, ``style_2``, ``style_3``: names of the slots of one input."""
    return name if index == 0 else f"{name}_{index + 1}"
