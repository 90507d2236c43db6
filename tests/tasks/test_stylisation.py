"""What the descents on a photo share: the picture that a larger size begins with has the photo's own detail."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from engine import TASKS, Picture, Runtime, open_picture
from engine.contracts.parameters import parse
from engine.imaging.tensors import enlarged, to_tensor
from engine.tasks.stylisation import Materials, without_grain
from tests.support import pictures
from tests.support.runs import stopped_when

SMALL, LARGE = (48, 36), (96, 72)


def materials(photo: Picture, painting: Picture, runtime: Runtime, *begin: Picture, start: str) -> Materials:
    parameters = parse(TASKS["style-v1"].parameters, {"start": start})
    inputs = {"content": [photo], "style": [painting], **({"begin": list(begin)} if begin else {})}
    return Materials(inputs, parameters, [1.0], runtime.device.torch_device)


@pytest.mark.parametrize("start", ["recoloured", "content"])
def test_what_was_not_changed_is_the_photo_and_changes_are_enlarged(
    start: str, photo: Picture, painting: Picture, runtime: Runtime
) -> None:
    prepared = materials(photo, painting, runtime, start=start)
    small, large = prepared.begin(SMALL), prepared.begin(LARGE)
    torch.testing.assert_close(prepared.carried(small, LARGE), large)
    change = torch.rand(small.shape, generator=torch.Generator().manual_seed(0)).to(small.device)
    torch.testing.assert_close(prepared.carried(small + change, LARGE), large + enlarged(change, LARGE))


def test_grain_is_left_behind_and_edges_are_carried() -> None:
    noise = 0.005 * torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    edge = torch.zeros(1, 3, 64, 64)
    edge[..., 30], edge[..., 31] = 0.2, -0.2
    kept = without_grain(noise + edge, 0.02)
    assert kept[..., :24].std() < 0.1 * noise[..., :24].std()
    torch.testing.assert_close(kept[..., 30:32], (noise + edge)[..., 30:32], atol=0.02, rtol=0)
    torch.testing.assert_close(without_grain(noise, 0), noise)


def test_a_larger_size_begins_without_the_photos_grain(painting: Picture, runtime: Runtime) -> None:
    """What is carried, apart from the enlarged picture, is the start's detail without its grain."""
    photo = open_picture(pictures.noisy(*LARGE))
    parameters = parse(TASKS["style-v3"].parameters, {"start": "content"})
    device = runtime.device.torch_device
    inputs = {"content": [photo], "style": [painting]}
    plain, cored = (Materials(inputs, parameters, [1.0], device, grain) for grain in (0, 0.02))
    small, large = plain.begin(SMALL), plain.begin(LARGE)
    expected = enlarged(small, LARGE) + without_grain(large - enlarged(small, LARGE), 0.02)
    torch.testing.assert_close(cored.carried(small, LARGE), expected)
    assert (expected - large).abs().mean() > 1e-4, "else nothing is tested"


@pytest.mark.parametrize("start", ["noise", "blend"])
def test_a_start_that_is_not_the_photo_brings_no_detail(
    start: str, photo: Picture, painting: Picture, runtime: Runtime
) -> None:
    prepared = materials(photo, painting, runtime, start=start)
    small = prepared.begin(SMALL)
    assert torch.equal(prepared.carried(small, LARGE), enlarged(small, LARGE))


def test_a_smaller_result_to_go_on_from_is_made_sharp(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    result = open_picture(photo.image.resize(SMALL, Image.Resampling.LANCZOS))
    prepared = materials(photo, painting, runtime, result, start="content")
    sharp = to_tensor(photo.image.resize(LARGE, Image.Resampling.LANCZOS), runtime.device.torch_device)
    torch.testing.assert_close(prepared.begin(LARGE), sharp, atol=1e-5, rtol=0)


@pytest.mark.parametrize("task", ["style-v1", "style-v3"])
def test_who_stops_at_a_coarse_scale_gets_a_sharp_picture(
    task: str, photo: Picture, painting: Picture, runtime: Runtime
) -> None:
    inputs = {"content": [photo], "style": [painting]}
    result = stopped_when(runtime, TASKS[task], inputs, lambda step: True, size=192, iterations=6)
    picture, size = to_tensor(result.image), result.image.size
    coarse = result.facts.task.figures["reached_size"]
    assert max(coarse) < max(size)
    soft = to_tensor(result.image.resize(coarse, Image.Resampling.LANCZOS).resize(size, Image.Resampling.BICUBIC))
    assert edges(picture) > 1.2 * edges(soft)


def edges(picture: torch.Tensor) -> float:
    """Mean squared difference of neighbours."""
    return float(picture.diff(dim=3).square().mean() + picture.diff(dim=2).square().mean())
