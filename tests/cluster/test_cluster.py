"""Several machines, as far as one machine can show it: Ray's workers and replicas are processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from engine import TASKS, Job, Picture, Runtime, Step, StepRun, open_video
from engine.batch.journal import NAME
from engine.batch.run import Order, batch
from engine.cluster.ray_batch import LOST, RETRIES, Workers, batch_on_ray
from engine.cluster.replica_client import Replicas
from engine.contracts.errors import ClusterError, MissingInputError, ParameterError
from engine.contracts.job import Phase
from engine.contracts.parameters import Parameters, parse
from engine.contracts.settings import Settings
from engine.imaging.door import open_input
from engine.runtime.runner import RunResult
from tests.conftest import ROOT, served
from tests.support import pictures
from tests.support.asking import PATIENCE, ask, wait_until
from tests.support.commands import refusal
from tests.support.soak import SETTINGS, soak
from tests.support.videos import moving_sun

pytestmark = [
    pytest.mark.filterwarnings("ignore::Warning:ray.*"),
    pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray (requirements-ray.txt)"),  # it is imported later
]
MANY = 6
SHARE = 0.5
"""Of a core, for each process: replicas and workers are on one cluster here."""
TASK = TASKS["style-v1"]


def parameters(**values: object) -> Parameters:
    return parse(TASK.parameters, {"size": 96, "iterations": 12, "seed": 4, **values})


@contextmanager
def one_thread() -> Iterator[None]:
    """As workers of one core have: sums have another order with two."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two replicas on a cluster of this machine; where it is."""
    log = tmp_path_factory.mktemp("replicas") / "log"
    command = [sys.executable, "-m", "engine", "replicas", "--count", "2", "--cpus", str(SHARE)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    try:
        line = wait_until(
            lambda: process.poll() or re.search(r"PENTIMENTO_REPLICAS=(\S+)", log.read_text()), 2 * PATIENCE
        )
        assert isinstance(line, re.Match), log.read_text()
        yield line[1]
    finally:
        process.terminate()
        assert process.wait(60) == 0


def test_a_worker_is_killed_and_every_result_is_there_once(address: str, tmp_path: Path, runtime: Runtime) -> None:
    folder, alone, together = (tmp_path / name for name in ("photos", "alone", "together"))
    folder.mkdir()
    for index in range(MANY):
        pictures.scene(200 + index, 160).save(folder / f"{index:02}.png")
    (folder / "bad.png").write_bytes(b"hello, I am not a picture")
    inputs = {"style": [open_input(TASK.inputs[1], pictures.painting())]}
    order = Order(task=TASK, parameters=parameters(iterations=6), inputs=inputs)
    with one_thread():
        StepRun(batch(runtime, str(folder), alone, order)).finish()

    killed = 0
    run = StepRun(batch_on_ray(str(folder), together, order, Workers(address=address, count=2, cpus=SHARE)))
    for _ in run:
        lines = journal(together)
        if len(lines) >= 3 and not killed:
            killed = next(line["worker"] for line in reversed(lines) if "worker" in line)
            os.kill(killed, signal.SIGKILL)
    assert killed, "in the middle"
    assert (run.result.written, list(run.result.failed), run.result.left) == (MANY, ["bad.png"], 0)
    lines = journal(together)
    assert set(Counter(line["name"] for line in lines).values()) == {1}, "each once"
    assert {line["worker"] for line in lines if "worker" in line} - {killed}
    assert sorted(path.name for path in together.iterdir()) == sorted(path.name for path in alone.iterdir())
    for path in alone.glob("*.png"):
        assert (together / path.name).read_bytes() == path.read_bytes(), f"{path.name} as on one machine"
    report = StepRun(batch(runtime, str(folder), together, order)).finish()
    assert (report.written, report.kept) == (0, MANY), "both ways keep the same journal"


def journal(folder: Path) -> list[dict[str, object]]:
    path = folder / NAME
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_file_that_kills_its_workers_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.png", "b.png"):
        pictures.scene().save(tmp_path / name)
    row = {"index": 0, "result": b"a picture", "key": "1", "error": None, "seconds": 1.0, "worker": 1}
    monkeypatch.setattr("engine.cluster.ray_batch._rows", lambda items, order, workers: iter([row]))
    order = Order(task=TASKS["style-v2"], parameters=parse(TASKS["style-v2"].parameters, {}), inputs={})
    report = StepRun(batch_on_ray(str(tmp_path), tmp_path / "out", order, Workers())).finish()
    assert (report.written, report.failed, report.left) == (1, {"b.png": LOST}, 0)
    assert LOST.values == {"times": RETRIES + 1}
    assert [line["name"] for line in journal(tmp_path / "out") if "error" in line] == ["b.png"]


def test_no_cluster_and_no_room_are_refused(
    tmp_path: Path, runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures.scene().save(tmp_path / "a.png")
    command = ["batch", "style-v2", str(tmp_path), str(tmp_path / "out"), "--ray"]
    error = refusal(runtime, [*command, "127.0.0.1:1"], capsys)
    assert type(error) is ClusterError
    assert error.fields["address"] == "127.0.0.1:1"
    error = refusal(runtime, [*command, "--workers", "-1"], capsys)
    assert type(error) is ParameterError
    assert error.fields == {"count": -1}
    order = Order(task=TASKS["style-v2"], parameters=parse(TASKS["style-v2"].parameters, {}), inputs={})
    with pytest.raises(ClusterError) as full:
        StepRun(batch_on_ray(str(tmp_path), tmp_path / "out", order, Workers(count=1000))).finish()
    assert 0 < full.value.fields["most"] < 1000


@pytest.fixture(scope="module")
def there(address: str) -> Iterator[Replicas]:
    """What a page has that lets replicas do its runs."""
    page = Runtime(Settings(replicas=address))
    try:
        yield Replicas(page)
        assert not page.has_loaded_nets, "a page computes nothing itself"
    finally:
        sys.modules["ray"].shutdown()


def processes() -> list[int]:
    """Of the replicas."""
    table = subprocess.run(["ps", "-axo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in table.splitlines() if "ray::ServeReplica:pentimento" in line]


def test_replicas_are_as_quick_as_other_programs(there: Replicas) -> None:
    """Ray's workers are `nice` by default: beside a busy program they would get a thirtieth of a core."""
    assert there.count == 2
    niceness = {os.getpriority(os.PRIO_PROCESS, each) for each in processes()}
    assert niceness == {os.getpriority(os.PRIO_PROCESS, 0)}


def iterates(step: Step) -> bool:
    """Whether it is a step of the descent: it has losses."""
    return bool(step.figures())


def test_a_replica_does_what_the_engine_does(
    there: Replicas, runtime: Runtime, photo: Picture, painting: Picture
) -> None:
    inputs = {"content": [photo], "style": [painting]}
    with one_thread():
        here = StepRun(runtime.run(TASK, inputs, parameters())).finish()
    run = StepRun(there.run(TASK, inputs, parameters(), Job()))
    steps = list(run)
    assert run.result.image.tobytes() == here.image.tobytes()
    assert run.result.recipe == here.recipe
    assert run.result.facts.json().keys() == here.facts.json().keys()
    assert run.result.explanation is not None
    assert here.explanation is not None
    assert run.result.explanation.picture().size == here.explanation.picture().size
    assert any(iterates(step) for step in steps)
    assert [step.preview().size for step in steps if step.preview]
    with pytest.raises(MissingInputError) as refused:
        StepRun(there.run(TASK, {"content": [photo]}, parameters(), Job())).finish()
    assert refused.value.fields == {"input": TASK.input("style").label}


def test_a_run_works_in_a_notebook(there: Replicas, photo: Picture, painting: Picture) -> None:
    """An asyncio loop runs there, in which Ray's clients refuse to wait."""

    async def cell() -> RunResult:
        run = there.run(TASK, {"content": [photo], "style": [painting]}, parameters(iterations=2), Job())
        return StepRun(run).finish()

    with ThreadPoolExecutor(1) as thread:
        assert max(thread.submit(lambda: asyncio.run(cell())).result().image.size) == 96


def test_an_error_of_a_replica_is_that_of_the_engine(there: Replicas, photo: Picture, painting: Picture) -> None:
    inputs = {"content": [photo], "style": [painting]}
    with pytest.raises(ParameterError) as refused:
        StepRun(there.run(TASK, inputs, parameters(style_weights=(1.0, 2.0)), Job())).finish()
    assert refused.value.fields == {"parameter": "style_weights", "values": 2, "paintings": 1}


def test_a_stop_reaches_the_replica_and_the_best_comes_back(there: Replicas, photo: Picture, painting: Picture) -> None:
    job = Job()
    run = StepRun(there.run(TASK, {"content": [photo], "style": [painting]}, parameters(iterations=2000), job))
    for step in run:
        if iterates(step):
            job.stop()
    facts = run.result.facts
    assert facts.stopped
    assert 0 < facts.task.figures["iterations"] < 1000


def test_a_video_goes_there_and_back(there: Replicas, runtime: Runtime, tmp_path: Path) -> None:
    task = TASKS["style-v2-video"]
    wanted = parse(task.parameters, {"size": 96})
    inputs = {"video": [open_video(moving_sun(tmp_path / "a.mp4"))]}
    with one_thread():
        here = StepRun(runtime.run(task, inputs, wanted)).finish()
    far = StepRun(there.run(task, inputs, wanted, Job())).finish()
    for name in ("frames", "size"):
        assert far.facts.json()[name] == here.facts.json()[name]
    extents = []
    for name, result in (("here.mp4", here), ("far.mp4", far)):
        result.save(tmp_path / name)
        video = open_video(tmp_path / name)
        extents.append((video.size, video.frames, video.seconds, video.sound))
    assert extents[0] == extents[1]


def test_a_replica_is_killed_in_the_middle_of_its_run(there: Replicas, photo: Picture, painting: Picture) -> None:
    results: dict[int, bytes] = {}
    begun_again: list[Step] = []
    working = threading.Event()

    def visit(number: int) -> None:
        inputs = {"content": [photo], "style": [painting]}
        job = Job(f"visitor {number}", f"address {number}")
        run = StepRun(there.run(TASK, inputs, parameters(iterations=30), job))
        done = 0.0
        for step in run:
            if iterates(step):
                working.set()
            if step.phase is Phase.WORKING:
                begun_again.extend([step] if step.done < done else [])
                done = step.done
        results[number] = run.result.image.tobytes()

    visitors = [threading.Thread(target=visit, args=(number,)) for number in range(4)]
    for each in visitors:
        each.start()
    assert working.wait(PATIENCE)
    for process in processes():  # both: one of them had a run
        os.kill(process, signal.SIGKILL)
    for each in visitors:
        each.join(2 * PATIENCE)
    assert len(results) == 4, "nobody's run is lost"
    assert len(set(results.values())) == 1
    assert begun_again, "who waits is shown that it begins again"
    wait_until(lambda: there.count == 2)


def test_a_page_loses_no_run_when_a_replica_is_killed_under_load(address: str) -> None:
    with served("replicas", PENTIMENTO_REPLICAS=address, **SETTINGS) as server:
        health = json.loads(ask(f"{server.url}/healthz")[1])
        assert (health["status"], health["replicas"]) == ("ok", 2)
        threading.Timer(1.5, lambda: os.kill(processes()[0], signal.SIGKILL)).start()
        report = soak(server, visitors=8, runs=24)
        assert not report.lost
        assert len(report.seconds) == 24
        wait_until(lambda: json.loads(ask(f"{server.url}/healthz")[1])["replicas"] == 2)


def test_a_page_without_its_replicas_says_so() -> None:
    environment = {**os.environ, "PENTIMENTO_REPLICAS": "127.0.0.1:1"}
    ended = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("error: ")
    assert "127.0.0.1:1" in last
