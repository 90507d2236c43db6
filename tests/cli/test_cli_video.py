"""The command of a task whose result is a video."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import Runtime
from engine.cli.main import main
from tests.support.videos import FRAMES, moving_sun


def test_the_command_paints_a_video(runtime: Runtime, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out, facts = moving_sun(tmp_path / "a.mp4"), tmp_path / "out.mp4", tmp_path / "facts.json"
    arguments = ["style-v2-video", "--video", str(source), "--size", "64", "--blend", "scream=0.5", "great-wave=1"]
    assert main([*arguments, "--out", str(out), "--facts", str(facts)], runtime=runtime) == 0
    assert f"{FRAMES} frames" in capsys.readouterr().out
    assert '"great-wave": 1.0' in facts.read_text()
    assert main([*arguments, "--out", str(tmp_path / "out.avi")], runtime=runtime) == 1
    assert main(["style-v2-video", "--video", str(facts), "--out", str(out)], runtime=runtime) == 1
    assert "not a video" in capsys.readouterr().err
