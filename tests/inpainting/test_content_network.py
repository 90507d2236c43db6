"""Content networks: only the hole changes, and nothing of what is under the mask leaks."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy
import pytest
import torch
from torch import Tensor, nn

from engine import Runtime
from engine.inpainting.content_network import network
from tests.support.nets import nets_with_file
from tests.support.pictures import colours, small_hole

MIGAN = "migan-512-places2"


@pytest.mark.parametrize(("size", "bicubic"), [((96, 72), False), ((700, 300), True), ((40, 600), False)])
def test_a_networks_filling_changes_the_hole_only_and_sees_nothing_of_it(
    runtime: Runtime, size: tuple[int, int], bicubic: bool
) -> None:
    photo, mask = colours(*size), small_hole(*size)
    filled = network(photo, mask, MIGAN, runtime.nets, bicubic=bicubic)
    assert filled.dtype == numpy.float32
    assert numpy.array_equal(filled[~mask], photo[~mask])
    assert not numpy.array_equal(filled[mask], photo[mask])
    other = photo.copy()
    other[mask] = numpy.random.default_rng(0).random((mask.sum(), 3))
    assert numpy.array_equal(network(other, mask, MIGAN, runtime.nets, bicubic=bicubic), filled)


def test_a_networks_filling_fits_its_surroundings(runtime: Runtime) -> None:
    photo, mask = colours(96, 72), small_hole(96, 72)
    filled = network(photo, mask, MIGAN, runtime.nets)
    assert numpy.abs(filled[mask] - photo[mask]).mean() < 0.12


def test_enlarging_by_our_network_keeps_the_mean(runtime: Runtime) -> None:
    photo, mask = colours(900, 800), small_hole(900, 800)
    sharp, soft = (network(photo, mask, MIGAN, runtime.nets, bicubic=bicubic)[mask] for bicubic in (False, True))
    assert numpy.abs(sharp.mean(axis=0) - soft.mean(axis=0)).max() < 0.01
    assert not numpy.array_equal(sharp, soft)


class Stand(nn.Module):
    """A program with LaMa's way to be called: picture and hole -> picture."""

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """Green where the hole is."""
        green = torch.tensor([0.1, 0.9, 0.2], device=image.device)[:, None, None]
        return image * (1 - mask) + green * mask


def test_a_torchscript_program_is_run_as_the_content_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "big-lama.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(Stand()).save(str(path))
    nets = nets_with_file("big-lama", path, monkeypatch)
    photo, mask = colours(101, 67), small_hole(101, 67)
    filled = network(photo, mask, "big-lama", nets)
    assert numpy.array_equal(filled[~mask], photo[~mask])
    assert numpy.allclose(filled[mask], (0.1, 0.9, 0.2), atol=0.02)
