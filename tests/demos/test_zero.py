"""ZeroGPU's rules, by a stand-in for its package: a decorated generator runs in a forked process, all is pickled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from engine import TASKS
from tests.support.videos import moving_scene

ROOT = Path(__file__).parents[2]
STAND_IN = '''
"""As measured of spaces 0.51: arguments and what is yielded are pickled, and nobody waits for the reader."""
import functools, multiprocessing, pickle, threading, traceback

CALLS = []

def GPU(function=None, *, duration=60):
    if function is None:
        return functools.partial(GPU, duration=duration)

    @functools.wraps(function)
    def lent(*values, **named):
        seconds = duration(*values, **named) if callable(duration) else duration
        CALLS.append((function.__name__, seconds))
        fork = multiprocessing.get_context("fork")
        results = fork.Queue()
        sent = pickle.dumps((values, named))

        def work():
            try:
                arguments, keywords = pickle.loads(sent)
                for each in function(*arguments, **keywords):
                    results.put(pickle.dumps(("step", each)))
                results.put(pickle.dumps(("end", None)))
            except BaseException as error:
                traceback.print_exc()
                results.put(pickle.dumps(("error", error)))

        process = fork.Process(target=work)
        process.start()
        try:
            while True:
                kind, value = pickle.loads(results.get(timeout=120))
                if kind == "end":
                    return
                if kind == "error":
                    raise value
                yield value
        finally:
            process.terminate()
            process.join()
    return lent
'''
SCRIPT = """
import json, sys
from pathlib import Path
import spaces
from demos import hub
from demos.serving.runs import Frame
from demos.serving.site import Site, new_job
from engine import TASKS, RunResult, Runtime, open_picture, open_video
from engine.contracts.errors import MissingInputError
from engine.contracts.parameters import parse
from engine.imaging.door import open_input
from tests.support import pictures

site = Site(Runtime())
hub.build(site)

def frames(name, inputs, job=None, **parameters):
    task = TASKS[name]
    return site.runs.frames(task, inputs, parse(task.parameters, parameters), job or new_job())

report = {}
pair = {"content": [open_picture(pictures.scene())], "style": [open_picture(pictures.painting())]}
*_, result = frames("style-v1", pair, size=64, iterations=4)
assert isinstance(result, RunResult)
report["size"] = result.image.size
report["explained"] = result.explanation.picture().size

job = new_job()
for each in frames("style-v1", pair, job, size=64, iterations=2000):
    if isinstance(each, Frame) and each.figures:
        job.stop()
report["stopped"] = each.facts.stopped
report["iterations"] = each.facts.task.figures["iterations"]

image = open_input(TASKS["super-resolution"].inputs[0], pictures.scene())
*_, result = frames("super-resolution", {"image": [image]}, method="bicubic", scale=2)
report["enlarged"] = result.raster.values.shape

clip = open_video(Path(sys.argv[1]))
*_, result = frames("super-resolution-video", {"video": [clip]}, method="bicubic", scale=2)
report["frames"], report["video"] = result.facts.task.figures["frames"], result.video.path.stat().st_size

try:
    list(frames("style-v1", {"content": pair["content"]}))
except MissingInputError as error:
    report["missing"] = str(error.fields["input"])
report["calls"] = spaces.CALLS
print(json.dumps(report))
"""


def test_runs_work_in_a_process_that_is_lent_a_gpu(tmp_path: Path) -> None:
    (tmp_path / "spaces.py").write_text(STAND_IN)
    environment = {
        **os.environ, "SPACES_ZERO_GPU": "true", "PYTHONPATH": f"{tmp_path}:{ROOT}", "PENTIMENTO_DEVICE": "cpu",
        "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    video = tmp_path / "scene.mkv"
    video.write_bytes(moving_scene())
    command = [sys.executable, "-c", SCRIPT, str(video)]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout.splitlines()[-1])
    assert report["size"] == [64, 48]
    assert report["explained"][0] > 300
    assert report["stopped"]
    assert 0 < report["iterations"] < 2000, "a stop reaches the process, and the best picture comes back"
    assert report["enlarged"] == [144, 192, 3]
    assert report["frames"] == 3
    assert report["video"] > 0, "the file outlasts the process"
    assert report["missing"] == str(TASKS["style-v1"].input("style").label)
    assert [name for name, _ in report["calls"]] == ["_steps"] * 4, "what is refused takes nobody's GPU"
    assert all(15 <= seconds <= 120 for _, seconds in report["calls"])
