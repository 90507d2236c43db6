"""Make the pictures of the styles in V2's gallery, ``demos/examples/styles/NAME.jpg``, by the networks themselves.

python weights/recipes/style_thumbnails.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from engine import TASKS, Runtime, StepRun, open_picture  # noqa: E402
from engine.feedforward_style.styles import SHOWN  # noqa: E402

EXAMPLES = ROOT / "demos" / "examples"
SIZE = 448
"""Longer side of the painted photo in pixels."""
SIDE = (224, 168)


def main() -> None:
    runtime, task = Runtime(), TASKS["style-v2"]
    photo = open_picture(EXAMPLES / "temple.jpg")
    for name in SHOWN:
        parameters = task.parameters(style_name=name, size=SIZE)
        painted = StepRun(runtime.run(task, {"content": [photo]}, parameters)).finish().image
        small = ImageOps.fit(painted, SIDE, Image.Resampling.LANCZOS)
        small.save(EXAMPLES / "styles" / f"{name}.jpg", quality=88)
        print(name)


if __name__ == "__main__":
    main()
