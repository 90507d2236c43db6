"""Shared by all tests: a closed network, own caches, and the app as a server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Before anything imports gradio or huggingface_hub: both read these at import.
_SCRATCH = Path(tempfile.mkdtemp(prefix="pentimento-tests-"))
os.environ.update(
    GRADIO_ANALYTICS_ENABLED="False",
    GRADIO_TEMP_DIR=str(_SCRATCH / "gradio"),
    HF_HOME=str(_SCRATCH / "hub"),
    HF_HUB_OFFLINE="1",
)

import pytest  # noqa: E402

from engine import Picture, open_picture  # noqa: E402
from tests import pictures  # noqa: E402


@pytest.fixture
def photo() -> Picture:
    return open_picture(pictures.scene())


@pytest.fixture
def painting() -> Picture:
    return open_picture(pictures.painting())


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    """The hub, served as app.py serves it."""
    from demos import hub

    page = hub.build()
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **hub.launch_options())
    yield url.rstrip("/")
    page.close()
