"""Which networks of one identity there are: shipped ones, and those that this machine's owner has trained. No torch."""

from __future__ import annotations

import re
from pathlib import Path

from engine.contracts.errors import ParameterError
from engine.contracts.messages import Message, unknown_name
from engine.contracts.settings import Settings
from engine.model_store.catalogue import FOLDER, catalogue

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")
SHIPPED = "face-swap-"
"""How the catalogue's entries begin."""


def folder_of(settings: Settings) -> Path:
    """Where networks are that were trained here."""
    return Path(settings.identities or FOLDER / "identities")


def shipped() -> list[str]:
    """Names of the shipped ones."""
    return [each.name.removeprefix(SHIPPED) for each in catalogue() if each.name.startswith(SHIPPED)]


def names(folder: Path) -> list[str]:
    """Names of all networks: shipped ones first, then those of a folder."""
    own = sorted(path.stem for path in folder.glob("*.safetensors") if NAME.fullmatch(path.stem))
    return [*shipped(), *own]


def entries(name: str) -> tuple[str, ...]:
    """The catalogue entry of a network, where it is a shipped one."""
    return (SHIPPED + name,) if name in shipped() else ()


def path_of(name: str, folder: Path) -> Path:
    """The file of a network that was trained here; never by path, for the name may come from a visitor.

    Raises:
        ParameterError: there is none of that name.
    """
    path = folder / f"{name}.safetensors"
    if not NAME.fullmatch(name) or not path.is_file():
        raise ParameterError(unknown_name(Message("trained identity"), name[:60], names(folder)))
    return path
