"""Files of shown pictures: whole as soon as they have a name, and written once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from demos.components.shown_picture import ShownPair, ShownPicture, shown_file
from tests.support import pictures


def test_an_equal_picture_leaves_the_file_that_a_browser_may_be_fetching(tmp_path: Path) -> None:
    photo = pictures.scene()
    file = Path(shown_file(photo, str(tmp_path), "jpeg"))
    assert Image.open(file).size == photo.size
    os.utime(file, (0, 0))
    before = file.stat()
    assert shown_file(photo.copy(), str(tmp_path), "jpeg") == str(file)
    after = file.stat()
    assert after.st_ino == before.st_ino
    assert after.st_mtime > before.st_mtime, "what is shown again is young again"
    assert shown_file(pictures.painting(), str(tmp_path), "jpeg") != str(file)


def test_a_file_has_its_name_when_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name appears by renaming: what is renamed has all bytes."""
    sizes: list[tuple[bool, int]] = []
    rename = Path.replace

    def replaced(self: Path, target: Path) -> Path:
        sizes.append((Path(target).exists(), self.stat().st_size))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", replaced)
    file = Path(shown_file(pictures.scene(), str(tmp_path), "jpeg"))
    assert sizes == [(False, file.stat().st_size)]
    assert [each.name for each in file.parent.iterdir()] == ["image.jpeg"]


def test_the_page_draws_them_as_gradio_does(tmp_path: Path) -> None:
    picture, pair = ShownPicture(), ShownPair()
    for component, name in ((picture, "image"), (pair, "imageslider")):
        component.GRADIO_CACHE = str(tmp_path)
        assert (component.get_block_name(), component.get_config()["interactive"]) == (name, False)
    shown = picture.postprocess(pictures.scene())
    both = pair.postprocess((pictures.scene(), None))
    assert shown is not None
    assert both.root[0].path == shown.path
    assert both.root[1] is None
    assert picture.postprocess(None) is None
    assert pair.postprocess(None) is None
