"""The commands that train: what they refuse, and two processes that train one network."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from engine import Runtime
from engine.cli.main import main
from engine.contracts.errors import ConsentError, OutputError, ParameterError
from engine.nets.transform import STYLE, build
from tests.support import pictures
from tests.support.commands import refusal
from tests.support.nets import random_net

ROOT = Path(__file__).parents[2]


def test_the_training_of_a_face_swap_wants_consent_and_sides_that_fit(
    runtime: Runtime, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures.face(224, 224).save(tmp_path / "a.png")
    command = ["train", "face-swap", "--identity", str(tmp_path), "--photos", str(tmp_path)]
    command += ["--out", str(tmp_path / "x.safetensors"), "--iterations", "1", "--batch", "1", "--variants", "1"]
    assert isinstance(refusal(runtime, [*command, "--side", "64"], capsys), ConsentError)
    error = refusal(runtime, [*command, "--side", "100", "--consent"], capsys)
    assert error.fields == {"multiple": 32, "minimum": 64}
    assert main([*command, "--side", "64", "--consent"], runtime=runtime) == 0
    assert (tmp_path / "x.safetensors").stat().st_size > 1e6


def test_the_training_of_style_v2_refuses_what_cannot_be(
    runtime: Runtime, tmp_path: Path, small_photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    painting = tmp_path / "waves.png"
    pictures.painting().save(painting)
    same = tmp_path / "other" / "waves.png"
    same.parent.mkdir()
    pictures.painting().save(same)
    base = ["train", "style-v2", "--photos", str(small_photos), "--style", str(painting)]
    out = ["--out", str(tmp_path / "net.safetensors")]
    for extra, kind, fields in (
        (["--out", str(tmp_path / "net.pth")], OutputError, {"ending": ".safetensors"}),
        ([*out, "--style", str(same)], ParameterError, {"paintings": 2}),
        ([*out, "--from-network", str(painting)], ParameterError, {"file": "waves.png"}),
        ([*out, "--photos-each", "0"], ParameterError, {"option": "photos-each", "minimum": 1}),
        (
            [*out, "--balance-of", "waves=40", "--balance-of", "sea=30"],
            ParameterError,
            {"option": "--balance-of", "name": "sea"},
        ),
        ([*out, "--often", "sea=3"], ParameterError, {"option": "--often", "name": "sea"}),
        ([*out, "--often", "waves=0"], ParameterError, {"given": [0.0]}),
        ([*out, "--often", "waves=inf"], ParameterError, {"given": [math.inf]}),
    ):
        error = refusal(runtime, [*base, *extra], capsys)
        assert type(error) is kind
        assert error.fields == fields


def test_two_processes_train_one_network(small_photos: Path, tmp_path: Path) -> None:
    """Through torchrun, on the CPU: gradients are shared, the leader alone writes and speaks."""
    net, style = random_net()
    save_file({**net.state_dict(), f"{STYLE}old": style[0]}, tmp_path / "start.safetensors")
    pictures.painting().save(tmp_path / "waves.png")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    command += [
        "-m",
        "engine",
        "train",
        "style-v2",
        "--photos",
        str(small_photos),
        "--style",
        str(tmp_path / "waves.png"),
    ]
    command += ["--from-network", str(tmp_path / "start.safetensors"), "--out", str(tmp_path / "net.safetensors")]
    command += ["--crop", "64", "--photos-each", "1", "--iterations", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PENTIMENTO_DEVICE": "cpu"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(re.findall(r"net\.safetensors: held_out", done.stdout)) == 1
    assert set(build({k: v.float() for k, v in load_file(tmp_path / "net.safetensors").items()}).styles) == {"waves"}
