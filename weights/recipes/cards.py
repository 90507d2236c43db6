"""Make ``demos/cards``: before and after of every tab, by the hub's own tasks on its own example pictures.

    python weights/recipes/cards.py

Some minutes on two cores; seeds are the tasks' defaults.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from engine import TASKS, Runtime, StepRun, open_picture  # noqa: E402
from engine.contracts.parameters import parse  # noqa: E402

EXAMPLES = ROOT / "demos" / "examples"
SIDE = 288
"""Side in pixels of each half of a card."""
GAP = 4
RUNTIME = Runtime()


def example(name: str) -> Image.Image:
    with Image.open(EXAMPLES / name) as image:
        return image.convert("RGB")


def result_of(name: str, pictures: dict[str, Image.Image], **parameters: Any) -> Image.Image:
    task = TASKS[name]
    inputs = {key: [open_picture(image)] for key, image in pictures.items()}
    return StepRun(RUNTIME.run(task, inputs, parse(task.parameters, parameters))).finish().image


def card(name: str, before: Image.Image, after: Image.Image, centre: tuple[float, float] = (0.5, 0.5)) -> None:
    sheet = Image.new("RGB", (2 * SIDE + GAP, SIDE), "white")
    sheet.paste(ImageOps.fit(before, (SIDE, SIDE), centering=centre), (0, 0))
    sheet.paste(ImageOps.fit(after, (SIDE, SIDE), centering=centre), (SIDE + GAP, 0))
    sheet.save(ROOT / "demos" / "cards" / f"{name}.jpg", quality=86)
    print(name)


def main() -> None:
    palace, temple, astronaut = example("palace.jpg"), example("temple.jpg"), example("astronaut.jpg")
    starry = example("paintings/starry_night.jpg")
    card("style-v1", palace, result_of("style-v1", {"content": palace, "style": starry}), (0.8, 0.5))
    card("style-v2", temple, result_of("style-v2", {"content": temple}, style_name="pale-wave", size=512), (0.3, 0.5))
    portrait, man = example("astronaut_head.jpg"), example("moltedo.jpg")
    painted = result_of(
        "style-v3", {"content": portrait, "style": example("moltedo_head.jpg")}, size=384, iterations=200
    )
    card("style-v3", portrait, painted)
    roof = temple.crop((96, 96, 168, 168))
    card(
        "super-resolution",
        roof.resize((288, 288), Image.Resampling.BICUBIC),
        result_of("super-resolution", {"image": roof}, method="residual"),
    )
    mask = example("astronaut_rocket.png")
    part = (250, 0, 512, 262)
    filled = result_of("inpainting", {"image": astronaut, "mask": mask}, method="refined")
    card("inpainting", astronaut.crop(part), filled.crop(part))
    swapped = result_of("face-swap", {"image": man, "identity": astronaut}, consent=True)
    head = (100, 60, 300, 260)
    card("face-swap", man.crop(head), swapped.crop(head))


if __name__ == "__main__":
    main()
