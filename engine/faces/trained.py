"""Networks of one identity: found by name, among the shipped ones and those that this machine's owner has trained."""

from __future__ import annotations

import os
import re
from pathlib import Path

import cv2
import numpy
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from engine.catalogue import FOLDER, catalogue
from engine.device import Device
from engine.errors import ParameterError, UnknownNameError
from engine.faces.align import Colours
from engine.models import models
from engine.nets.face_transform import FaceTransform, build

PLACE = "PENTIMENTO_IDENTITIES"
"""Environment variable: the folder of trained networks; default ``weights/identities``."""
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")
SHIPPED = "face-swap-"
"""How the catalogue's entries begin."""
SIDE = 256
"""Of the faces that networks are trained with."""


def folder() -> Path:
    """Where trained networks are."""
    return Path(os.environ.get(PLACE) or FOLDER / "identities")


def names() -> list[str]:
    """Of all networks: shipped ones first."""
    shipped = [each.name.removeprefix(SHIPPED) for each in catalogue() if each.name.startswith(SHIPPED)]
    return [*shipped, *sorted(path.stem for path in folder().glob("*.safetensors"))]


def entries(name: str) -> tuple[str, ...]:
    """The catalogue entry of a network, where it is a shipped one."""
    return (SHIPPED + name,) if any(each.name == SHIPPED + name for each in catalogue()) else ()


def network(name: str, device: Device) -> FaceTransform:
    """A network by name; never by path: the name may come from a visitor.

    Raises:
        ParameterError: there is none of that name, or its file is none.
    """
    if not NAME.fullmatch(name):
        raise ParameterError(f"A trained identity has a name such as {(names() or ['my-identity'])[0]!r}.")
    try:
        found = models.get(catalogue()[SHIPPED + name], device)
    except UnknownNameError:
        path = folder() / f"{name}.safetensors"
        if not path.is_file():
            known = ", ".join(names()) or "none yet; python -m engine train face-swap makes one"
            raise ParameterError(f"There is no trained identity {name!r}; there are: {known}.") from None
        try:
            found = build({key: value.float() for key, value in load_file(path).items()}).to(device.torch_device)
        except (OSError, SafetensorError, KeyError, RuntimeError):
            raise ParameterError(f"The file of the trained identity {name!r} cannot be read.") from None
    assert isinstance(found, FaceTransform)
    return found


@torch.inference_mode()
def transformed(net: FaceTransform, crop: Colours, device: Device) -> Colours:
    """The identity's face for a scene's crop ``(side, side, 3)``, in the network's size."""
    small = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA if crop.shape[0] > SIDE else cv2.INTER_CUBIC)
    given = torch.from_numpy(small).permute(2, 0, 1)[None].to(device.torch_device, next(net.parameters()).dtype)
    found: Colours = net(given)[0].permute(1, 2, 0).clamp(0, 1).float().cpu().numpy()
    return numpy.ascontiguousarray(found)
