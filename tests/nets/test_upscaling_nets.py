"""The nets of super-resolution against the papers' plain form, and files of the published layouts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from engine.imaging.tensors import to_tensor
from engine.model_store.catalogue import FOLDER, catalogue
from engine.nets import residual, rrdb
from tests.support import pictures
from tests.support.graphs import graph_record
from tests.support.nets import exact_nets, net_of_file
from tests.support.pictures import noisy


def test_a_convolution_before_the_shuffle_is_the_one_after_it() -> None:
    generator = torch.Generator().manual_seed(0)
    for side in (3, 5, 9):
        weight = torch.randn(2, 3, side, side, generator=generator, dtype=torch.float64)
        features = torch.randn(1, 12, 7, 6, generator=generator, dtype=torch.float64)
        after = functional.conv2d(functional.pixel_shuffle(features, 2), weight, padding=side // 2)
        moved = residual.before_shuffle(weight)
        before = functional.pixel_shuffle(functional.conv2d(features, moved, padding=moved.shape[-1] // 2), 2)
        assert torch.allclose(before, after, atol=1e-12)


def plain_residual(tensors: dict[str, Tensor], picture: Tensor, *, doublings: int, edsr: bool) -> Tensor:
    """SRResNet or EDSR as the papers draw them, from our names."""

    def convolution(value: Tensor, name: str) -> Tensor:
        weight = tensors[f"{name}.weight"]
        return functional.conv2d(value, weight, tensors[f"{name}.bias"], padding=weight.shape[-1] // 2)

    def slope(value: Tensor, name: str) -> Tensor:
        return value if edsr else functional.prelu(value, tensors[f"{name}.weight"])

    head = value = slope(convolution(picture, "head"), "activation")
    for block in range(residual.BLOCKS):
        inner = convolution(value, f"blocks.{block}.first")
        inner = inner.relu() if edsr else slope(inner, f"blocks.{block}.activation")
        value = value + convolution(inner, f"blocks.{block}.second")
    value = head + convolution(value, "body")
    for index in range(doublings):
        value = functional.pixel_shuffle(convolution(value, f"doublings.{index}.convolution"), 2)
        value = slope(value, f"doublings.{index}.activation")
    last = convolution(value, "tail")
    return last if edsr else (last.tanh() + 1) / 2


@pytest.mark.parametrize("band", [1, 4 * residual.WIDTH * 20 * 3])
@pytest.mark.parametrize(("side", "doublings"), [(9, 2), (3, 1)])
def test_bands_of_the_last_layers_leave_no_seam(
    side: int, doublings: int, band: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    net = residual.ResidualNet(doublings=doublings, side=side, slopes=True, bounded=True).eval()
    picture = torch.rand(2, 3, 13, 10)
    with torch.inference_mode():
        whole = net(picture)
        monkeypatch.setattr(residual, "BAND", band)
        assert torch.allclose(net(picture), whole, atol=1e-6)


def test_srresnet_is_the_papers_network() -> None:
    from safetensors.torch import load_file

    tensors = {name: value.float() for name, value in load_file(FOLDER / catalogue()["srresnet-x4"].file).items()}
    picture = to_tensor(noisy(24, 20))
    with torch.inference_mode():
        enlarged = residual.srresnet(tensors)(picture)
        expected = plain_residual(tensors, picture, doublings=2, edsr=False)
    assert enlarged.shape == (1, 3, 80, 96)
    assert (enlarged - expected).abs().max() < 1e-5


def random_tensors(names: dict[str, str], shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """A file with the layout that the names describe."""
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for ours, theirs in names.items():
        weight = torch.randn(shapes[ours], generator=generator)
        tensors[f"{theirs}.weight"] = weight / weight[0].numel() ** 0.5
        tensors[f"{theirs}.bias"] = 0.1 * torch.randn(shapes[ours][0], generator=generator)
    return tensors


def edsr_shapes(scale: int) -> dict[str, tuple[int, ...]]:
    shapes = dict.fromkeys(residual.edsr_keys(scale), (64, 64, 3, 3))
    shapes |= {name: (256, 64, 3, 3) for name in shapes if name.startswith("doublings")}
    return shapes | {"head": (64, 3, 3, 3), "tail": (3, 64, 3, 3)}


def rrdb_shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for name in rrdb.esrgan_keys():
        index = int(name[-1]) if "convolutions" in name else 0
        shapes[name] = (32 if "convolutions" in name and index < 4 else 64, 64 + 32 * index, 3, 3)
    return shapes | {"first": (64, 3, 3, 3), "last": (3, 64, 3, 3)}


@pytest.mark.parametrize("name", ["edsr-x2", "edsr-x4", "rrdb-psnr-x4"])
def test_files_of_the_published_layouts_are_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = catalogue()[name]
    edsr = name.startswith("edsr")
    scale = int(name[-1])
    keys = residual.edsr_keys(scale) if edsr else rrdb.esrgan_keys()
    file = random_tensors(keys, edsr_shapes(scale) if edsr else rrdb_shapes())
    path = tmp_path / Path(entry.file).name
    torch.save({**file, **({"sub_mean.weight": torch.zeros(3, 3, 1, 1)} if edsr else {})}, path)
    net = net_of_file(name, path, monkeypatch)
    picture = to_tensor(pictures.scene(10, 9))
    with torch.inference_mode():
        enlarged = net(picture)
        tensors = {f"{ours}.{part}": file[f"{keys[ours]}.{part}"] for ours in keys for part in ("weight", "bias")}
        expected = (
            plain_residual(tensors, picture, doublings=scale // 2, edsr=True) if edsr else plain_rrdb(tensors, picture)
        )
    assert enlarged.shape == (1, 3, 9 * scale, 10 * scale)
    assert torch.allclose(enlarged, expected, atol=1e-4)


def plain_rrdb(tensors: dict[str, Tensor], picture: Tensor) -> Tensor:
    """ESRGAN's network, line by line as its paper has it."""

    def convolution(value: Tensor, name: str) -> Tensor:
        return functional.conv2d(value, tensors[f"{name}.weight"], tensors[f"{name}.bias"], padding=1)

    def leaky(value: Tensor) -> Tensor:
        return torch.where(value > 0, value, 0.2 * value)

    first = value = convolution(picture, "first")
    for block in range(23):
        before = value
        for index in range(3):
            outputs, start = [value], value
            for number in range(5):
                dense = convolution(torch.cat(outputs, 1), f"blocks.{block}.dense.{index}.convolutions.{number}")
                outputs.append(leaky(dense))
            value = start + 0.2 * dense
        value = before + 0.2 * value
    value = first + convolution(value, "body")
    for index in range(2):
        value = value.repeat_interleave(2, 2).repeat_interleave(2, 3)
        value = leaky(convolution(value, f"up.{index}"))
    return convolution(leaky(convolution(value, "high")), "last")


@pytest.mark.parametrize(
    ("number", "name", "likeness"),
    [(0, "real-esrgan-x4", 30), (1, "real-esrgan-drawing-x4", 30), (2, "real-esrgan-video-x4", 60)],
)
def test_real_esrgan_is_what_ncnn_makes_of_its_files(number: int, name: str, likeness: float) -> None:
    """The first two are shipped in bytes: on squares of any colour, unlike photos, that costs some decibels."""
    picture, graph = graph_record("realesrgan", number, 32)
    with torch.inference_mode():
        enlarged = exact_nets().get(name)((picture + 1) / 2)[0, :, ::32, ::32]
    error = (enlarged.clamp(0, 1) - torch.from_numpy(graph).clamp(0, 1)).square().mean()
    assert -10 * error.log10() > likeness


def test_features_in_half_precision_make_nearly_the_same_picture() -> None:
    picture = to_tensor(noisy(24, 20))
    for name in ("srresnet-x4", "real-esrgan-video-x4", "real-esrgan-drawing-x4"):
        nets = exact_nets()
        with torch.inference_mode():
            whole, half = (nets.get(name, dtype)(picture) for dtype in (torch.float32, torch.bfloat16))
        assert half.dtype == torch.float32
        assert (whole - half).square().mean().sqrt() < 0.5 / 255


def test_a_foreign_file_cannot_run_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pickle

    class Attack:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "ran",)

    path = tmp_path / "RRDB_PSNR_x4.pth"
    torch.save({"conv_first.weight": Attack()}, path)
    with pytest.raises(pickle.UnpicklingError):
        net_of_file("rrdb-psnr-x4", path, monkeypatch)
    assert not (tmp_path / "ran").exists()
