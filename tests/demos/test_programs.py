"""The examples of the page for programs, run as somebody who copies them would."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from demos.serving.site import Site
from demos.tabs.api_examples import CONFIG, CURL, EXAMPLES, MCP, PYTHON, endpoints
from engine import TASKS, Runtime
from tests.support import pictures

CODES = {str(title): (code, language) for title, code, language in EXAMPLES}


def printed_by(title: str, url: str, folder: Path) -> str:
    """What an example prints that finds its pictures in a folder."""
    code, language = CODES[title]
    if language == "shell" and not (shutil.which("jq") and shutil.which("curl")):
        pytest.skip("needs curl and jq")
    pictures.saved(pictures.scene(), folder / "photo.jpg")
    pictures.saved(pictures.painting(), folder / "painting.jpg")
    command = ["bash", "-c"] if language == "shell" else [sys.executable, "-c"]
    ended = subprocess.run(
        [*command, code.replace("URL", url)], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_python_gives_a_picture_and_then_progress(app_url: str, tmp_path: Path) -> None:
    _, first, *progress = printed_by("Python", app_url, tmp_path).splitlines()  # the client says where it is
    path, seconds = first.rsplit(" ", 1)
    assert Path(path).suffix == ".png"
    assert float(seconds) > 0
    assert len(progress) > 1, "steps of a descent"


def test_curl_follows_a_call_to_its_end(app_url: str, tmp_path: Path) -> None:
    event, data = printed_by("curl", app_url, tmp_path).splitlines()
    assert event == "event: complete"
    picture, facts = json.loads(data.removeprefix("data: "))
    assert picture["url"].endswith(".png")
    assert facts["task"] == "style-v2"


def test_mcp_gives_the_picture_itself(app_url: str, tmp_path: Path) -> None:
    lines = printed_by("MCP, from Python", app_url, tmp_path).splitlines()
    names = next(line for line in lines if line.startswith("["))
    assert all(task.endpoint in names for task in TASKS)
    assert lines[-1] == "False ['image', 'text', 'text']", "no error; picture, its address, facts"


def test_every_example_is_tried_or_is_an_address(runtime: Runtime) -> None:
    assert [code for code, _ in CODES.values()] == [PYTHON, CURL, MCP, CONFIG]
    assert json.loads(CONFIG)["mcpServers"]["pentimento"]["url"] == "URL/gradio_api/mcp/"
    assert endpoints(Site(runtime)).split() == [f"`/{task.endpoint}`" for task in TASKS]
