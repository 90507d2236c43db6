"""Face parsing: which pixels of an aligned crop are face, hair, glasses, background and so on."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy
import torch
from numpy.typing import NDArray
from torch.nn import functional

from engine.imaging.masks import Colours, Cover
from engine.model_store.loaded_nets import LoadedNets
from engine.nets.bisenet import CLASSES, SIDE, STEP, BiSeNetV2, enlarged

PARTS = "bisenetv2-faces"
"""Entry of the catalogue."""
FACE = ("skin", "left brow", "right brow", "left eye", "right eye", "nose", "mouth", "upper lip", "lower lip")
COVERING = ("hair", "hat")
COLOURS = {
    "skin": (236, 190, 160), "left brow": (120, 80, 50), "right brow": (120, 80, 50), "left eye": (80, 150, 230),
    "right eye": (80, 150, 230), "glasses": (40, 40, 60), "nose": (240, 160, 110), "mouth": (250, 250, 250),
    "upper lip": (210, 80, 90), "lower lip": (190, 60, 75), "hair": (110, 70, 140), "hat": (80, 160, 110),
    "left ear": (220, 150, 150), "right ear": (220, 150, 150), "neck": (200, 150, 130), "cloth": (90, 120, 150),
    "earring": (240, 220, 90), "necklace": (240, 220, 90), "background": (228, 228, 228),
}  # fmt: skip
"""For the eye."""


@dataclass(frozen=True, eq=False)
class Parts:
    """How much every pixel belongs to every class."""

    shares: NDArray[numpy.float32]
    """``(19, H, W)``, which sum to 1."""

    def of(self, *names: str) -> Cover:
        """Share of some classes together at every pixel, ``(H, W)`` in [0, 1]."""
        share: Cover = self.shares[[CLASSES.index(name) for name in names]].sum(0)
        return share

    def picture(self) -> NDArray[numpy.uint8]:
        """In colours, ``(H, W, 3)``."""
        palette = numpy.array([COLOURS[name] for name in CLASSES], numpy.uint8)
        shown: NDArray[numpy.uint8] = palette[self.shares.argmax(0)]
        return shown


@torch.inference_mode()
def parts_of(crop: Colours, nets: LoadedNets) -> Parts:
    """Parts of an aligned face, in the size of the crop ``(side, side, 3)``."""
    net = nets.get(PARTS, torch.float32)
    assert isinstance(net, BiSeNetV2)
    side = crop.shape[0]
    seen = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR)
    picture = torch.from_numpy(seen).to(nets.device.torch_device).permute(2, 0, 1)[None] * (255 / 127.5) - 1
    shares = enlarged(net(picture), STEP).softmax(1)
    sized = functional.interpolate(shares, size=(side, side), mode="bilinear", antialias=side < SIDE)
    return Parts(sized[0].cpu().numpy())
