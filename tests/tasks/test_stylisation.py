"""What the descents on a photo share: the picture that a larger size begins with has the photo's own detail."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from engine import TASKS, Picture, Runtime, open_picture
from engine.contracts.parameters import parse
from engine.imaging.tensors import enlarged, to_tensor
from engine.tasks.stylisation import Materials
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
    pictures = materials(photo, painting, runtime, start=start)
    small, large = pictures.begin(SMALL), pictures.begin(LARGE)
    torch.testing.assert_close(pictures.carried(small, LARGE), large)
    change = torch.rand(small.shape, generator=torch.Generator().manual_seed(0)).to(small.device)
    torch.testing.assert_close(pictures.carried(small + change, LARGE), large + enlarged(change, LARGE))


@pytest.mark.parametrize("start", ["noise", "blend"])
def test_a_start_that_is_not_the_photo_brings_no_detail(
    start: str, photo: Picture, painting: Picture, runtime: Runtime
) -> None:
    pictures = materials(photo, painting, runtime, start=start)
    small = pictures.begin(SMALL)
    assert torch.equal(pictures.carried(small, LARGE), enlarged(small, LARGE))


def test_a_smaller_result_to_go_on_from_is_made_sharp(photo: Picture, painting: Picture, runtime: Runtime) -> None:
    result = open_picture(photo.image.resize(SMALL, Image.Resampling.LANCZOS))
    pictures = materials(photo, painting, runtime, result, start="content")
    sharp = to_tensor(photo.image.resize(LARGE, Image.Resampling.LANCZOS), runtime.device.torch_device)
    torch.testing.assert_close(pictures.begin(LARGE), sharp, atol=1e-5, rtol=0)


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
