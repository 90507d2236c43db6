"""Names of a batch's files: odd endings and none, very long ones, colons, and what is skipped."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from PIL import Image

from engine import TASKS, Runtime, StepRun
from engine.batch.journal import NAME, WRITING, Journal
from engine.batch.run import Order, Report, batch
from engine.batch.sources import LONGEST_NAME, Item, results_of, sources_of
from engine.contracts.errors import OutputError
from engine.contracts.parameters import parse
from tests.support import pictures
from tests.support.videos import moving_scene

ROOT = Path(__file__).parents[2]
LONG = "猫" * 82 + ".png"
"""250 bytes."""


def order(task: str = "super-resolution", **values: object) -> Order:
    spec = TASKS[task]
    return Order(task=spec, parameters=parse(spec.parameters, values or {"method": "bicubic", "scale": 2}), inputs={})


@pytest.fixture
def done(runtime: Runtime) -> Callable[..., Report]:
    def run(source: Path, folder: Path, wanted: Order | None = None) -> Report:
        return StepRun(batch(runtime, str(source), folder, wanted or order())).finish()

    return run


def named(source: Path, wanted: Order | None = None) -> tuple[list[str], list[str]]:
    sources = sources_of(str(source), (wanted or order()).fits)
    return [each.name for each in sources.items], sources.skipped


def test_pictures_are_taken_by_ending_or_by_content(tmp_path: Path) -> None:
    kinds = {"a.JPG": "JPEG", "b.jfif": "JPEG", "c.gif": "GIF", "d.mpo": "JPEG", "e": "PNG", "f.download": "WEBP"}
    for name, kind in kinds.items():
        (tmp_path / name).write_bytes(pictures.encoded(pictures.scene(), kind))
    for name in ("notes.txt", "README", NAME, WRITING, "._a.JPG"):
        (tmp_path / name).write_text("no picture")
    (tmp_path / "film").write_bytes(moving_scene())
    assert named(tmp_path) == (sorted(kinds), ["README", "film", "notes.txt"])
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for name in ("a.JPG", "e", "notes.txt"):
            out.write(tmp_path / name, f"12:30/{name}")
        out.writestr("C:/windows.png", b"")
    assert named(archive) == (["12:30/a.JPG", "12:30/e"], ["12:30/notes.txt"])


def test_videos_are_taken_by_content_too(tmp_path: Path, done: Callable[..., Report]) -> None:
    (tmp_path / "films").mkdir()
    for name in ("12:30.mkv", "film"):
        (tmp_path / "films" / name).write_bytes(moving_scene())
    (tmp_path / "films" / "photo.png").write_bytes(pictures.encoded(pictures.scene(), "PNG"))
    wanted = order("super-resolution-video", method="bicubic", scale=2)
    report = done(tmp_path / "films", tmp_path / "out", wanted)
    assert (report.written, report.failed, report.skipped) == (2, {}, ["photo.png"])
    assert {each.name for each in (tmp_path / "out").glob("*.mp4")} == {"12:30.mp4", "film.mp4"}


def test_a_colon_in_a_relative_name_is_no_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine import open_video
    from engine.contracts.job import Job
    from engine.video.reader import process

    monkeypatch.chdir(tmp_path)
    Path("12:30.mkv").write_bytes(moving_scene())
    assert open_video(Path("12:30.mkv")).size == (96, 72)
    StepRun(process(Path("12:30.mkv"), Path("12:31.mp4"), lambda frame: frame, Job())).finish()
    assert open_video(Path("12:31.mp4")).size == (96, 72)


def test_very_long_names_have_results(tmp_path: Path, done: Callable[..., Report]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in (LONG, LONG.replace(".png", ".jpg"), "a" * 251 + ".png"):
        pictures.scene().save(folder / name)
    report = done(folder, tmp_path / "out")
    assert (report.written, report.failed) == (3, {})
    assert done(folder, tmp_path / "out").kept == 3


def test_cut_names_stay_apart() -> None:
    items = [Item(f"{'猫' * 82}{letter}.jpg", Path(letter)) for letter in "abc"]
    items += [Item(each.name.replace(".jpg", ".png"), each.path) for each in items]
    targets = [*results_of(items, ".png").values()]
    assert len({*targets}) == 6
    assert all(len(target.name.encode()) <= LONGEST_NAME for target in targets)
    assert all(target.suffix == ".png" for target in targets)
    assert results_of([Item("a.jpg", Path("a"))], ".png") == {Item("a.jpg", Path("a")): PurePosixPath("a.png")}


def test_a_console_without_such_letters_does_not_fail(tmp_path: Path) -> None:
    source, out = tmp_path / "猫.png", tmp_path / "大猫.png"
    pictures.scene().save(source)
    way = ["super-resolution", "--image", source, "--method", "bicubic", "--scale", "2", "--out", out]
    ended = subprocess.run(
        [sys.executable, "-m", "engine", *map(str, way)], cwd=ROOT, capture_output=True, timeout=120, check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert b"\\u5927\\u732b.png" in ended.stdout
    with Image.open(out) as image:
        assert image.size == (192, 144)


@pytest.mark.parametrize("name", [NAME, WRITING])
def test_a_journal_that_cannot_be_kept_is_one_sentence(
    tmp_path: Path, done: Callable[..., Report], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures.scene().save(tmp_path / "a.png")
    out = tmp_path / "out"
    (out / name).mkdir(parents=True)
    with pytest.raises(OutputError) as refusal:
        done(tmp_path / "a.png", out)
    assert refusal.value.fields["file"] == out / name
    (out / name).rmdir()
    journal = Journal(out)
    monkeypatch.setattr(os, "fsync", lambda number: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OutputError) as refusal:
        journal.note("a.png", {"key": "b"})
    assert refusal.value.fields["problem"] == "No space left on device"


def test_an_unforeseen_error_fails_one_file(
    tmp_path: Path, done: Callable[..., Report], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        pictures.scene().save(folder / name)

    def broken(*inputs: object, **options: object) -> None:
        raise ValueError("a visitor's secret words")

    with monkeypatch.context() as patch:
        patch.setattr("engine.runtime.runner.RunResult.save", broken)
        report = done(folder, tmp_path / "out")
    assert set(report.failed) == {"a.png", "b.png"}
    entry = caplog.records[-1].msg
    assert isinstance(entry, dict)
    assert entry["error"] == "ValueError"
    assert any("broken" in place for place in entry["at"])
    assert report.failed["b.png"].values == {"id": entry["id"]}
    assert "secret" not in json.dumps([record.msg for record in caplog.records])
    assert done(folder, tmp_path / "out").written == 2


def test_what_jpeg_cannot_hold_is_refused_before_the_work(tmp_path: Path, done: Callable[..., Report]) -> None:
    Image.new("RGB", (9000, 16)).save(tmp_path / "strip.png")
    wanted = order(method="bicubic", scale=8)
    jpeg = Order(task=wanted.task, parameters=wanted.parameters, inputs={}, kind="jpeg")
    report = done(tmp_path / "strip.png", tmp_path / "out", jpeg)
    assert report.failed["strip.png"].values == {"format": "JPEG", "limit": 65_500, "width": 72_000, "height": 128}
    assert done(tmp_path / "strip.png", tmp_path / "out", wanted).written == 1


def test_damaged_members_of_an_archive_are_failures(tmp_path: Path, done: Callable[..., Report]) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("a.png", pictures.encoded(pictures.noisy(), "PNG"))
        out.writestr("b.png", pictures.encoded(pictures.scene(), "PNG"))
    data = bytearray(stream.getvalue())
    data[200:1200] = bytes(1000)
    (tmp_path / "all.zip").write_bytes(data)
    report = done(tmp_path / "all.zip", tmp_path / "out")
    assert (set(report.failed), report.written) == ({"a.png"}, 1)
