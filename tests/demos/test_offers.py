"""What an offer on a result runs: that run's pictures and parameters, and what a person is asked every time."""

from __future__ import annotations

import pytest

from demos.components.offers import Made, offered, taken
from demos.components.stored_result import StoredResult
from engine import TASKS, Picture, Runtime
from engine.contracts.errors import ParameterError
from engine.contracts.parameters import parse
from tests.support.runs import finished

TASK = TASKS["style-v1"]
LARGER = TASK.offers[0]


def test_consent_is_that_of_the_page_not_of_the_run_before() -> None:
    task = TASKS["face-swap"]
    made, now = (parse(task.parameters, {"consent": consent, "method": "classical"}) for consent in (True, False))
    assert offered(task.offers[0], made, now).model_dump() == {**now.model_dump(), "method": "patches"}
    assert offered(task.offers[0], made, made).model_dump()["consent"] is True


def test_the_run_that_was_made_counts_and_its_result_is_the_beginning(
    photo: Picture, painting: Picture, runtime: Runtime
) -> None:
    inputs = {"content": [photo], "style": [painting]}
    made, now = (parse(TASK.parameters, {"size": 64, "iterations": 2, "balance": balance}) for balance in (30, 70))
    result = finished(runtime, TASK, inputs, **made.model_dump())
    stored = StoredResult.of(result)
    run = Made.of(inputs, made)
    better, parameters = taken(LARGER, TASK, inputs, now, run, stored)
    assert parameters.model_dump() == {**made.model_dump(), **LARGER.values}
    assert better["begin"][0].size == result.image.size
    others = {"content": [painting], "style": [photo]}
    for pictures, known, kept in ((others, run, stored), (inputs, None, stored), (inputs, run, None)):
        with pytest.raises(ParameterError):
            taken(LARGER, TASK, pictures, now, known, kept)
