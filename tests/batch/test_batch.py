"""Batches: names, journals, results that appear at once, bad files, a batch that is killed and goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from engine import TASKS, Runtime, StepRun, open_picture, open_video
from engine.batch.journal import NAME, Journal
from engine.batch.run import Order, Report, batch
from engine.batch.sources import Item, results_of, sources_of
from engine.cli.main import main
from engine.contracts.errors import BatchError, OutputError, ParameterError, PictureError, UnreadablePictureError
from engine.contracts.job import Job
from engine.contracts.parameters import parse
from tests.support import commands, pictures
from tests.support.videos import moving_sun

TASK = TASKS["style-v2"]
ROOT = Path(__file__).parents[2]


def order(**values: object) -> Order:
    return Order(task=TASK, parameters=parse(TASK.parameters, {"size": 96, **values}), inputs={})


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for index, name in enumerate(("a.png", "b.jpg", "more/c.png")):
        pictures.scene(96 + index, 72).save(folder / name)
    (folder / "d.png").write_bytes(b"hello, I am not a picture")
    (folder / "notes.txt").write_text("no picture by its name")
    return folder


Done = Callable[..., Report]


@pytest.fixture
def done(runtime: Runtime) -> Done:
    """A batch to its end."""

    def run(source: Path | str, folder: Path, wanted: Order | None = None) -> Report:
        return StepRun(batch(runtime, str(source), folder, wanted or order())).finish()

    return run


def refusal(file: Path) -> PictureError:
    """What the door says of a file."""
    with pytest.raises(UnreadablePictureError) as error:
        open_picture(file)
    return error.value


def test_every_file_has_its_result_and_bad_ones_are_named(
    photos: Path, tmp_path: Path, runtime: Runtime, done: Done
) -> None:
    out = tmp_path / "out"
    report = done(photos, out)
    assert (report.written, report.kept) == (3, 0)
    assert report.failed == {"d.png": refusal(photos / "d.png").message}
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*")) == [
        "a.png", "b.png", "more/c.png", NAME
    ]  # fmt: skip
    single = StepRun(runtime.run(TASK, {"content": [open_picture(photos / "b.jpg")]}, order().parameters)).finish()
    with Image.open(out / "b.png") as image:
        assert image.tobytes() == single.image.tobytes(), "the same as a single run"


def test_what_is_there_is_kept_and_what_has_changed_is_made_again(photos: Path, tmp_path: Path, done: Done) -> None:
    out = tmp_path / "out"
    done(photos, out)
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    report = done(photos, out)
    assert (report.written, report.kept) == (0, 3)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.png")} == times
    pictures.painting().save(photos / "a.png")
    (out / "b.png").unlink()
    report = done(photos, out)
    assert (report.written, report.kept) == (2, 1)
    assert done(photos, out, order(strength=0.5)).written == 3, "other parameters, other results"


def test_a_batch_never_replaces_its_sources(photos: Path, done: Done) -> None:
    before = {path: path.read_bytes() for path in photos.rglob("*.*")}
    for source in (photos, f"{photos}/*.png"):
        with pytest.raises(OutputError) as refused:
            done(source, photos)
        assert refused.value.fields == {"file": "a.png"}
    assert {path: path.read_bytes() for path in photos.rglob("*.*")} == before


def test_results_inside_the_source_are_no_sources(photos: Path, done: Done) -> None:
    out = photos / "painted"
    assert (done(photos, out).written, done(photos, out).kept) == (3, 3)
    assert done(photos, photos / "second").written == 6, "they are, of another batch"


def test_a_file_of_somebody_else_is_left_alone(photos: Path, tmp_path: Path, runtime: Runtime, done: Done) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png").write_bytes(b"somebody's")
    report = done(photos, out)
    assert (report.written, set(report.failed)) == (2, {"a.png", "d.png"})
    assert report.failed["a.png"].values == {"file": "a.png"}
    assert (out / "a.png").read_bytes() == b"somebody's"
    command = ["batch", "style-v2", str(photos), str(out), "--size", "96", "--overwrite"]
    assert main(command, runtime=runtime) == 1, "d.png is no picture"
    assert (out / "a.png").read_bytes() != b"somebody's"


def test_a_result_whose_line_was_lost_in_a_kill_is_from_this_batch(photos: Path, tmp_path: Path, done: Done) -> None:
    out = tmp_path / "out"
    out.mkdir()
    Journal(out).begin("a.png", out / "a.png")
    (out / "a.png").write_bytes(b"put into its place, and then killed")
    assert done(photos, out).written == 3
    assert not list(out.glob(".*"))


def test_notes_of_macos_are_no_pictures(tmp_path: Path) -> None:
    for name in ("._a.png", "__MACOSX/b.png", "photo [1].png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pictures.scene().save(tmp_path / name)
    assert [each.name for each in sources_of(str(tmp_path), order().fits).items] == ["photo [1].png"]
    assert [each.name for each in sources_of(str(tmp_path / "photo [1].png"), order().fits).items] == ["photo [1].png"]


def test_a_zip_and_a_pattern_are_sources(photos: Path, tmp_path: Path, done: Done) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(photos / "a.png", "deep/a.png")
        for outside in ("../outside.jpg", "deep/../../outside2.jpg", "C:/outside3.jpg"):
            archive.write(photos / "b.jpg", outside)
    report = done(tmp_path / "a.zip", tmp_path / "zipped")
    assert (report.written, report.failed) == (1, {})
    assert (tmp_path / "zipped" / "deep" / "a.png").exists()
    assert not list(tmp_path.rglob("*outside*"))
    assert done(f"{photos}/*.jpg", tmp_path / "matched").written == 1
    with pytest.raises(ParameterError) as nothing:
        done(tmp_path / "nowhere", tmp_path / "none")
    assert nothing.value.fields == {"source": str(tmp_path / "nowhere")}
    assert not (tmp_path / "none").exists()


def test_a_task_that_needs_several_pictures_at_once_has_no_batch(photos: Path, tmp_path: Path, done: Done) -> None:
    several = replace(TASK, inputs=(replace(TASK.inputs[0], least=2, most=2),))
    with pytest.raises(ParameterError) as refused:
        done(photos, tmp_path / "out", replace(order(), task=several))
    assert refused.value.fields == {"task": "style-v2"}


def test_no_two_results_have_one_place() -> None:
    path = Path("x")
    items = [Item(name, path) for name in ("a.jpg", "a.png", "b/a.png", "c.webp")]
    items.append(Item("c.webp", Path("y")))
    places = [str(each) for each in results_of(items, ".png").values()]
    assert places == ["a.jpg.png", "a.png.png", "b/a.png", "c.webp.png", "c.webp-2.png"]
    assert len(set(places)) == len(items)


def test_half_a_line_of_a_journal_is_no_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    (tmp_path / "a.png").touch()
    journal.note("a.jpg", {"key": "1"})
    with (tmp_path / NAME).open("a") as stream:
        stream.write('{"name": "b.jpg", "ke')
    again = Journal(tmp_path)
    assert again.done("a.jpg", "1", tmp_path / "a.png")
    assert not again.done("a.jpg", "2", tmp_path / "a.png")
    assert not again.done("a.jpg", "1", tmp_path / "gone.png")
    assert not again.done("b.jpg", "1", tmp_path / "a.png")
    again.note("c.jpg", {"key": "3"})
    assert Journal(tmp_path).done("c.jpg", "3", tmp_path / "a.png"), "a new line begins behind the broken one"


@pytest.mark.parametrize(
    "line",
    [b"[1, 2]", b'"a.jpg"', b"7", b"null", b'{"key": "1"}', b'{"name": 7, "key": "1"}', b'{"name": "b\xff"}', b"\x00"],
)
def test_lines_that_are_none_of_a_journal_are_passed_over(line: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    Journal(tmp_path).note("a.jpg", {"key": "1"})
    with (tmp_path / NAME).open("ab") as stream:
        stream.write(line + b"\n")
    again = Journal(tmp_path)
    assert again.done("a.jpg", "1", tmp_path / "a.png")
    again.note("c.jpg", {"key": "3"})
    assert Journal(tmp_path).done("c.jpg", "3", tmp_path / "a.png")


def test_a_stop_leaves_the_rest_and_nothing_half_done(
    photos: Path, tmp_path: Path, runtime: Runtime, done: Done
) -> None:
    job, out = Job(), tmp_path / "out"
    run = StepRun(batch(runtime, str(photos), out, order(), job))
    for step in run:
        if "part" in step.stage.values and step.stage.values["part"].values["number"] == 2:
            assert step.stage.values["part"].values == {"number": 2, "count": 4, "file": "b.jpg"}
            job.stop()
    assert run.result.written == 1
    assert run.result.left == 3
    assert [path.name for path in out.rglob("*.p*")] == ["a.png", NAME] or not list(out.rglob("*.part"))
    assert done(photos, out).written == 2


def test_progress_and_time_left(photos: Path, tmp_path: Path, runtime: Runtime) -> None:
    steps = list(batch(runtime, str(photos), tmp_path / "out", order()))
    shares = [step.done for step in steps]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert any(step.seconds_left for step in steps)


def test_a_killed_batch_goes_on(tmp_path: Path) -> None:
    folder, out = tmp_path / "photos", tmp_path / "out"
    folder.mkdir()
    for index in range(4):
        pictures.scene(120 + index, 90).save(folder / f"{index}.png")
    command = [sys.executable, "-m", "engine", "batch", "style-v1", str(folder), str(out), "--size", "64"]
    command += ["--iterations", "12", "--style", str(pictures.saved(pictures.painting(), tmp_path / "style.png"))]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + 120
        while len(list(out.glob("*.png"))) < 2:
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    for path in out.glob("*.png"):
        if not path.name.startswith("."):
            with Image.open(path) as image:
                image.load()
    before = {path: path.stat().st_mtime_ns for path in out.glob("[0-9].png")}
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert len(list(out.glob("[0-9].png"))) == 4
    kept = int(printed.split(" were there")[0].split()[-1])
    assert kept >= 1
    assert sum(path.stat().st_mtime_ns == then for path, then in before.items()) >= kept
    lines = [json.loads(line) for line in (out / NAME).read_text().splitlines()]
    assert len({line["name"] for line in lines}) == 4


def test_the_command_reports_failures(
    photos: Path, tmp_path: Path, runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["batch", "super-resolution", str(photos), str(tmp_path / "out"), "--method", "bicubic", "--scale", "2"]
    assert main([*command, "--kind", "jpeg"], runtime=runtime) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("3 made, 0 were there, 1 failed;")
    assert f"d.png  {refusal(photos / 'd.png')}\n" in shown.err
    with Image.open(tmp_path / "out" / "more" / "c.jpg") as image:
        assert image.size == (196, 144)
    error = commands.refusal(runtime, [*command, "--kind", "jpeg"], capsys)
    assert type(error) is BatchError
    assert error.fields == {"failed": 1}


def test_other_inputs_are_the_same_for_all(photos: Path, tmp_path: Path, runtime: Runtime) -> None:
    mask = pictures.saved(pictures.hole(), tmp_path / "mask.png")
    out = tmp_path / "out"
    command = ["batch", "inpainting", str(photos), str(out), "--mask", str(mask), "--method", "classical"]
    assert main(command, runtime=runtime) == 1
    assert sorted(path.name for path in out.rglob("*.png")) == ["a.png", "b.png"], "c has another shape"
    assert {path.suffix for path in out.rglob("*.*")} <= {".png", ".jsonl"}
    assert len(sources_of(str(out), order().fits).items) == 2


def test_videos_are_painted_and_enlarged(tmp_path: Path, runtime: Runtime) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    moving_sun(folder / "a.mp4")
    (folder / "b.mp4").write_bytes(b"no video")
    for task, option, size in (("style-v2-video", ("--size", "96"), 96), ("super-resolution-video", (), 192)):
        out = tmp_path / task
        assert main(["batch", task, str(folder), str(out), *option], runtime=runtime) == 1
        assert open_video(out / "a.mp4").size[0] == size
        assert not (out / "b.mp4").exists()
