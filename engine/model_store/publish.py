"""Publishing on the Hugging Face Hub: the hub as a Space, the shipped weights as a model repository."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.contracts.errors import ParameterError, PentimentoError
from engine.contracts.messages import Message
from engine.model_store.catalogue import FOLDER, catalogue

ROOT = FOLDER.parent
NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
ROOMS = ("demos", "docs", "engine")
FILES = (
    "app.py",
    "requirements.txt",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "weights/catalogue.json",
)
ENDINGS = (".py", ".json", ".jpg", ".md", ".mo", ".po")
"""Endings of the files in the folders :data:`ROOMS` that are sent; of weights only those of the catalogue are."""
UNREACHABLE = Message("The Hub cannot be reached; please try again later.")
Kind = Literal["space", "model"]


class PublishError(PentimentoError):
    """The Hub did not take what was sent; the text says why."""


@dataclass(frozen=True)
class Parcel:
    """The files that would be sent to one repository of the Hub."""

    repo: str
    kind: Kind
    files: Mapping[str, Path | bytes]
    """Path in the repository -> file, or its content."""

    @property
    def bytes(self) -> int:
        """Size of all files together in bytes."""
        return sum(_size(each) for each in self.files.values())

    def table(self) -> Iterator[str]:
        """A line for each file, and a sum."""
        for name, content in sorted(self.files.items()):
            yield f"{_size(content):>12,}  {name}"
        yield f"{self.bytes:>12,}  in {len(self.files)} files to {self.kind} {self.repo}"


def space(repo: str, root: Path = ROOT) -> Parcel:
    """The hub as a Space: its code, its shipped weights and its README as the card.

    Raises:
        ParameterError: ``repo`` is not of the form ``user/name``.
    """
    _check(repo)
    kept = [name for name in _files(root) if _wanted(name)]
    return Parcel(repo, "space", {name: root / name for name in kept})


def weights(repo: str) -> Parcel:
    """The shipped weights as a model repository, which the setting ``PENTIMENTO_WEIGHTS`` can name.

    Raises:
        ParameterError: ``repo`` is not of the form ``user/name``.
    """
    _check(repo)
    entries = [each for each in catalogue() if each.shipped]
    files: dict[str, Path | bytes] = {each.file: FOLDER / each.file for each in entries}
    lines = ["---", "license: other", "library_name: pentimento", "---", "", "# Weights of Pentimento", ""]
    lines += ["Safetensors, each checked by its sha256 before it is used.", ""]
    lines += ["| file | what | licence | sha256 |", "|---|---|---|---|"]
    lines += [f"| `{each.file}` | {each.title}. {each.paper} | {each.licence} | `{each.sha256}` |" for each in entries]
    files["README.md"] = ("\n".join(lines) + "\n").encode()
    files["catalogue.json"] = FOLDER / "catalogue.json"
    return Parcel(repo, "model", files)


def send(parcel: Parcel, *, private: bool = False) -> str:
    """Send it in one commit, and make the repository where there is none; returns its address.

    The token is the one that ``hf auth login`` keeps, or HF_TOKEN.

    Raises:
        PublishError: with one sentence.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, errors

    api = HfApi()
    options: dict[str, Any] = {"repo_id": parcel.repo, "repo_type": parcel.kind}
    try:
        sdk = {"space_sdk": "gradio"} if parcel.kind == "space" else {}
        address = api.create_repo(**options, exist_ok=True, private=private, **sdk)  # type: ignore[arg-type]
        operations = [CommitOperationAdd(name, content) for name, content in sorted(parcel.files.items())]
        api.create_commit(**options, operations=operations, commit_message="Publish Pentimento")
    except errors.HfHubHTTPError as error:
        raise PublishError(_why(error.response.status_code, parcel)) from None
    except (RuntimeError, ConnectionError) as error:
        raise PublishError(Message("The Hub did not take the files: {problem}", problem=_first_line(error))) from None
    except Exception as error:
        if type(error).__module__.startswith("httpx"):  # the client does not wrap those of its library, which has forks
            raise PublishError(UNREACHABLE) from None
        raise
    return str(address)


def _why(code: int, parcel: Parcel) -> Message:
    if code in (401, 404):
        return Message(
            "The Hub does not let you write to {repo}: log in with `hf auth login` as its owner.",
            repo=parcel.repo,
            code=code,
        )
    if code == 402:
        return Message(
            "The Hub wants a paid plan for a Space on this hardware; a free account may have ZeroGPU Spaces.", code=code
        )
    if code == 403:
        return Message(
            "The Hub forbids it: your token may not write to {repo}, or your storage is full.",
            repo=parcel.repo,
            code=code,
        )
    return Message("The Hub answered with error {code}; please try again later.", code=code)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _check(repo: str) -> None:
    if not NAME.fullmatch(repo):
        raise ParameterError(Message("{repo!r} is not the name of a repository; please give user/name.", repo=repo))


def _files(root: Path) -> Sequence[str]:
    """Paths of the project's files below ``root``: those that git tracks, or all of them where there is no checkout."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=False)
    if listing.returncode == 0 and listing.stdout:
        return [name for name in listing.stdout.decode().split("\0") if name and (root / name).is_file()]
    return [str(path.relative_to(root).as_posix()) for path in sorted(root.rglob("*")) if path.is_file()]


def _wanted(name: str) -> bool:
    """Whether a Space needs a file; a file that nobody thought of stays here, such as what was trained of a person."""
    room, _, rest = name.partition("/")
    if any(part.startswith(".") for part in name.split("/")):
        return False
    shipped = {f"weights/{each.file}" for each in catalogue() if each.shipped}
    return name in FILES or name in shipped or (room in ROOMS and bool(rest) and name.endswith(ENDINGS))


def _size(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size
