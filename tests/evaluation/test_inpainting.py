"""Masks for a table of fillings, and that table on a folder, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest

from engine import Runtime
from engine.cli.main import main
from engine.contracts.errors import UnreadablePictureError
from engine.evaluation.inpainting import centre, strokes
from tests.support import pictures
from tests.support.commands import refusal


def test_strokes_are_free_form_and_the_same_in_every_run() -> None:
    one, other = strokes((512, 512), 1), strokes((512, 512), 2)
    assert numpy.array_equal(one, strokes((512, 512), 1))
    assert not numpy.array_equal(one, other)
    assert 0.03 < one.mean() < 0.35
    assert centre((200, 100)).mean() == 0.25


def test_the_table_through_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], runtime: Runtime
) -> None:
    for name in ("a", "b"):
        pictures.noisy(120, 90).save(tmp_path / f"{name}.png")
    (tmp_path / "mask").mkdir()
    out = tmp_path / "table.json"
    for mask in ("random", str(pictures.saved(pictures.hole(), tmp_path / "mask" / "m.png"))):
        arguments = ["--images", tmp_path, "--mask", mask, "--methods", "telea", "biharmonic", "--json", out]
        assert main(["evaluate", "inpainting", *map(str, arguments), "--side", "100"], runtime=runtime) == 0
        table = json.loads(out.read_text())
        assert set(table["mean"]) == {"telea", "biharmonic"}
        assert [(row["name"], row["method"]) for row in table["pictures"]] == [
            ("a", "telea"), ("a", "biharmonic"), ("b", "telea"), ("b", "biharmonic"),
        ]  # fmt: skip
        assert "mean" in capsys.readouterr().out


def test_a_mask_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], runtime: Runtime
) -> None:
    pictures.noisy(120, 90).save(tmp_path / "a.png")
    command = ["evaluate", "inpainting", "--images", str(tmp_path), "--mask", str(tmp_path / "no.png")]
    error = refusal(runtime, command, capsys)
    assert isinstance(error, UnreadablePictureError)
    assert error.fields == {"file": "no.png"}
