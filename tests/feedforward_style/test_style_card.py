"""A style that was taught travels in a picture's recipe; a damaged card is refused."""

from __future__ import annotations

import json

import pytest

from engine.contracts.errors import PictureError
from engine.feedforward_style import style_card
from engine.feedforward_style.style_card import TaughtStyle


def test_a_style_travels_in_a_recipe() -> None:
    style = TaughtStyle([0.5, -1.25, 3.0], "abc")
    again = style_card.read(json.dumps({"task": "teach-style", **style_card.recipe_values(style)}))
    assert again == style
    assert style_card.read(None) is None
    for other in (
        '{"task": "style-v1"}',
        '{"parameters": {"of": "style"}}',
        '{"style": 3}',
        '["style"]',
        '{"style": ',
        "style",
    ):
        assert style_card.read(other) is None


@pytest.mark.parametrize(
    "recipe",
    [
        '{"style": {"numbers": "%%%", "network": "x"}}',
        '{"style": {"numbers": "AHwAfA==", "network": "x"}}',  # infinities
        '{"style": {"numbers": 3, "network": "x"}}',
        '{"style": {"numbers": ""}}',
        json.dumps({"style": {"numbers": "AAAA" * 200_000, "network": "x"}}),
    ],
)
def test_a_damaged_card_is_refused_with_one_sentence(recipe: str) -> None:
    with pytest.raises(PictureError) as refusal:
        style_card.read(recipe)
    assert refusal.value.message == style_card.DAMAGED
