"""Photos to learn from, as somebody might have them in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import pictures


@pytest.fixture
def folder_of_photos(tmp_path: Path) -> Path:
    """Three photos, one in a folder inside, and beside them one that is too small and two files that are none."""
    folder = tmp_path / "photos"
    (folder / "deeper").mkdir(parents=True)
    for index, kind in enumerate((pictures.scene, pictures.painting, pictures.scene)):
        kind(132 + 3 * index, 140).save(folder / ("deeper" if index else "") / f"{index}.png")
    pictures.scene(60, 60).save(folder / "small.png")
    (folder / "notes.txt").write_text("no picture")
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder
