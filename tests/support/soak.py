"""Many visitors at once on one hub: nobody loses a result, memory stays flat, files do not pile up.

    python -m tests.support.soak          # 50 visitors, 500 runs; ``make soak``

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
        first = next(bytes_ for done, bytes_ in self.resident if done >= len(self.seconds) // 5)
        return self.resident[-1][1] / first


def received(url: str, data: bytes | None = None, kind: str = "application/json") -> bytes:
    """The body of an answer."""
    request = urllib.request.Request(url, data, {"content-type": kind})
    with urllib.request.urlopen(request, timeout=300) as answer:
        body: bytes = answer.read()
        return body


def upload(url: str, width: int) -> str:
    """Path on the server of a photo that was brought there."""
    stream = io.BytesIO()
    pictures.scene(width, SIDE).save(stream, "PNG")
    head = f'--b\r\nContent-Disposition: form-data; name="files"; filename="{PHOTO}"\r\nContent-Type: image/png\r\n\r\n'
    body = head.encode() + stream.getvalue() + b"\r\n--b--\r\n"
    (path,) = json.loads(received(f"{url}/gradio_api/upload", body, "multipart/form-data; boundary=b"))
    return str(path)


def painted(url: str, width: int) -> None:
    """One run of a visitor, who checks that the picture is his own."""
    photo = {"path": upload(url, width), "meta": {"_type": "gradio.FileData"}}
    call = json.dumps({"content": photo, "style_name": "scream", "size": 0}).encode()
    event = json.loads(received(f"{url}/gradio_api/call/v2/style_v2", call))["event_id"]
    stream = received(f"{url}/gradio_api/call/style_v2/{event}").decode()
    picture, facts = _last(stream)
    with Image.open(io.BytesIO(received(picture["url"]))) as image:
        assert image.size == (width, SIDE), f"somebody else's picture: {image.size}"
    assert facts["size"] == [width, SIDE]


def _last(stream: str) -> Any:
    lines = stream.splitlines()
    ends = [lines[index + 1] for index, line in enumerate(lines) if line == "event: complete"]
    assert ends, stream[-400:]
    return json.loads(ends[-1].removeprefix("data: "))


def soak(server: Server, visitors: int, runs: int) -> Report:
    """Let so many visitors at once do so many runs together."""
    report, lock = Report(), threading.Lock()

    def visit(number: int) -> None:
        for _ in range(runs // visitors):
            start = time.monotonic()
            try:
                painted(server.url, SIDE + number)
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
    if report.lost or report.growth > 1.1:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
