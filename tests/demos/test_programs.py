"""The examples of the page for programs, run as somebody who copies them would."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from demos.tabs.api_examples import CONFIG, ENDPOINTS, EXAMPLES, FORMS
from tests.support import pictures

SEEN = {"Python": "iteration", "curl": "event: complete", "MCP, from Python": "False ['image', 'text', 'text']"}
"""Title -> what an example prints when it has worked."""


@pytest.mark.parametrize("title", SEEN)
def test_an_example_works_as_it_stands(title: str, app_url: str, tmp_path: Path) -> None:
    code, language = EXAMPLES[title]
    if language == "shell" and not (shutil.which("jq") and shutil.which("curl")):
        pytest.skip("needs curl and jq")
    pictures.saved(pictures.scene(), tmp_path / "photo.jpg")
    pictures.saved(pictures.painting(), tmp_path / "painting.jpg")
    command = ["bash", "-c"] if language == "shell" else [sys.executable, "-c"]
    done = subprocess.run(
        [*command, code.replace("URL", app_url)], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert SEEN[title] in done.stdout, done.stdout


def test_every_example_is_tried_or_is_an_address() -> None:
    assert set(EXAMPLES) - set(SEEN) == {"MCP, for an assistant's settings"}
    assert '"URL/gradio_api/mcp/"' in CONFIG
    assert ENDPOINTS.split() == [f"`/{form.endpoint}`" for form in FORMS]
