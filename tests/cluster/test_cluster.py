"""Several machines, as far as one machine can show it: Ray's workers and replicas are processes of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from engine import TASKS, Job, Picture, Walk, run
from engine.batch.journal import NAME
from engine.batch.run import Order, batch
from engine.cli.main import main
from engine.cluster.ray_batch import Workers, batch_on_ray
from engine.cluster.replica_client import Replicas
from engine.contracts.errors import ClusterError, ParameterError
from engine.contracts.parameters import Parameters, parse
from engine.runtime.films import run_film
from engine.runtime.scheduler import TURNS
from engine.tasks import FILMS
from engine.video.reader import look_at
from tests.support import pictures
from tests.support.asking import ask, wait_until
from tests.conftest import ROOT, served
from tests.support.soak import SETTINGS, soak
from tests.video.test_video import video

pytestmark = [
    pytest.mark.filterwarnings("ignore::Warning:ray.*"),
    pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray (requirements-ray.txt)"),  # it is imported later
]
MANY = 8
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
        found = wait_until(lambda: process.poll() or re.search(r"PENTIMENTO_REPLICAS=(\S+)", log.read_text()), 120)
        assert isinstance(found, re.Match), log.read_text()
        yield found[1]
    finally:
        process.terminate()
        assert process.wait(60) == 0


def test_a_worker_is_killed_and_every_result_is_there_once(address: str, tmp_path: Path) -> None:
    folder, alone, together = (tmp_path / name for name in ("photos", "alone", "together"))
    folder.mkdir()
    for index in range(MANY):
        pictures.scene(200 + index, 160).save(folder / f"{index:02}.png")
    (folder / "bad.png").write_bytes(b"hello, I am not a picture")
    given = {"style": [TASK.inputs[1].open(pictures.painting())]}
    order = Order(task=TASK, parameters=parameters(), pictures=given)
    with one_thread():
        Walk(batch(str(folder), alone, order)).finish()

    killed = 0
    walk = Walk(batch_on_ray(str(folder), together, order, Workers(address=address, count=2, cpus=SHARE)))
    for _ in walk:
        lines = journal(together)
        if len(lines) >= 3 and not killed:
            killed = next(line["worker"] for line in reversed(lines) if "worker" in line)
            os.kill(killed, signal.SIGKILL)
    assert killed, "in the middle"
    assert (walk.result.made, list(walk.result.failed), walk.result.left) == (MANY, ["bad.png"], 0)
    lines = journal(together)
    assert set(Counter(line["name"] for line in lines).values()) == {1}, "each once"
    assert {line["worker"] for line in lines if "worker" in line} - {killed}
    assert sorted(path.name for path in together.iterdir()) == sorted(path.name for path in alone.iterdir())
    for path in alone.glob("*.png"):
        assert (together / path.name).read_bytes() == path.read_bytes(), f"{path.name} as on one machine"
    report = Walk(batch(str(folder), together, order)).finish()
    assert (report.made, report.kept) == (0, MANY), "both ways keep the same journal"


def journal(folder: Path) -> list[dict[str, object]]:
    path = folder / NAME
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_file_that_kills_its_workers_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.png", "b.png"):
        pictures.scene().save(tmp_path / name)
    made = {"index": 0, "result": b"made", "key": "1", "error": "", "seconds": 1.0, "worker": 1}
    monkeypatch.setattr("engine.cluster.ray_batch._rows", lambda items, order, workers: iter([made]))
    order = Order(task=TASKS["style-v2"], parameters=parse(TASKS["style-v2"].parameters, {}), pictures={})
    report = Walk(batch_on_ray(str(tmp_path), tmp_path / "out", order, Workers())).finish()
    assert (report.made, list(report.failed), report.left) == (1, ["b.png"], 0)
    assert "lost 4 times" in report.failed["b.png"]
    assert [line["name"] for line in journal(tmp_path / "out") if "error" in line] == ["b.png"]


def test_no_cluster_and_no_room_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures.scene().save(tmp_path / "a.png")
    given = ["batch", "style-v2", str(tmp_path), str(tmp_path / "out"), "--ray"]
    assert main([*given, "127.0.0.1:1"]) == 1
    assert "does not answer" in capsys.readouterr().err
    assert main([*given, "--workers", "-1"]) == 1
    assert "cannot be negative" in capsys.readouterr().err
    order = Order(task=TASKS["style-v2"], parameters=parse(TASKS["style-v2"].parameters, {}), pictures={})
    with pytest.raises(ClusterError, match="room for"):
        Walk(batch_on_ray(str(tmp_path), tmp_path / "out", order, Workers(count=1000))).finish()


@pytest.fixture(scope="module")
def there(address: str) -> Iterator[Replicas]:
    before = TURNS._devices, TURNS._many
    try:
        yield Replicas(address)
    finally:
        TURNS._devices, TURNS._many = before
        sys.modules["ray"].shutdown()


def processes() -> list[int]:
    """Of the replicas."""
    told = subprocess.run(["ps", "-axo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in told.splitlines() if "ray::ServeReplica:pentimento" in line]


def test_a_replica_does_what_the_engine_does(there: Replicas, photo: Picture, painting: Picture) -> None:
    given = {"content": [photo], "style": [painting]}
    with one_thread():
        here = Walk(run(TASK, given, parameters())).finish()
    walk = Walk(there.run(TASK, given, parameters(), Job()))
    steps = list(walk)
    assert walk.result.image.tobytes() == here.image.tobytes()
    assert walk.result.recipe == here.recipe
    assert walk.result.explanation.picture().size == here.explanation.picture().size
    assert any("iteration" in step.stage for step in steps)
    assert [step.preview().size for step in steps if step.preview]
    assert any(step.figures() for step in steps)
    with pytest.raises(ParameterError, match="Please give a picture"):
        Walk(there.run(TASK, {"content": [photo]}, parameters(), Job())).finish()


def test_a_stop_reaches_the_replica_and_the_best_comes_back(there: Replicas, photo: Picture, painting: Picture) -> None:
    job = Job()
    walk = Walk(there.run(TASK, {"content": [photo], "style": [painting]}, parameters(iterations=2000), job))
    for step in walk:
        if "iteration" in step.stage:
            job.stop()
    assert walk.result.facts["stopped"]
    assert 0 < walk.result.facts["iterations"] < 1000


def test_a_video_goes_there_and_back(there: Replicas, tmp_path: Path) -> None:
    film = FILMS["style-v2-video"]
    wanted = parse(film.parameters, {"size": 96})
    video(tmp_path / "a.mp4")
    with one_thread():
        here = Walk(run_film(film, tmp_path / "a.mp4", tmp_path / "here.mp4", {}, wanted)).finish()
    found = Walk(there.film(film, tmp_path / "a.mp4", tmp_path / "there.mp4", {}, wanted, Job())).finish()
    assert (found["frames"], found["size"]) == (here["frames"], here["size"])
    assert look_at(tmp_path / "there.mp4") == look_at(tmp_path / "here.mp4")


def test_a_replica_is_killed_in_the_middle_of_its_run(there: Replicas, photo: Picture, painting: Picture) -> None:
    found: dict[int, bytes] = {}
    lost: list[str] = []
    working = threading.Event()

    def visit(number: int) -> None:
        given = {"content": [photo], "style": [painting]}
        walk = Walk(there.run(TASK, given, parameters(iterations=60), Job(f"visitor {number}", f"address {number}")))
        for step in walk:
            if "iteration" in step.stage:
                working.set()
            if "lost" in step.stage:
                lost.append(step.stage)
        found[number] = walk.result.image.tobytes()

    visitors = [threading.Thread(target=visit, args=(number,)) for number in range(4)]
    for each in visitors:
        each.start()
    assert working.wait(60)
    for process in processes():  # both: one of them had a run
        os.kill(process, signal.SIGKILL)
    for each in visitors:
        each.join(120)
    assert len(found) == 4, "nobody's run is lost"
    assert len(set(found.values())) == 1
    assert lost, "it has been told"
    wait_until(lambda: there.count == 2, 60)


def test_a_page_loses_no_run_when_a_replica_is_killed_under_load(address: str) -> None:
    with served("replicas", PENTIMENTO_REPLICAS=address, **SETTINGS) as server:
        health = json.loads(ask(f"{server.url}/healthz")[1])
        assert (health["status"], health["replicas"]) == ("ok", 2)
        threading.Timer(1.5, lambda: os.kill(processes()[0], signal.SIGKILL)).start()
        report = soak(server, visitors=8, runs=24)
        assert not report.lost
        assert len(report.seconds) == 24
        wait_until(lambda: json.loads(ask(f"{server.url}/healthz")[1])["replicas"] == 2, 60)


def test_a_page_without_its_replicas_says_so() -> None:
    environment = {**os.environ, "PENTIMENTO_REPLICAS": "127.0.0.1:1"}
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert "error: The Ray cluster '127.0.0.1:1' does not answer" in done.stderr
