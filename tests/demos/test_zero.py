"""ZeroGPU's rules, by a stand-in for its package: a decorated generator runs in a forked process, all is pickled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STAND_IN = '''
"""As measured of spaces 0.51: arguments and what is yielded are pickled, and nobody waits for the reader."""
import functools, multiprocessing, pickle, threading, traceback

CALLS = []

def GPU(function=None, *, duration=60):
    if function is None:
        return functools.partial(GPU, duration=duration)

    @functools.wraps(function)
    def lent(*given, **named):
        seconds = duration(*given, **named) if callable(duration) else duration
        CALLS.append((function.__name__, seconds))
        fork = multiprocessing.get_context("fork")
        results = fork.Queue()
        sent = pickle.dumps((given, named))

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
import spaces
from demos import hub
from demos.components import run_frames as runs
from demos.components.controls import Controls
from demos.tabs.video import painted
from engine import open_picture, Result
from engine.contracts.errors import PentimentoError
import gradio as gr
from tests.support import pictures

from engine.tasks.style_v1 import STYLE_V1
from engine.tasks.style_v2 import STYLE_V2
from engine.tasks.super_resolution import SUPER_RESOLUTION
page = hub.page()

def values(controls, **given):
    with gr.Blocks():
        for each in controls.form.inputs:
            for index in range(each.most):
                controls.upload(each.name, index)
        for field in controls.form.parameters.model_fields:
            for index in range(len(controls._names_of(field))):
                controls.control(field, index)
    named = {name: getattr(controls[name], "value", None) for name in controls._names}
    return [{**named, **given}[name] for name in named]

photo, painting = open_picture(pictures.scene()), open_picture(pictures.painting())
told = {}
controls = Controls(STYLE_V1)
row = values(controls, content=photo, style=painting, size=64, iterations=4)
found = list(runs.frames(controls, row, runs.new_job()))
assert isinstance(found[-1], Result)
told["size"] = found[-1].image.size
told["explained"] = found[-1].explanation.picture().size

job = runs.new_job()
row = values(Controls(STYLE_V1), content=photo, style=painting, size=64, iterations=2000)
for frame in runs.frames(controls, row, job):
    if isinstance(frame, runs.Frame) and "iteration" in frame.stage:
        job.stop()
told["stopped"] = frame.facts["stopped"]
told["iterations"] = frame.facts["iterations"]

controls = Controls(SUPER_RESOLUTION)
row = values(controls, image=SUPER_RESOLUTION.inputs[0].open(pictures.scene()), method="bicubic", scale=2)
*_, last = runs.frames(controls, row, runs.new_job())
told["enlarged"] = last.raster.values.shape

try:
    row = values(controls, image=None)
    list(runs.frames(controls, row, runs.new_job()))
except gr.Error as error:
    told["error"] = error.message
told["calls"] = spaces.CALLS
print(json.dumps(told))
"""


def test_runs_work_in_a_process_that_is_lent_a_gpu(tmp_path: Path) -> None:
    (tmp_path / "spaces.py").write_text(STAND_IN)
    environment = {
        **os.environ, "SPACES_ZERO_GPU": "true", "PYTHONPATH": f"{tmp_path}:{ROOT}", "PENTIMENTO_DEVICE": "cpu",
        "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["size"] == [64, 48]
    assert told["explained"][0] > 300
    assert told["stopped"]
    assert 0 < told["iterations"] < 2000, "a stop reaches the process, and the best picture comes back"
    assert told["enlarged"] == [144, 192, 3]
    assert "Please give a picture" in told["error"]
    assert [name for name, _ in told["calls"]] == ["_steps"] * 3, "what is refused takes nobody's GPU"
    assert all(15 <= seconds <= 120 for _, seconds in told["calls"])
