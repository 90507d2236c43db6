"""Memory that is reserved before pictures are decoded."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from demos.components.reserved import Reserved
from engine.imaging.door import stated_pixels
from tests.support.pictures import encoded, png_claiming, scene


def test_no_more_is_taken_at_a_time_than_there_is() -> None:
    room, lock = Reserved(100), threading.Lock()
    inside, most, whole = 0, 0, 0
    gate = threading.Barrier(12)

    def decode(count: int) -> None:
        nonlocal inside, most, whole
        gate.wait()
        with room.bytes(count):
            with lock:
                inside += min(count, 100)
                most = max(most, inside)
            threading.Event().wait(0.01)
            with lock:
                inside -= min(count, 100)
                whole += 1

    threads = [threading.Thread(target=decode, args=(count,)) for count in (40, 60, 100, 500, 30, 30) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert whole == 12, "nobody waits for ever, not even one that wants more than there is"
    assert 60 <= most <= 100


def test_what_fails_gives_back_what_it_took() -> None:
    room = Reserved(10)
    for _ in range(3):
        with pytest.raises(ValueError, match="damaged"), room.bytes(10):
            raise ValueError("damaged")


def test_pixels_are_told_by_the_header_alone(tmp_path: Path) -> None:
    for kind in ("PNG", "JPEG", "TIFF", "WEBP"):
        (tmp_path / kind).write_bytes(encoded(scene(96, 72), kind))
        assert stated_pixels(tmp_path / kind) == 96 * 72
    for name, data in (("bomb", png_claiming(40_000, 40_000)), ("text", b"no picture"), ("none", b"")):
        (tmp_path / name).write_bytes(data)
        assert stated_pixels(tmp_path / name) == 0, "the door refuses it by its header"
    assert stated_pixels(tmp_path / "missing") == 0
