"""The network of one identity at work."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from engine.contracts.errors import ParameterError
from engine.faces.align import Colours
from engine.faces.descent import smoothed
from engine.faces.identities import entries, path_of
from engine.hardware.device import Device
from engine.model_store.catalogue import catalogue
from engine.model_store.loaded_nets import models
from engine.nets.face_transform import FaceTransform, build

SMOOTHING = 0.7
"""Deviation in pixels of the blur of what the network adds; of its colour, four times as much."""
SIDE = 256
"""Of the faces that networks are trained with."""


def network(name: str, device: Device) -> FaceTransform:
    """A network by name.

    Raises:
        ParameterError: there is none of that name, or its file is none.
    """
    for entry in entries(name):
        found = models.get(catalogue()[entry], device)
        assert isinstance(found, FaceTransform)
        return found
    net = read(path_of(name), f"The file of the trained identity {name!r} cannot be read.")
    return net.to(device.torch_device, device.dtype)


def read(path: Path, refusal: str) -> FaceTransform:
    """A network from its file.

    Raises:
        ParameterError: ``refusal``, when the file is none.
    """
    try:
        return build({key: value.float() for key, value in load_file(path).items()})
    except (OSError, SafetensorError, KeyError, RuntimeError):
        raise ParameterError(refusal) from None


@torch.inference_mode()
def transformed(net: FaceTransform, crop: Colours, device: Device) -> Colours:
    """The identity's face for a scene's crop ``(side, side, 3)``, in the network's size."""
    small = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA if crop.shape[0] > SIDE else cv2.INTER_CUBIC)
    given = torch.from_numpy(small).permute(2, 0, 1)[None].to(device.torch_device, device.dtype)
    made = given + smoothed(net(given) - given, SMOOTHING)
    found: Colours = made[0].permute(1, 2, 0).float().clamp(0, 1).cpu().numpy()
    return numpy.ascontiguousarray(found)
