"""Many visitors at once on one hub: nobody loses a result, memory stays flat, files do not pile up.

    python -m tests.support.soak          # 50 visitors, 500 runs; 30 visitors, 300 larger runs; ``make soak``

The short form is a test of the suite.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from engine import TASKS, Runtime, StepRun, open_picture
from engine.contracts.parameters import parse
from tests.conftest import Server, served
from tests.support import pictures
from tests.support.asking import wait_until

SETTINGS = {
    "PENTIMENTO_QUEUE": "200", "PENTIMENTO_RUNS_PER_ADDRESS": "200", "PENTIMENTO_RUNS_PER_VISITOR": "2",
    "PENTIMENTO_KEEP_MINUTES": "0.2",
}  # fmt: skip
LATEST_SECONDS = 60
"""By when the files of a run that has ended are deleted, with these settings."""
PHOTO, RESULT = "photo.png", "pentimento-style-v2.png"
"""Names of the files that a visitor brings and gets."""
SIDE = 64
"""Of the first visitor's photo; every other one's is wider, so that a picture tells whose it is."""
CROWD_SIDE = 256
"""The same for the figures of a crowd: where the engine has something to do."""
STYLE = "scream"


@dataclass
class Report:
    """What was seen."""

    lost: list[str] = field(default_factory=list)
    """What went wrong, a line for each run."""
    seconds: list[float] = field(default_factory=list)
    """Of every run, waiting included."""
    resident: list[tuple[int, int]] = field(default_factory=list)
    """Runs done, and the server's memory in bytes then."""
    files: list[int] = field(default_factory=list)
    """Uploads and results on the disk."""

    @property
    def growth(self) -> float:
        """Memory at the end, relative to that after the first fifth of the runs."""
        return self.grown_since(5)

    def grown_since(self, part: int) -> float:
        """Memory at the end, relative to that after one of so many parts of the runs."""
        first = next(bytes_ for done, bytes_ in self.resident if done >= len(self.seconds) // part)
        return self.resident[-1][1] / first


def received(url: str, data: bytes | None = None, kind: str = "application/json") -> bytes:
    """The body of an answer."""
    request = urllib.request.Request(url, data, {"content-type": kind})
    with urllib.request.urlopen(request, timeout=300) as answer:
        body: bytes = answer.read()
        return body


def photo_of(width: int, side: int) -> bytes:
    """The file of a visitor's photo."""
    stream = io.BytesIO()
    pictures.scene(width, side).save(stream, "PNG")
    return stream.getvalue()


def upload(url: str, width: int, side: int) -> str:
    """Path on the server of a photo that was brought there."""
    head = f'--b\r\nContent-Disposition: form-data; name="files"; filename="{PHOTO}"\r\nContent-Type: image/png\r\n\r\n'
    body = head.encode() + photo_of(width, side) + b"\r\n--b--\r\n"
    (path,) = json.loads(received(f"{url}/gradio_api/upload", body, "multipart/form-data; boundary=b"))
    return str(path)


def painted(url: str, width: int, side: int) -> None:
    """One run of a visitor, who checks that the picture is his own."""
    photo = {"path": upload(url, width, side), "meta": {"_type": "gradio.FileData"}}
    call = json.dumps({"content": photo, "style_name": STYLE, "size": 0}).encode()
    event = json.loads(received(f"{url}/gradio_api/call/v2/style_v2", call))["event_id"]
    stream = received(f"{url}/gradio_api/call/style_v2/{event}").decode()
    picture, facts = _last(stream)
    with Image.open(io.BytesIO(received(picture["url"]))) as image:
        assert image.size == (width, side), f"somebody else's picture: {image.size}"
    assert facts["size"] == [width, side]


def _last(stream: str) -> Any:
    lines = stream.splitlines()
    ends = [lines[index + 1] for index, line in enumerate(lines) if line == "event: complete"]
    assert ends, stream[-400:]
    return json.loads(ends[-1].removeprefix("data: "))


def soak(server: Server, visitors: int, runs: int, side: int = SIDE) -> Report:
    """Let so many visitors at once do so many runs together."""
    report, lock = Report(), threading.Lock()

    def visit(number: int) -> None:
        for _ in range(runs // visitors):
            start = time.monotonic()
            try:
                painted(server.url, side + number, side)
            except (OSError, AssertionError, ValueError, KeyError) as error:
                with lock:
                    report.lost.append(f"visitor {number}: {type(error).__name__}: {error}")
            with lock:
                report.seconds.append(time.monotonic() - start)
                report.resident.append((len(report.seconds), resident(server.process.pid)))
                report.files.append(sum(1 for _ in on_disk(server)))

    with ThreadPoolExecutor(visitors) as pool:
        list(pool.map(visit, range(visitors)))
    return report


def resident(process: int) -> int:
    """Memory of a process in bytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def on_disk(server: Server) -> Iterator[Path]:
    """All files of a server: uploads, results, and the page's own pictures."""
    return (Path(at) / name for at, _, names in os.walk(server.files) for name in names)


def of_visitors(server: Server) -> list[Path]:
    """Uploads and results; the page's own pictures have other names."""
    return [path for path in on_disk(server) if path.name in (PHOTO, RESULT)]


def alone(runs: int, side: int) -> float:
    """Runs a second of the engine by itself, one after the other, files opened and written as a visitor's are."""
    task, runtime, data = TASKS["style-v2"], Runtime(), photo_of(side + side // 3, side)
    parameters = parse(task.parameters, {"style_name": STYLE, "size": 0})

    def one() -> None:
        inputs = {"content": [open_picture(data)]}
        StepRun(runtime.run(task, inputs, parameters)).finish().save(io.BytesIO())

    one()
    start = time.monotonic()
    for _ in range(runs):
        one()
    return runs / (time.monotonic() - start)


def crowd(visitors: int, runs: int) -> bool:
    """Print what visitors who come together wait, and what the page costs; returns whether all of it is as promised."""
    with served("crowd", **SETTINGS) as server:
        painted(server.url, CROWD_SIDE, CROWD_SIDE)
        start = time.monotonic()
        report = soak(server, visitors, runs, CROWD_SIDE)
        pace = runs / (time.monotonic() - start)
    late = sorted(report.seconds)[int(0.95 * len(report.seconds))]
    share, wait, growth = pace / alone(40, CROWD_SIDE), late / (visitors / pace), report.grown_since(10)
    print(f"{runs} runs of {visitors} visitors at {CROWD_SIDE} px: {len(report.lost)} lost")
    print(f"{pace:.2f} runs a second, {share:.2f} of what the engine does alone (wanted: 0.85)")
    print(f"95 of 100 runs took at most {late:.1f} s, {wait:.2f} times the line's time (wanted: 1.3)")
    print(f"memory at the end relative to that after a tenth of the runs: {growth:.3f} (wanted: 1.1)")
    return not report.lost and share >= 0.85 and wait <= 1.3 and growth <= 1.1


def main() -> None:
    parser = argparse.ArgumentParser(description="Many visitors at once on one hub.")
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--runs", type=int, default=500)
    options = parser.parse_args()
    with served("soak", **SETTINGS) as server:
        start = time.monotonic()
        report = soak(server, options.visitors, options.runs)
        seconds = time.monotonic() - start
        wait_until(lambda: not of_visitors(server), LATEST_SECONDS)  # else AssertionError
    times = sorted(report.seconds)
    print(f"{len(times)} runs of {options.visitors} visitors in {seconds:.0f} s, {len(report.lost)} lost")
    print(f"a run, waiting included: median {times[len(times) // 2]:.1f} s, longest {times[-1]:.1f} s")
    first, last = report.resident[0][1], report.resident[-1][1]
    print(f"memory: {first / 1e6:.0f} MB after the first run, {last / 1e6:.0f} MB at the end")
    print(f"memory at the end relative to that after a fifth of the runs: {report.growth:.3f}")
    print(f"files: at most {max(report.files)} at a time, none of visitors when they were old")
    for line in report.lost[:10]:
        print(line)
    if not crowd(30, 300) or report.lost or report.growth > 1.1:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
