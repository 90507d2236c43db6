"""Memory, disk and time that a visitor takes: reserved before, counted meanwhile, given back afterwards."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gradio.data_classes import FileData, ImageData
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from demos.components import uploads
from demos.components.mask_editor import MaskEditor
from demos.components.recipe_upload import RecipeUpload
from demos.components.uploads import CameraFrames, PicturesUpload, PictureUpload
from demos.serving import runs
from demos.serving.address import PREFIX, TEMPORARY
from demos.serving.limits import Limits
from demos.serving.request import MCP
from demos.serving.site import Site
from engine import TASKS, Job, Runtime, Step
from engine.contracts.messages import Message
from engine.contracts.settings import Settings
from engine.imaging import door
from tests.conftest import ROOT
from tests.support import pictures


@pytest.fixture(scope="module")
def site() -> Site:
    return Site(Runtime(Settings(run_minutes=7)))


def test_a_run_ends_when_its_time_is_over(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the setting's minutes; one of an MCP client, which nobody may be waiting for, after five."""
    now = [0.0]
    monkeypatch.setattr(runs, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def work(job: Job) -> Iterator[Step]:
        while not job.stopped:
            now[0] += 10
            assert now[0] < 3600, "it is never stopped"
            yield Step(done=0, stage=Message("working"))

    def minutes(address: str) -> float:
        job, now[0] = Job(), 0.0
        job.address = address
        list(runs.paced(work(job), job, 60 * 30))
        return now[0] / 60

    assert minutes("1.1.1.1") == pytest.approx(30, abs=0.5)
    assert minutes(MCP) == pytest.approx(5, abs=0.5)
    asked: list[float] = []
    monkeypatch.setattr(runs, "paced", lambda run, job, longest: asked.append(longest) or iter(()))
    task = TASKS["find-faces"]
    with suppress(Exception):
        list(site.runs._steps(task.name, {"image": []}, task.parameters(), Job()))
    assert asked == [60 * site.runtime.settings.run_minutes]


def test_uploads_on_their_way_take_room(tmp_path: Path) -> None:
    """What comes is reserved while it comes, and what has come counts until the disk is looked at."""
    told: list[tuple[str, int, int]] = []
    room: Any = SimpleNamespace(
        left=lambda most: most,
        reserve=lambda count: told.append(("reserve", count, 0)),
        release=lambda reserved, got: told.append(("release", reserved, got)),
    )

    async def took(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await PlainTextResponse("done")(scope, receive, send)

    client = TestClient(Limits(took, 10_000_000, 5_000_000, {"en": "", "zh-CN": ""}, room))
    assert client.post("/gradio_api/upload", content=b"a" * 30_000).text == "done"
    assert told[0][0] == "reserve"
    assert told[0][1] >= 30_000
    assert told[1] == ("release", told[0][1], 30_000)
    with pytest.raises(ZeroDivisionError):
        TestClient(Limits(lambda *_: 1 / 0, 10_000_000, 5_000_000, {}, room)).post("/gradio_api/upload", content=b"a")  # type: ignore[arg-type, return-value]
    assert told[-1][0] == "release", "one that fails gives its room back"


def test_temporary_files_are_the_servers_own(tmp_path: Path) -> None:
    """In a process of its own: what Gradio and libraries write for a moment is counted and goes, too."""
    code = (
        "import sys, tempfile; from demos.serving import address; address.use(sys.argv[1]);"
        "print(tempfile.mkdtemp()); print(*address.places(), sep='\\n')"
    )
    folder = str(tmp_path / f"{PREFIX}x")
    (tmp_path / f"{PREFIX}x" / TEMPORARY).mkdir(parents=True)
    lines = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True, cwd=ROOT)
    made, uploaded, temporary = lines.stdout.split()
    assert made.startswith(temporary)
    assert Path(uploaded).parent == Path(temporary).parent == Path(folder)


def test_memory_is_reserved_wherever_a_picture_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what its header says; a painted mask, a camera's frame and a recipe's picture, too."""
    taken: list[int] = []

    @contextmanager
    def reserved(count: int) -> Iterator[None]:
        taken.append(count)
        yield

    monkeypatch.setattr(uploads, "_DECODING", SimpleNamespace(bytes=reserved))
    spec = TASKS["style-v2"].inputs[0]
    path = str(pictures.saved(pictures.scene(64, 48), tmp_path / "photo.png"))
    data = base64.b64encode(Path(path).read_bytes()).decode()
    file = ImageData(path=path)
    gallery: Any = SimpleNamespace(root=[SimpleNamespace(image=FileData(path=path))])
    for component, value in (
        (PictureUpload(spec), file),
        (CameraFrames(spec), ImageData(url=f"data:image/png;base64,{data}")),
        (RecipeUpload(TASKS), FileData(path=path)),
    ):
        component.GRADIO_CACHE = str(tmp_path)
        component.preprocess(value)  # type: ignore[arg-type]
        assert taken.pop() == door.PIXEL_BYTES * 64 * 48, component
    several = PicturesUpload(TASKS["face-swap"].input("identity"))
    several.GRADIO_CACHE = str(tmp_path)
    monkeypatch.setattr(uploads, "GalleryImage", SimpleNamespace)
    several.preprocess(gallery)
    assert taken.pop() == door.PIXEL_BYTES * 64 * 48
    editor = MaskEditor.__new__(MaskEditor)
    editor.preprocess({"mask": f"data:image/png;base64,{data}"})
    assert taken.pop() == door.PIXEL_BYTES * 64 * 48
    assert not taken
