"""Painters: pictures of any size, any painting, styles that were taught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from engine import Job, StepRun
from engine.contracts.errors import PictureError
from engine.feedforward_style import painters, style_card
from engine.feedforward_style.painters import Painter, TransformPainter, like_moments, like_painting
from engine.feedforward_style.style_card import TaughtStyle
from engine.feedforward_style.styles import ANY_STYLE, EARLIER, NETWORK
from engine.imaging.canvas import LUMA
from engine.imaging.detail import FINE_BLUR
from engine.imaging.tensors import to_tensor
from engine.model_store.catalogue import catalogue
from engine.model_store.loaded_nets import LoadedNets
from engine.nets.transform import TransformNet
from tests.support import pictures
from tests.support.nets import exact_nets


def test_large_pictures_are_painted_in_bands(tiny: TransformPainter, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = to_tensor(pictures.scene(64, 48))
    whole = StepRun(tiny.paint(picture, Job()))
    assert len(list(whole)) == 1
    monkeypatch.setattr(painters, "WHOLE_PIXELS", {"cpu": 64 * 48 - 1})
    parts = StepRun(tiny.paint(picture, Job()))
    assert len(list(parts)) > 10
    assert torch.allclose(parts.result, whole.result, atol=2e-4)  # type: ignore[arg-type]


def test_out_of_memory_paints_in_bands(tiny: TransformPainter, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Tensor:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(TransformPainter, "whole", full)
    painted = StepRun(tiny.paint(to_tensor(pictures.scene(48, 40)), Job())).finish()
    assert painted is not None
    assert painted.shape == (1, 3, 40, 48)


def test_other_errors_are_not_taken_for_a_lack_of_memory(
    tiny: TransformPainter, monkeypatch: pytest.MonkeyPatch
) -> None:
    something_else = RuntimeError("something else")

    def broken(*_: Any) -> Tensor:
        raise something_else

    monkeypatch.setattr(TransformPainter, "whole", broken)
    with pytest.raises(RuntimeError) as failure:
        StepRun(tiny.paint(to_tensor(pictures.scene(48, 40)), Job())).finish()
    assert failure.value is something_else


def test_any_painting_in_tiles_is_as_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    painter = like_moments(to_tensor(pictures.painting(96, 96)), exact_nets())
    picture = to_tensor(pictures.noisy(203, 150))
    whole = painter.whole(picture)
    monkeypatch.setattr(painters, "WHOLE_PIXELS", {"cpu": 1})
    monkeypatch.setattr(painters, "TILE", 64)
    run = StepRun(painter.paint(picture, Job()))
    assert len(list(run)) > 20
    assert run.result is not None
    assert run.result.shape == whole.shape
    apart = 255 * (run.result - whole).abs()
    assert apart.mean() < 0.5
    assert apart.max() < 40, "no seam"


def test_any_painting_in_bands_is_as_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    painter = like_painting(to_tensor(pictures.painting(96, 96)), exact_nets())
    picture = to_tensor(pictures.noisy(203, 150))
    whole = painter.whole(picture)
    monkeypatch.setattr(painters, "WHOLE_PIXELS", {"cpu": 1})
    monkeypatch.setattr("engine.feedforward_style.banded_inference.BAND_VALUES", 40_000)
    run = StepRun(painter.paint(picture, Job()))
    assert len(list(run)) > 30
    assert run.result is not None
    torch.testing.assert_close(run.result, whole, atol=2e-3, rtol=0)


def test_a_painting_is_read_alike_in_any_size_and_unlike_another() -> None:
    predictor = exact_nets().get(ANY_STYLE[0])
    painting = to_tensor(pictures.painting(256, 256))
    large = torch.nn.functional.interpolate(painting, scale_factor=2.0, mode="bilinear")
    one, same, other = (predictor(each) for each in (painting, large, painting.flip(1)))
    assert (one - same).norm() < 0.3 * (one - other).norm()


@pytest.mark.parametrize("like", [like_painting, like_moments])
def test_any_painting_gives_its_colours(like: Callable[[Tensor, LoadedNets], Painter]) -> None:
    red = torch.rand(1, 3, 64, 64) * torch.tensor([1.0, 0.15, 0.1])[:, None, None]
    painted = like(red, exact_nets()).whole(to_tensor(pictures.scene()))
    colours = painted.clamp(0, 1).mean((0, 2, 3))
    assert colours[0] > 2 * colours[1]


def test_our_networks_pictures_have_the_photos_finest_luminance() -> None:
    """A share of it, instead of the network's own; everything coarser, and all colours, are what was painted."""
    photo = to_tensor(pictures.noisy(96, 72))
    painter = painters.trained({"scream": 1.0}, exact_nets())
    plain, detailed = replace(painter, fine_detail=0.0).whole(photo), painter.whole(photo)
    weights = torch.tensor(LUMA)[:, None, None]
    missing = ((photo - plain) * weights).sum(1).double().numpy()
    finest = missing - gaussian_filter(missing, FINE_BLUR, axes=(1, 2), mode="nearest", radius=2)
    expected = plain + painters.FINE_DETAIL * torch.from_numpy(finest).float()
    torch.testing.assert_close(detailed, expected, atol=1e-4, rtol=0)
    assert (detailed - plain).abs().mean() > 0.005, "else nothing is tested"


def test_magentas_pictures_are_as_published() -> None:
    assert painters.trained({"stained-glass": 1.0}, exact_nets()).fine_detail == 0.0


def test_a_style_of_another_network_is_refused() -> None:
    net = exact_nets().get(NETWORK)
    assert isinstance(net, TransformNet)
    own = catalogue()[NETWORK].sha256[:12]
    zeros = [0.0] * net.numbers
    for numbers, network in ((zeros[1:], own), (zeros, "0123")):
        with pytest.raises(PictureError) as refusal:
            painters.taught(TaughtStyle(numbers, network), {}, exact_nets())
        assert refusal.value.message != style_card.DAMAGED, "the card itself is right"
    assert painters.taught(TaughtStyle(zeros, own), {}, exact_nets()).style.shape == (1, net.numbers)


@pytest.mark.parametrize("name", EARLIER)
def test_a_style_of_an_earlier_network_is_painted_by_that(name: str) -> None:
    nets = exact_nets()
    net = nets.get(name)
    assert isinstance(net, TransformNet)
    card = TaughtStyle(net.styles["scream"].tolist(), catalogue()[name].sha256[:12])
    painter = painters.taught(card, {"great-wave": 1.0}, nets)
    assert painter.net is net
    torch.testing.assert_close(painter.style, net.style({"scream": 1.0, "great-wave": 1.0}))
