"""Nets that OpenCV calculates: what torch makes of the same layers, also from two threads at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import pytest
import torch

from engine import Runtime
from engine.nets import ARCHITECTURES, blazeface, facemesh
from engine.nets.opencv_net import OpenCvNet

NETS = [("blazeface", blazeface.SIDE), ("facemesh", facemesh.SIDE)]


def net_of(runtime: Runtime, name: str) -> OpenCvNet:
    """A net on the CPU, whatever this machine's device is."""
    net = runtime.nets.get(name, torch.float32)
    copy = ARCHITECTURES[name].build({key: value.cpu() for key, value in net.state_dict().items()})
    assert isinstance(copy, OpenCvNet)
    return copy


def pictures_of(side: int, count: int) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(count))


@pytest.mark.parametrize(("name", "side"), NETS)
@torch.inference_mode()
def test_maps_are_those_of_the_layers(runtime: Runtime, name: str, side: int) -> None:
    net = net_of(runtime, name)
    for picture in pictures_of(side, 2).split(1):
        for quick, exact in zip(net.maps(picture), net.layers(picture), strict=True):
            torch.testing.assert_close(quick, exact, rtol=1e-4, atol=1e-3)


@torch.inference_mode()
def test_what_the_net_gave_stays_when_it_is_asked_again(runtime: Runtime) -> None:
    net = net_of(runtime, "facemesh")
    one, other = pictures_of(facemesh.SIDE, 2).split(1)
    points = net.maps(one)[0]
    before = points.clone()
    net.maps(other)
    assert torch.equal(points, before)


def test_two_threads_do_not_mix_their_pictures(runtime: Runtime) -> None:
    net = net_of(runtime, "facemesh")
    pictures = pictures_of(facemesh.SIDE, 12).split(1)

    @torch.inference_mode()
    def points(picture: torch.Tensor) -> torch.Tensor:
        return net.maps(picture)[0]

    expected = [points(each) for each in pictures]
    with ThreadPoolExecutor(4) as threads:
        for ours, theirs in zip(threads.map(points, pictures), expected, strict=True):
            torch.testing.assert_close(ours, theirs)


def test_several_pictures_and_gradients_go_by_torch(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: bytes) -> cv2.dnn.Net:
        raise AssertionError("OpenCV knows neither")

    monkeypatch.setattr(cv2.dnn, "readNetFromONNX", refuse)
    net = facemesh.FaceMesh().requires_grad_(False)
    with torch.inference_mode():
        assert len(net.maps(pictures_of(facemesh.SIDE, 2))[0]) == 2
    picture = pictures_of(facemesh.SIDE, 1).requires_grad_()
    net(picture)[0].sum().backward()
    assert picture.grad is not None
    assert picture.grad.abs().sum() > 0
