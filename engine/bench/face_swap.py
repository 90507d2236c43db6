"""Face swap: every method on the astronaut that scikit-image brings, whose identity is her mirror image."""

from __future__ import annotations

from typing import Any

import numpy
from PIL import Image
from skimage import data

from engine.bench.measure import whole
from engine.faces.identities import names
from engine.picture import open_picture
from engine.tasks.face_swap import FACE_SWAP


def measure(repeat: int) -> list[dict[str, Any]]:
    """All figures; the larger face once, after a cold run."""
    values = numpy.asarray(data.astronaut())  # type: ignore[no-untyped-call]
    photo = FACE_SWAP.inputs[0].open(Image.fromarray(values))
    identity = open_picture(Image.fromarray(numpy.ascontiguousarray(values[:, ::-1])))
    pictures = {"image": [photo], "identity": [identity]}
    found = [
        whole(FACE_SWAP, {"consent": True, "method": method}, repeat, pictures=pictures)
        for method in ("editor", "classical", "patches")
    ]
    found.append(whole(FACE_SWAP, {"consent": True, "size": 512}, 1, pictures=pictures))
    trained = [{"consent": True, "method": "network", "trained": name} for name in names()[:1]]
    return found + [whole(FACE_SWAP, each, repeat, pictures={"image": [photo]}) for each in trained]
