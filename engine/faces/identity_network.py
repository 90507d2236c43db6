"""The network of one identity at work."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from engine.contracts.errors import ParameterError
from engine.contracts.messages import Message
from engine.faces.descent import smoothed
from engine.faces.identities import entries, path_of
from engine.imaging.masks import Colours
from engine.model_store.loaded_nets import LoadedNets
from engine.nets.face_transform import FaceTransform, build

SMOOTHING = 0.7
"""Deviation in pixels of the blur of what the network adds; of its colour, four times as much."""
SIDE = 256
"""Side in pixels of the aligned faces that networks of one identity are trained with."""


def network(name: str, folder: Path, nets: LoadedNets) -> FaceTransform:
    """A network by name, in float32: what is added in bfloat16 would show its steps.

    Args:
        name: of a shipped one, or of one in the folder.
        folder: of networks that were trained here.
        nets: shipped ones are taken from.

    Raises:
        ParameterError: there is none of that name, or its file is none.
    """
    for entry in entries(name):
        shipped = nets.get(entry, torch.float32)
        assert isinstance(shipped, FaceTransform)
        return shipped
    refusal = Message("The file of the trained identity {name!r} cannot be read.", name=name)
    return read(path_of(name, folder), refusal).to(nets.device.torch_device, torch.float32)


def read(path: Path, refusal: Message) -> FaceTransform:
    """A network from its file.

    Raises:
        ParameterError: ``refusal``, when the file is none.
    """
    try:
        return build({key: value.float() for key, value in load_file(path).items()})
    except (OSError, SafetensorError, KeyError, RuntimeError):
        raise ParameterError(refusal) from None


@torch.inference_mode()
def transformed(net: FaceTransform, crop: Colours) -> Colours:
    """The identity's face for a scene's crop ``(side, side, 3)``, in the network's size."""
    small = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA if crop.shape[0] > SIDE else cv2.INTER_CUBIC)
    scene = torch.from_numpy(small).permute(2, 0, 1)[None].to(next(net.parameters()).device)
    face = scene + smoothed(net(scene) - scene, SMOOTHING)
    colours: Colours = face[0].permute(1, 2, 0).float().clamp(0, 1).cpu().numpy()
    return numpy.ascontiguousarray(colours)
