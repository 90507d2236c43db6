"""U2-Net-p and the main subject as a mask; outputs of the published graph were recorded by the recipe."""

from __future__ import annotations

from dataclasses import replace

import numpy
import pytest
import torch
from PIL import Image, ImageDraw

from engine import TASKS, Walk, open_picture, run
from engine.contracts.parameters import parse
from engine.hardware.device import best_device
from engine.model_store.catalogue import catalogue
from engine.model_store.loaded_nets import models
from engine.nets import u2net
from tests.support.graphs import graph_record


@pytest.mark.parametrize("seed", range(3))
@torch.inference_mode()
def test_u2net_gives_what_the_published_graph_gives(seed: int) -> None:
    given, recorded = graph_record("u2netp", seed, u2net.SIDE)
    net = models.get(catalogue()["u2netp"], replace(best_device(), dtype=torch.float32))
    found = net(given)[0, :, ::32, ::32].numpy()
    assert numpy.abs(found - recorded).mean() < 0.002
    assert numpy.abs(found - recorded).max() < 0.08  # half precision, where the graph itself is undecided


def portrait() -> tuple[Image.Image, numpy.ndarray]:
    """Something on a plain ground, and where it is."""
    image, mask = Image.new("RGB", (300, 220), (150, 170, 190)), Image.new("L", (300, 220))
    for box, colour in (((110, 30, 190, 120), (210, 170, 140)), ((80, 115, 220, 219), (120, 40, 40))):
        ImageDraw.Draw(image).ellipse(box, colour)
        ImageDraw.Draw(mask).ellipse(box, 255)
    return image, numpy.asarray(mask) > 0


def proposed(image: Image.Image, **values: float) -> numpy.ndarray:
    task = TASKS["main-subject"]
    found = Walk(run(task, {"image": [open_picture(image)]}, parse(task.parameters, values))).finish().image
    assert found.size == image.size
    return numpy.asarray(found.convert("L")) > 127


def test_the_main_subject_is_marked() -> None:
    image, subject = portrait()
    found = proposed(image, margin=0)
    assert (found & subject).sum() / (found | subject).sum() > 0.8


def test_a_margin_goes_beyond_the_edge() -> None:
    image, _ = portrait()
    tight, wide = proposed(image, margin=0), proposed(image, margin=5)
    assert (wide >= tight).all()
    assert wide.sum() > 1.1 * tight.sum()
