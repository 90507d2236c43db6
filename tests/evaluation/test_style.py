"""The judge of styles against pictures whose answer is known."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine import Runtime, open_picture
from engine.cli.main import main
from engine.contracts.errors import ParameterError
from engine.evaluation.style import Pair, colour_distance, judged, lattice, pairs_in, style_distance
from engine.imaging.tensors import to_tensor
from tests.support import pictures
from tests.support.commands import refusal


def noise(seed: int = 0, side: int = 192) -> torch.Tensor:
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(seed))


def dots(side: int = 192, period: int = 8) -> torch.Tensor:
    """A grid of soft dots."""
    wave = torch.cos(2 * torch.pi * torch.arange(side) / period)
    return (0.5 + 0.25 * wave[:, None] * wave).expand(1, 3, side, side)


def test_a_lattice_is_seen_and_noise_is_none() -> None:
    flat = torch.full((1, 3, 192, 192), 0.5)
    assert lattice(noise(), flat) < 0.25
    assert lattice(dots(), flat) > 0.8
    faint = 0.8 * noise() + 0.2 * dots()
    assert lattice(noise(), flat) < lattice(faint, flat) < lattice(dots(), flat)


def test_only_calm_places_count() -> None:
    scene = torch.full((1, 3, 192, 192), 0.5)
    scene[..., 96:] = noise()[..., 96:]  # the right half is busy
    picture = noise(1)
    picture[..., 96:] = dots()[..., 96:]
    assert lattice(picture, scene) < 0.25
    assert lattice(picture, scene.flip(3)) > 0.5


def test_distances_are_none_from_itself_and_grow(runtime: Runtime) -> None:
    one, other = to_tensor(pictures.painting()), to_tensor(pictures.scene())
    assert style_distance(one, one, runtime.nets) == pytest.approx(0, abs=1e-6)
    assert style_distance(other, one, runtime.nets) > 0.1
    assert colour_distance(one, one) == pytest.approx(0, abs=1e-6)
    assert colour_distance(one, (one + 0.2).clamp(0, 1)) > 0.05


def test_the_photo_itself_has_the_content_and_not_the_style(runtime: Runtime) -> None:
    photo, painting = pictures.scene(128, 128), pictures.painting()
    pair = Pair("a", open_picture(photo), open_picture(painting))
    figures = judged(to_tensor(photo), pair, runtime.nets)
    assert figures["content"] == pytest.approx(0, abs=1e-6)
    assert figures["style"] > 0.1


def test_pairs_are_painted_and_judged(tmp_path: Path, runtime: Runtime, capsys: pytest.CaptureFixture[str]) -> None:
    for folder, picture in (("content", pictures.scene(96, 96)), ("style", pictures.painting())):
        (tmp_path / folder).mkdir()
        pictures.saved(picture, tmp_path / folder / "a.png")
    pictures.saved(pictures.scene(), tmp_path / "content" / "alone.png")
    assert [pair.name for pair in pairs_in(tmp_path)] == ["a"]
    out = tmp_path / "out"
    settings = ["--set", "size=80", "--set", "iterations=2"]
    command = ["evaluate", "style", "--pairs", str(tmp_path), *settings, "--out", str(out)]
    assert main(command, runtime=runtime) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("mean")
    assert [path.name for path in out.iterdir()] == ["a.png"]
    assert open_picture(out / "a.png").size == (80, 80)
    error = refusal(runtime, [*command[:4], "--set", "size"], capsys)
    assert type(error) is ParameterError
