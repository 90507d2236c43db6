"""Classical fillings and content networks: only the hole changes, and nothing of what is under the mask leaks."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import numpy
import pytest
import torch
from torch import Tensor, nn

from engine.inpainting import methods
from engine.inpainting.methods import CLASSICAL_SIDES, classical, network
from engine.model_store import loaded_nets as loaded
from engine.model_store.catalogue import Catalogue, catalogue
from tests.support import pictures

MIGAN = "migan-512-places2"


def colours(width: int, height: int) -> numpy.ndarray:
    return numpy.asarray(pictures.scene(width, height)).astype(numpy.float32) / 255


def hole(width: int, height: int) -> numpy.ndarray:
    mask = numpy.zeros((height, width), bool)
    mask[height // 3 : height // 2, width // 3 : width // 2] = True
    return mask


@pytest.mark.parametrize("method", list(CLASSICAL_SIDES))
def test_a_slope_goes_on_through_a_classical_filling(method: methods.Classical) -> None:
    rows = numpy.linspace(0.2, 0.8, 60, dtype=numpy.float32)[:, None, None]
    slope = numpy.broadcast_to(rows, (60, 80, 3)).copy()
    mask = hole(80, 60)
    broken = numpy.where(mask[..., None], 0, slope).astype(numpy.float32)
    assert numpy.abs(classical(broken, mask, method) - slope).max() < 0.05


def test_a_large_part_is_filled_at_a_smaller_size(monkeypatch: pytest.MonkeyPatch) -> None:
    given, mask = colours(160, 120), hole(160, 120)
    monkeypatch.setattr(methods, "CLASSICAL_SIDES", dict.fromkeys(CLASSICAL_SIDES, 64))
    made = classical(numpy.where(mask[..., None], 1, given).astype(numpy.float32), mask, "telea")
    assert made.shape == given.shape
    # The white that was under the mask would make it brighter than anything around it.
    assert made[mask].max() <= given[~mask].max() + 0.05
    assert made[mask].mean() < 0.8


@pytest.mark.parametrize(("size", "bicubic"), [((96, 72), False), ((700, 300), True), ((40, 600), False)])
def test_a_networks_filling_changes_the_hole_only_and_sees_nothing_of_it(size: tuple[int, int], bicubic: bool) -> None:
    given, mask = colours(*size), hole(*size)
    made = network(given, mask, MIGAN, bicubic=bicubic)
    assert made.dtype == numpy.float32
    assert numpy.array_equal(made[~mask], given[~mask])
    assert not numpy.array_equal(made[mask], given[mask])
    other = given.copy()
    other[mask] = numpy.random.default_rng(0).random((mask.sum(), 3))
    assert numpy.array_equal(network(other, mask, MIGAN, bicubic=bicubic), made)


def test_a_networks_filling_fits_its_surroundings() -> None:
    given, mask = colours(96, 72), hole(96, 72)
    made = network(given, mask, MIGAN)
    assert numpy.abs(made[mask] - given[mask]).mean() < 0.12


def test_enlarging_by_our_network_keeps_the_mean() -> None:
    given, mask = colours(900, 800), hole(900, 800)
    sharp, soft = (network(given, mask, MIGAN, bicubic=bicubic)[mask] for bicubic in (False, True))
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
    record = vars(catalogue()["big-lama"]) | {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    monkeypatch.setattr("engine.model_store.download.locate", lambda entry: path)
    monkeypatch.setattr(methods, "catalogue", lambda: Catalogue([record]))
    monkeypatch.setattr(methods, "models", loaded.Models())
    given, mask = colours(101, 67), hole(101, 67)
    made = network(given, mask, "big-lama")
    assert numpy.array_equal(made[~mask], given[~mask])
    assert numpy.allclose(made[mask], (0.1, 0.9, 0.2), atol=0.02)
