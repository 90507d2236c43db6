"""Photos to train on: from folders and archives."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from engine.contracts.errors import ParameterError
from engine.training.photos import read_photos


def test_photos_are_read_from_folders_and_archives(folder_of_photos: Path, tmp_path: Path) -> None:
    photos = read_photos(folder_of_photos, shortest=128)
    assert [each.shape for each in photos] == [(140, 132, 3), (140, 135, 3), (140, 138, 3)]
    archive = tmp_path / "photos.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(folder_of_photos, "photos")
    assert [each.tobytes() for each in read_photos(archive, shortest=128)] == [each.tobytes() for each in photos]
    with pytest.raises(ParameterError) as refusal:
        read_photos(folder_of_photos, shortest=500)
    assert refusal.value.fields == {"shortest": 500, "source": "photos"}
    with pytest.raises(ParameterError) as refusal:
        read_photos(folder_of_photos / "notes.txt", shortest=1)
    assert refusal.value.fields == {"source": "notes.txt"}
