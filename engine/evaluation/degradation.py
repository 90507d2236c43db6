"""What happens to photos on their way: blur, then reduction, noise and JPEG (Wang et al. 2021, figure 2).

One round of it, seeded, where Real-ESRGAN is trained on two of random strength.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, fields

import cv2
import numpy
from numpy.typing import NDArray
from PIL import Image

from engine.contracts.errors import ParameterError
from engine.contracts.messages import Message
from engine.imaging.resize import imresize_bytes

Values = NDArray[numpy.uint8]


@dataclass(frozen=True, kw_only=True)
class Degradation:
    """How a picture is spoilt; zeros leave it as it is."""

    blur: float = 0.0
    """Standard deviation of a Gaussian, in pixels of the original."""
    noise: float = 0.0
    """Standard deviation of Gaussian noise in grey levels, for every colour of the small picture by itself."""
    jpeg: int = 0
    """Quality of the JPEG that the small picture goes through, 1 to 100."""

    @classmethod
    def parse(cls, text: str) -> Degradation:
        """From ``jpeg=40,noise=5,blur=1.2``, in any order.

        Raises:
            ParameterError: another name, or no number, or one that cannot be.
        """
        names = [field.name for field in fields(cls)]
        values: dict[str, float] = {}
        for part in text.split(","):
            name, _, number = part.partition("=")
            try:
                values[name.strip()] = float(number)
            except ValueError:
                values[name.strip()] = -1
        if not set(values) <= set(names) or not all(0 <= value <= 100 for value in values.values()):
            raise ParameterError(
                Message("--degrade is {given!r}; please give numbers like jpeg=40,noise=5,blur=1.2.", given=text)
            )
        return cls(blur=values.get("blur", 0), noise=values.get("noise", 0), jpeg=round(values.get("jpeg", 0)))

    def reduced(self, original: Values, size: tuple[int, int], seed: int) -> Values:
        """``(H, W, 3)`` -> ``(h, w, 3)`` of the size (width, height), spoilt; the same for the same seed."""
        blurred = cv2.GaussianBlur(original, (0, 0), self.blur) if self.blur else original
        small = imresize_bytes(numpy.asarray(blurred, numpy.uint8), size)
        if self.noise:
            noise = numpy.random.default_rng(seed).normal(0, self.noise, small.shape)
            small = (small + noise).round().clip(0, 255).astype(numpy.uint8)
        if self.jpeg:
            stream = io.BytesIO()
            Image.fromarray(small).save(stream, "JPEG", quality=self.jpeg)
            small = numpy.asarray(Image.open(stream))
        return small
