"""Recipes that pictures bring along, which anybody may have written."""

from __future__ import annotations

import json

import pytest

from engine.contracts.lineage import DEEPEST, made_from, parsed_json


@pytest.mark.parametrize(
    "text",
    [
        '{"task": "style-v2", "parameters": {"a": "\\ud800"}}',  # half of a pair
        '{"task": "style-v2", "parameters": {"a": 18446744073709551616}}',  # more than 64 bits
        '{"task": "style-v2", "parameters": {"a": -9223372036854775809}}',
        '{"task": "style-v2", "parameters": ' + "[" * 300 + "]" * 300 + "}",
        '{"task": "style-v2", "parameters": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"task": "style-v2\ud800"}',
        "{",
    ],
)
def test_what_could_not_be_written_again_is_left_out(text: str) -> None:
    assert parsed_json(text) is None
    assert made_from(text) is None


def test_what_can_is_kept() -> None:
    recipe = {"task": "style-v2", "parameters": {"size": 2**62, "name": "猫 \U0001f408"}}
    assert made_from(json.dumps(recipe)) == recipe
    nested = "[" * DEEPEST + "]" * DEEPEST
    assert parsed_json(nested) is not None
