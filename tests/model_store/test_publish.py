"""Publishing against a stand-in for the Hub; the client reads its settings at import, so it runs in a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from engine.contracts.errors import ParameterError
from engine.model_store.catalogue import catalogue
from engine.model_store.publish import ROOT, UNREACHABLE, Parcel, _why, space, weights
from tests.support.upload_server import TOKEN, Uploads, serve_uploads

TREE = {
    "app.py": b"print('hub')\n", "README.md": b"---\ntitle: x\nsdk: gradio\n---\n", "requirements.txt": b"gradio\n",
    "CHANGELOG.md": b"# Changes\n", "docs/methods.md": b"# Methods\n", "docs/pictures/home.jpg": b"jpg",
    "docs/draft.odt": b"", "demos/i18n/zh_CN/LC_MESSAGES/a.mo": b"\0", "demos/i18n/zh_CN/LC_MESSAGES/a.po": b"#",
    "engine/job.py": b"", "demos/cards/a.jpg": b"jpg", "demos/__pycache__/a.pyc": b"", "tests/test_a.py": b"",
    "weights/catalogue.json": b"[]", "weights/vgg19_normalised.safetensors": b"\0" * 12_000_000,
    "weights/identities/somebody.safetensors": b"\0", "weights/recipes/a.py": b"", ".env": b"secret",
    "demos/.env": b"secret", "engine/notes.txt": b"",
    "weights/people/ann.safetensors": b"\0", "weights/ann.safetensors": b"\0",
}  # fmt: skip
SENT = {
    "app.py", "README.md", "requirements.txt", "engine/job.py", "demos/cards/a.jpg", "weights/catalogue.json",
    "weights/vgg19_normalised.safetensors", "CHANGELOG.md", "docs/methods.md", "docs/pictures/home.jpg",
    "demos/i18n/zh_CN/LC_MESSAGES/a.mo", "demos/i18n/zh_CN/LC_MESSAGES/a.po",
}  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, content in TREE.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "tree"


def publish(hub: Uploads, home: Path, *arguments: str, token: str | None = TOKEN) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if key not in ("HF_HUB_OFFLINE", "HF_TOKEN")}
    settings = {
        "HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1", **({"HF_TOKEN": token} if token else {}),
    }  # fmt: skip
    command = [sys.executable, "-m", "engine", "publish", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**kept, **settings}, capture_output=True, text=True, timeout=120, check=False
    )


def test_nothing_is_sent_unless_asked(tree: Path, tmp_path: Path) -> None:
    with serve_uploads() as hub:
        done = publish(hub, tmp_path, "--space", "tester/hub", "--root", str(tree))
    assert done.returncode == 0, done.stderr
    assert {line.split()[-1] for line in done.stdout.splitlines() if "/" in line or "." in line} >= SENT
    assert "Nothing was sent" in done.stdout
    assert "somebody" not in done.stdout
    assert not hub.requests


def test_a_space_has_what_it_needs_and_nothing_else(tree: Path, tmp_path: Path) -> None:
    with serve_uploads() as hub:
        done = publish(hub, tmp_path, "--space", "tester/hub", "--root", str(tree), "--send", "--private")
    assert done.returncode == 0, done.stderr
    assert set(hub.files) == SENT
    assert hub.files == {name: TREE[name] for name in SENT}
    assert hub.lfs == {"weights/vgg19_normalised.safetensors", "demos/i18n/zh_CN/LC_MESSAGES/a.mo"}
    assert hub.created[0]["sdk"] == "gradio"
    assert "private" in json.dumps(hub.created[0])
    assert len(hub.commits) == 1, "in one step, so that a Space never builds half of it"
    assert "tester/hub" in done.stdout.splitlines()[-1]


def test_our_own_space_and_weights_are_complete() -> None:
    parcel = space("me/hub")
    assert {"app.py", "README.md", "requirements.txt", "weights/catalogue.json"} <= set(parcel.files)
    shipped = {f"weights/{each.file}" for each in catalogue() if each.shipped}
    assert shipped <= set(parcel.files)
    assert not [name for name in parcel.files if name.startswith(("tests/", "weights/recipes/", "weights/identities/"))]
    assert parcel.bytes < 115_000_000
    model = weights("me/weights")
    assert {each.file for each in catalogue() if each.shipped} <= set(model.files)
    card = model.files["README.md"]
    assert isinstance(card, bytes)
    assert all(each.sha256 in card.decode() for each in catalogue() if each.shipped)


@pytest.mark.parametrize(
    ("manner", "token", "code"),
    [("unauthorised", TOKEN, 401), ("good", None, 401), ("unpaid", TOKEN, 402), ("quota", TOKEN, 403)],
)
def test_a_refusal_is_one_sentence(manner: str, token: str | None, code: int, tree: Path, tmp_path: Path) -> None:
    with serve_uploads(manner) as hub:  # type: ignore[arg-type]
        done = publish(hub, tmp_path, "--space", "tester/hub", "--root", str(tree), "--send", token=token)
    assert done.returncode == 1
    assert done.stderr == f"error: {_why(code, Parcel('tester/hub', 'space', {}))}\n"
    assert not hub.files


def test_refusals_of_the_hub_are_told_apart() -> None:
    said = {code: _why(code, Parcel("tester/hub", "space", {})) for code in (401, 402, 403, 404, 500)}
    assert all(message.values["code"] == code for code, message in said.items())
    assert said[401].values["repo"] == said[403].values["repo"] == "tester/hub"
    assert len({message.template for message in said.values()}) == 4, "401 and 404 are the same to a person"


def test_a_hub_that_is_not_there_is_one_sentence(tree: Path, tmp_path: Path) -> None:
    nowhere = Uploads(url="http://127.0.0.1:9")
    done = publish(nowhere, tmp_path, "--space", "tester/hub", "--root", str(tree), "--send")
    assert done.returncode == 1
    assert done.stderr == f"error: {UNREACHABLE}\n"


def test_a_name_that_is_none_is_refused() -> None:
    for name in ("hub", "a/b/c", "../x", "me/"):
        with pytest.raises(ParameterError) as refusal:
            space(name)
        assert refusal.value.fields == {"repo": name}


def test_the_card_of_the_space_is_true() -> None:
    _, front, _ = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    card = yaml.safe_load(front)
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert f"gradio[mcp]=={card['sdk_version']}" in pinned
    assert (ROOT / card["app_file"]).is_file()
    assert len(card["short_description"]) <= 60
    assert set(card["models"]) == {each.repo for each in catalogue() if each.repo}
    entries = [line.split() for line in card["preload_from_hub"]]
    preloaded = {(repo, file, revision) for repo, files, revision in entries for file in files.split(",")}
    known = {(each.repo, each.file, each.revision) for each in catalogue()}
    assert preloaded <= known, "a Space does not build when a file that it preloads is not there"
    assert all(len(revision) == 40 for _, _, revision in preloaded)
