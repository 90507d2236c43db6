"""Parameters from loose values, and what is said about the first one that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from engine import TASKS
from engine.contracts.errors import ParameterError, UnknownNameError
from engine.contracts.messages import Listing
from engine.contracts.parameters import parse
from engine.tasks.style_v1 import StyleV1


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"size": 32}, {"parameter": "size", "low": 64}),
        ({"size": 9999}, {"parameter": "size", "high": 2048}),
        ({"size": "large"}, {"parameter": "size"}),
        ({"size": 64.5}, {"parameter": "size"}),
        ({"iteration": 5}, {"parameter": "iteration", "nearest": "iterations"}),
        ({"xyzzy": 5}, {"parameter": "xyzzy", "known": Listing(list(StyleV1.model_fields))}),
        ({"x" * 5000: 5}, {"parameter": "x" * 60, "known": Listing(list(StyleV1.model_fields))}),
        ({"colours": "loud"}, {"parameter": "colours", "choices": "'painting', 'photo' or 'matched'"}),
        ({"style_layers": ()}, {"parameter": "style_layers"}),
        ({"style_weights": (-1.0, 2.0)}, {"parameter": "style_weights", "low": 0}),
        ({"style_weights": (float("nan"),)}, {"parameter": "style_weights"}),
        ({"balance": float("nan")}, {"parameter": "balance"}),
    ],
)
def test_a_wrong_parameter_is_one_sentence(values: dict[str, Any], fields: dict[str, Any]) -> None:
    with pytest.raises(ParameterError) as refusal:
        parse(StyleV1, values)
    assert refusal.value.fields == fields
    sentence = str(refusal.value)
    assert fields["parameter"] in sentence
    assert "\n" not in sentence


def test_right_values_are_taken() -> None:
    parameters = parse(StyleV1, {"size": 320, "colours": "photo"})
    assert (parameters.size, parameters.colours) == (320, "photo")
    assert parameters.model_fields_set == {"size", "colours"}


def test_an_unknown_task_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as refusal:
        TASKS["style_v1"]
    assert refusal.value.fields["name"] == "style_v1"
    assert refusal.value.fields["nearest"] == "style-v1"
