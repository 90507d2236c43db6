"""The network against plain convolutions in float64 on the shipped file, and against torchvision's own VGG-19."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
import torchvision
from safetensors import safe_open
from torch import Tensor
from torch.nn import functional

from engine import Runtime
from engine.imaging.tensors import to_tensor
from engine.model_store.catalogue import FOLDER, catalogue
from engine.nets import ARCHITECTURES, eight_bits, vgg
from engine.nets.vgg import VGG19, Pooling
from engine.perceptual.network import perceptual_network
from tests.support import pictures
from tests.support.nets import exact_nets

ENTRY = catalogue()["vgg19-normalised"]


def shipped() -> dict[str, Tensor]:
    with safe_open(FOLDER / ENTRY.file, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict


def plain_features(tensors: dict[str, Tensor], picture: Tensor) -> dict[str, Tensor]:
    """The network spelt out, in float64, sharing no code with it."""
    value = picture.double() - torch.tensor([123.68, 116.779, 103.939], dtype=torch.float64).view(1, 3, 1, 1) / 255
    features = {}
    for block, count in enumerate((2, 2, 4, 4, 1), start=1):
        for index in range(1, count + 1):
            name = f"{block}_{index}"
            value = functional.pad(value, (1, 1, 1, 1), mode="replicate")
            value = functional.conv2d(
                value, tensors[f"conv{name}.weight"].double(), tensors[f"conv{name}.bias"].double()
            )
            features[f"conv{name}"] = value
            value = value.clamp_min(0)
            features[f"relu{name}"] = value
        value = functional.avg_pool2d(value, 2)
    return features


def test_the_shipped_file_is_half_precision_and_small() -> None:
    tensors = shipped()
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    assert (FOLDER / ENTRY.file).stat().st_size == ENTRY.bytes <= 27_000_000


def test_features_of_the_fp16_file_are_those_of_float64_arithmetic_on_it() -> None:
    picture = to_tensor(pictures.scene(80, 64))
    net = exact_nets().get(ENTRY.name)
    wanted = (*vgg.LAYERS, "conv4_2")
    features = net(picture, wanted)
    expected = plain_features(shipped(), picture)
    assert set(features) == set(wanted)
    for layer in wanted:
        error = (features[layer].double() - expected[layer]).norm() / expected[layer].norm()
        assert error < 1e-5, layer


def test_features_on_this_device_are_close_in_its_own_dtype(runtime: Runtime) -> None:
    picture = to_tensor(pictures.scene(80, 64))
    features = runtime.nets.get(ENTRY.name)(picture.to(runtime.device.torch_device), vgg.LAYERS)
    expected = plain_features(shipped(), picture)
    for layer in vgg.LAYERS:
        assert (features[layer].cpu().double() - expected[layer]).norm() / expected[layer].norm() < 0.03


def test_activations_are_of_the_order_of_one() -> None:
    """What "normalised" means; random weights would be orders of magnitude off."""
    features = exact_nets().get(ENTRY.name)(to_tensor(pictures.scene(96, 96)), vgg.LAYERS)
    for layer, values in features.items():
        assert 0.02 < values.mean() < 10, layer


def test_torchvisions_weights_give_torchvisions_features() -> None:
    torch.manual_seed(0)
    theirs = torchvision.models.vgg19(weights=None).features.eval()
    for module in theirs:
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.normal_(module.bias)
    state = {f"features.{name}": value for name, value in theirs.state_dict().items()}
    keys = ARCHITECTURES["vgg19-torchvision"].keys
    ours = VGG19(mean=vgg.IMAGENET_MEAN, std=vgg.IMAGENET_STD)
    ours.load_state_dict({name: state[key] for name, key in keys.items()})
    picture = to_tensor(pictures.scene(48, 32))
    normalise = torchvision.transforms.Normalize(vgg.IMAGENET_MEAN, vgg.IMAGENET_STD)
    with torch.no_grad():
        value = normalise(picture)
        outputs = {}
        for index, module in enumerate(theirs):
            value = module(value)
            outputs[index] = value.clone()
        features = ours(picture, ("relu1_1", "conv4_2", "relu4_2", "relu5_1"))
    for layer, index in {"relu1_1": 1, "conv4_2": 21, "relu4_2": 22, "relu5_1": 29}.items():
        torch.testing.assert_close(features[layer], outputs[index])


def test_nothing_beyond_the_deepest_layer_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    net, used = exact_nets().get(ENTRY.name), []
    names = {module.weight.data_ptr(): name for name, module in net.named_children()}
    rectified = vgg.frozen.rectified

    def noted(value: Tensor, weight: Tensor, *rest: Any) -> Tensor:
        used.append(names[weight.data_ptr()])
        return rectified(value, weight, *rest)

    monkeypatch.setattr(vgg.frozen, "rectified", noted)
    net(to_tensor(pictures.scene(32, 32)), ["relu2_1"])
    assert used == ["conv1_1", "conv1_2", "conv2_1"]


def test_the_value_before_the_rectifier_keeps_its_negative_part() -> None:
    features = exact_nets().get(ENTRY.name)(to_tensor(pictures.scene(32, 32)), ["conv4_2", "relu4_2"])
    assert features["conv4_2"].min() < 0
    torch.testing.assert_close(features["conv4_2"].clamp_min(0), features["relu4_2"])


@pytest.mark.skipif(not eight_bits.works(torch.float32), reason="no dot products of bytes here")
@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("layers", [("relu1_1", "relu2_2", "relu4_2"), ("relu3_1",), ("relu1_2", "relu4_1")])
def test_in_bytes_gradients_are_nearly_the_same_and_targets_exactly(pooling: Pooling, layers: tuple[str, ...]) -> None:
    net, picture = exact_nets().get(ENTRY.name), to_tensor(pictures.scene(80, 64))
    exact, in_bytes = (net.variant(pooling=pooling, padding="replicate", in_bytes=each) for each in (False, True))
    unknown = picture.clone().requires_grad_()

    def gradient(variant: VGG19) -> Tensor:
        (own,) = torch.autograd.grad(sum(each.square().mean() for each in variant(unknown, layers).values()), unknown)
        return own

    assert torch.equal(gradient(in_bytes), gradient(exact)), "how large features are is not known yet"
    with torch.no_grad():
        targets = exact(picture, layers)
        for layer, values in in_bytes(picture, layers).items():
            assert torch.equal(values, targets[layer])
    for layer, values in in_bytes(unknown, layers).items():
        difference = float((values.detach() - targets[layer]).norm() / targets[layer].norm())
        assert (difference > 0) == (layer != "relu1_1"), "the first convolution is exact"
        assert difference < 0.03, layer
    apart = gradient(in_bytes) - gradient(exact)
    assert 0 < float(apart.norm() / gradient(exact).norm()) < 0.35, "most of it by rectifiers that change sides"


@pytest.mark.skipif(not eight_bits.works(torch.float32), reason="no dot products of bytes here")
def test_what_one_run_has_noted_another_does_not_know() -> None:
    net, picture = exact_nets().get(ENTRY.name), to_tensor(pictures.scene(48, 48))
    one, other = (net.variant(pooling="max", padding="replicate", in_bytes=True) for _ in range(2))
    with torch.no_grad():
        expected = net.variant(pooling="max", padding="replicate")(picture, ["relu2_1"])["relu2_1"]
        one(picture, ["relu2_1"])
    assert torch.equal(other(picture, ["relu2_1"])["relu2_1"], expected)
    assert not torch.equal(one(picture, ["relu2_1"])["relu2_1"], expected)


@pytest.mark.skipif(not eight_bits.works(torch.float32), reason="no dot products of bytes here")
def test_dark_pictures_are_in_bytes_too_and_nothing_is_asked_of_no_layer() -> None:
    variant = exact_nets().get(ENTRY.name).variant(pooling="max", padding="replicate", in_bytes=True)
    dark = torch.full((1, 3, 32, 32), 0.1)
    with torch.no_grad():
        exact = variant(dark, ["relu3_1"])["relu3_1"]
    assert not torch.equal(variant(dark, ["relu3_1"])["relu3_1"], exact)
    assert variant(dark, []) == {}


@pytest.mark.skipif(not eight_bits.works(torch.float32), reason="no dot products of bytes here")
def test_each_scale_of_a_descent_looks_anew_how_channels_differ() -> None:
    variant = exact_nets().get(ENTRY.name).variant(pooling="max", padding="replicate", in_bytes=True)
    made = []
    for side in (32, 32, 48):
        with torch.no_grad():
            variant(torch.rand(1, 3, side, side), ["relu2_1"])
        variant(torch.rand(1, 3, side, side), ["relu2_1"])
        made += list(variant._stretches.values())
    assert made[0] is made[1], "the same size again"
    assert made[2] is not made[1]


@pytest.mark.parametrize("able", [False, True])
def test_only_devices_that_multiply_bytes_do(able: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eight_bits, "works", lambda dtype: True)
    nets = exact_nets()
    monkeypatch.setattr(nets, "device", replace(nets.device, multiplies_bytes=able))
    assert (perceptual_network(ENTRY.name, nets, in_bytes=True).net._largest is not None) == able
    assert perceptual_network(ENTRY.name, nets).net._largest is None


def test_an_unknown_layer_is_refused_with_the_list() -> None:
    with pytest.raises(ValueError) as refusal:
        exact_nets().get(ENTRY.name)(torch.rand(1, 3, 32, 32), ["relu9_9"])
    assert all(layer in str(refusal.value) for layer in ("relu9_9", *vgg.LAYERS))


def test_arithmetic_per_pixel_is_that_of_the_architecture() -> None:
    assert vgg.gflop_per_pixel("relu5_1") * 256 * 256 == pytest.approx(2 * 23.7, rel=0.01)
    assert math.isclose(vgg.gflop_per_pixel("relu1_1"), 2 * 9 * 3 * 64 / 1e9)
