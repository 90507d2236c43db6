"""Many visitors at once on one hub: nobody loses a result, memory stays flat, files do not pile up.

    python -m tests.support.soak    # 50 visitors and 30 programs with ten runs each; ``make soak``

The short form is a test of the suite.
"""

from __future__ import annotations

import io
import json
import os
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import certifi
from gradio_client import handle_file
from PIL import Image

from engine import TASKS, Runtime, StepRun, open_picture
from engine.contracts.parameters import parse
from tests.conftest import Server, served
from tests.support import pictures
from tests.support.api_client import api_client
from tests.support.asking import wait_until

SETTINGS = {
    "PENTIMENTO_QUEUE": "200", "PENTIMENTO_RUNS_PER_ADDRESS": "200", "PENTIMENTO_RUNS_PER_VISITOR": "2",
    "PENTIMENTO_KEEP_MINUTES": "0.2",
}  # fmt: skip
LATEST_SECONDS = 60
"""By when the files of a run that has ended are deleted, with these settings."""
LOOK_SECONDS = 5.0
"""By when the server has given back memory that is free, with these settings."""
PHOTO, RESULT = "photo.png", "pentimento-style-v2.png"
"""Names of the files that a visitor brings and gets."""
SIDE = 64
"""Of the first visitor's photo; every other one's is wider, so that a picture tells whose it is."""
CROWD_SIDE = 256
"""The same for the figures of a crowd: where the engine has something to do."""
STYLE = "scream"
Run = Callable[[str, int, int], None]
"""One run of a visitor at an address, with a photo of a width and a height; he checks that the picture is his own."""


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
        """Memory at the end, relative to that after the first fifth of the runs, both in the middle of work."""
        first = next(bytes_ for done, bytes_ in self.resident if done >= len(self.seconds) // 5)
        return self.resident[-1][1] / first

    @property
    def peak(self) -> int:
        """The most memory that was seen, in bytes."""
        return max(bytes_ for _, bytes_ in self.resident)


@dataclass(frozen=True)
class Crowd:
    """What was seen of visitors who come together, once each of them had a first run."""

    visitors: int
    report: Report
    pace: float
    """Runs a second."""
    growth: float
    """Memory afterwards relative to that after the first runs, both when the server had looked after it."""

    @property
    def wait(self) -> float:
        """How long 95 of 100 runs took at most, relative to the time of a line of all visitors."""
        times = sorted(self.report.seconds)
        return times[int(0.95 * len(times))] * self.pace / self.visitors

    @property
    def kept(self) -> bool:
        """Whether nothing was lost, nobody waited much longer than his place in the line, and memory stayed."""
        return not self.report.lost and self.wait <= 1.3 and self.growth <= 1.1

    def print(self, how: str) -> None:
        """Print it as lines."""
        print(f"{len(self.report.seconds)} runs of {self.visitors} visitors {how}: {len(self.report.lost)} lost")
        for line in self.report.lost[:10]:
            print(f"    {line}")
        print(
            f"    {self.pace:.2f} runs a second, 95 of 100 within {self.wait:.2f} times the line's time (wanted: 1.3)"
        )
        print(f"    memory {self.growth:.3f} times that after the first runs (wanted: 1.1)")
        print(f"    memory at most {self.report.peak / 1e6:.0f} MB")


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
    """A :data:`Run` by plain HTTP, as a browser asks."""
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


@contextmanager
def programs(url: str, count: int, side: int) -> Iterator[Run]:
    """A :data:`Run` by ``gradio_client``, each of so many visitors with a client of his own.

    The clients work on the server's cores. Each request of theirs reads a list of all certificate authorities anew,
    for an address that begins with ``http:``, too: 18 ms of processor, four times a run, which is more than the run
    itself has (0.15 s of 0.28 s). Here the list has one certificate, as a client on another machine costs nothing.
    """
    with TemporaryDirectory() as folder:
        one = Path(folder) / "certificate.pem"
        end = "-----END CERTIFICATE-----\n"
        one.write_text(Path(certifi.where()).read_text(encoding="utf-8").split(end)[0] + end, encoding="utf-8")
        photos = [Path(folder) / f"{number}.png" for number in range(count)]
        for number, photo in enumerate(photos):
            photo.write_bytes(photo_of(side + number, side))
        with patch.dict(os.environ, SSL_CERT_FILE=str(one)):
            clients = [api_client(url, download_files=f"{folder}/{number}") for number in range(count)]

            def run(url: str, width: int, side: int) -> None:
                number = width - side
                path, facts = clients[number].predict(
                    content=handle_file(str(photos[number])), style_name=STYLE, size=0, api_name="/style_v2"
                )
                with Image.open(path) as image:
                    assert image.size == (width, side), f"somebody else's picture: {image.size}"
                assert facts["size"] == [width, side]

            yield run
            for client in clients:
                client.close()


def soak(server: Server, visitors: int, runs: int, side: int = SIDE, run: Run = painted) -> Report:
    """Let so many visitors at once do so many runs together."""
    report, lock = Report(), threading.Lock()

    def visit(number: int) -> None:
        for _ in range(runs // visitors):
            start = time.monotonic()
            try:
                run(server.url, side + number, side)
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


def crowd(server: Server, visitors: int, runs: int, side: int, run: Run) -> Crowd:
    """Let visitors come together, each for so many runs and a first one, whose end is where memory is compared with."""
    first_lost = soak(server, visitors, visitors, side, run).lost
    first = _settled(server)
    start = time.monotonic()
    report = soak(server, visitors, visitors * runs, side, run)
    pace = len(report.seconds) / (time.monotonic() - start)
    report.lost += first_lost
    return Crowd(visitors, report, pace, _settled(server) / first)


def _settled(server: Server) -> int:
    """Memory in bytes after the server has looked after it: in the middle of work it goes up and down by a tenth."""
    time.sleep(LOOK_SECONDS)
    return resident(server.process.pid)


def main() -> None:
    with served("soak", **SETTINGS) as server:
        browsers = crowd(server, 50, 9, SIDE, painted)
        wait_until(lambda: not of_visitors(server), LATEST_SECONDS)  # else AssertionError
    browsers.print(f"by HTTP at {SIDE} px")
    print(f"    files: at most {max(browsers.report.files)} at a time, none of visitors when they were old")
    with served("crowd", **SETTINGS) as server, programs(server.url, 30, CROWD_SIDE) as run:
        clients = crowd(server, 30, 9, CROWD_SIDE, run)
    share = clients.pace / alone(40, CROWD_SIDE)
    clients.print(f"through gradio_client at {CROWD_SIDE} px")
    print(f"    {share:.2f} of what the engine does alone, one run after the other (wanted: 0.85)")
    if not (browsers.kept and clients.kept and share >= 0.85):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
