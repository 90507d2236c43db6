"""The base of every task's parameters: one frozen object feeds sliders, command line, API schema and error messages."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.config import JsonDict

from engine.contracts.errors import ParameterError
from engine.contracts.messages import Listing, Message, declared

SEED_LIMIT = 2**31 - 1


_ABSENT = object()


class Parameters(BaseModel):
    """Parameters of a task: frozen, keyword-only; range, default and one sentence in each field."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Name -> values that differ from the defaults, for the buttons above the sliders."""
    titles: ClassVar[Mapping[str, Mapping[str, Message]]] = {}
    """Parameter -> choice -> what it is called for a person, where its name does not say what it is for."""
    earlier: ClassVar[Mapping[str, Any]] = {}
    """Parameter -> what runs did before it existed: a recipe that does not name it was made by an earlier version."""

    def told(self) -> dict[str, Any]:
        """JSON-ready values, as an earlier version would have told the same: without what it did anyway."""
        values = self.model_dump(mode="json")
        return {name: value for name, value in values.items() if self.earlier.get(name, _ABSENT) != value}

    @classmethod
    def remembered(cls, name: str) -> bool:
        """Whether links and recipes restore a parameter; true of one that does not exist, which is refused later."""
        extra = cls.model_fields[name].json_schema_extra if name in cls.model_fields else None
        return not (isinstance(extra, dict) and extra.get("asked"))


P = TypeVar("P", bound=Parameters)


def preset_label(kind: type[Parameters], name: str) -> Message:
    """Name of a preset, with the size of its result where presets differ in it."""
    default = kind.model_fields["size"].default if "size" in kind.model_fields else None
    sizes = {each: values.get("size", default) for each, values in kind.presets.items()}
    if not sizes[name] or len(set(sizes.values())) == 1:
        return declared(name)
    return Message("{preset}: {pixels} px", preset=declared(name), pixels=sizes[name])


def option(
    default: Any,
    *,
    label: str,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    advanced: bool = False,
    least: int | None = None,
    most: int | None = None,
    per: str | None = None,
    asked: bool = False,
) -> Any:
    """A field of a parameters class.

    Args:
        default: value when nothing is given.
        label: short name for a person.
        low: smallest value allowed.
        high: largest value allowed.
        step: how far a slider moves at a time; values between are allowed.
        advanced: whether the control is folded away at first.
        least: smallest number of items, for a tuple.
        most: largest number of items, for a tuple.
        per: name of the input for each of whose pictures a tuple has one value.
        asked: whether a person has to be asked every time, so that no link and no recipe may set it.
    """
    extra: JsonDict = {"step": step, "advanced": advanced, "per": per, "asked": asked}
    return Field(default, title=label, ge=low, le=high, min_length=least, max_length=most, json_schema_extra=extra)


def parse(kind: type[P], values: Mapping[str, Any]) -> P:
    """Parameters from loose values (a form, a command line, JSON).

    Raises:
        ParameterError: with one sentence about the first value that is wrong.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        raise ParameterError(_sentence(kind, error)) from None


def _sentence(kind: type[Parameters], error: ValidationError) -> Message:
    first = error.errors()[0]
    name = str(first["loc"][0])[:60] if first["loc"] else "parameters"
    limits = first.get("ctx", {})
    match first["type"]:
        case "extra_forbidden":
            return _unknown(kind, name)
        case "too_short":
            return Message("{parameter}: please choose at least one.", parameter=name)
        case "greater_than_equal":
            low = limits["ge"]
            return Message("{parameter}: the value should be greater than or equal to {low}.", parameter=name, low=low)
        case "less_than_equal":
            high = limits["le"]
            return Message("{parameter}: the value should be less than or equal to {high}.", parameter=name, high=high)
        case "literal_error":
            choices = limits["expected"]
            return Message("{parameter}: the value should be {choices}.", parameter=name, choices=choices)
        case "int_parsing" | "int_type" | "int_from_float":
            return Message("{parameter}: the value should be a valid integer.", parameter=name)
        case "float_parsing" | "float_type" | "finite_number":
            return Message("{parameter}: the value should be a valid number.", parameter=name)
    return Message("{parameter}: the value is not understood ({problem}).", parameter=name, problem=first["type"])


def _unknown(kind: type[Parameters], name: str) -> Message:
    near = difflib.get_close_matches(name, kind.model_fields, n=1)
    if near:
        return Message(
            "There is no parameter {parameter!r}; did you mean {nearest!r}?", parameter=name, nearest=near[0]
        )
    known = Listing(list(kind.model_fields))
    return Message("There is no parameter {parameter!r}; there are {known}.", parameter=name, known=known)
