"""Settings of an installation: environment variables, all of them here. Parameters of a run are something else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.contracts.errors import SettingError
from engine.contracts.messages import Listing, Message

PREFIX = "PENTIMENTO_"
_FOREIGN = re.compile(r"_(SERVICE|PORT)(_|$)")
"""Kubernetes gives such variables to everything beside a service that is called pentimento."""


class Settings(BaseSettings):
    """Settings that the owner of a machine decides on; a field ``queue`` is the variable ``PENTIMENTO_QUEUE``.

    Read from the environment when it is made: by :func:`read_settings`, once, where a program starts.
    """

    model_config = SettingsConfigDict(
        frozen=True, env_prefix=PREFIX, env_ignore_empty=True, use_attribute_docstrings=True, allow_inf_nan=False
    )

    device: str = ""
    """Where nets run: `cpu`, `cuda:1`, `mps`; empty for the best one there is."""
    weights: str = ""
    """Hub repository (`user/name`) that shipped weights are fetched from where their files are missing."""
    identities: str = ""
    """Folder of networks trained for one identity; empty for `weights/identities`."""
    unlabelled: bool = False
    """Whether face swaps may be made without a visible label."""
    replicas: str = ""
    """Ray cluster whose replicas of the engine do the runs: `auto`, or `host:port` of its head; empty for none."""
    unload_minutes: float = Field(15, ge=0)
    """Nets leave memory when nobody has used them for so long; 0 keeps them."""
    share: bool = False
    """Also make a public link: anybody who has it can use this machine."""
    auth: str = ""
    """Who may come in: `name:password`, several of them separated by commas; empty for everybody."""
    hosts: str = ""
    """Names that this server is known by, separated by commas; empty for its own, where only this machine can ask."""
    sites: str = ""
    """Other sites whose pages may call it, such as `https://example.org`, separated by commas; empty for none."""
    proxies: int = Field(0, ge=0)
    """Proxies in front of it that are trusted to tell where a visitor is (`X-Forwarded-For`); a Space has one."""
    queue: int = Field(20, ge=1, le=1000)
    """Runs that may wait in any case; more are told to come back later where the line is too long."""
    line_minutes: float = Field(10, ge=0)
    """How long a run may have to wait when more than `PENTIMENTO_QUEUE` wait already."""
    runs_per_visitor: int = Field(3, ge=1)
    """Runs that one visit may have waiting and running at the same time."""
    runs_per_address: int = Field(8, ge=1)
    """The same for all visits and programs of one network address; all calls of MCP clients count as one."""
    requests_per_address: int = Field(16, ge=1)
    """Requests a second of one network address, on average over five seconds; a third of it over ten minutes."""
    run_minutes: float = Field(30, gt=0)
    """A longer run is stopped and keeps its best picture."""
    upload_megabytes: int = Field(40, ge=1)
    """Largest file that is taken."""
    keep_minutes: float = Field(60, gt=0)
    """How long files of calls and results stay; a visit's uploads go when its page is closed."""
    away_minutes: float = Field(5, gt=0)
    """How long a page whose connection broke is waited for; its run goes on meanwhile, and what it has is kept."""
    room_gigabytes: float = Field(8, gt=0)
    """Disk space of uploads and results together; no upload is taken that goes beyond, until old files are deleted."""
    api: bool = True
    """Whether the named endpoints are offered to programs; the page works without."""
    mcp: bool = True
    """Whether the endpoints are offered as MCP tools, too; never where `PENTIMENTO_AUTH` is set."""
    metrics: bool = False
    """Whether `/metrics` answers, in Prometheus' format; like `/healthz` without a login."""
    log: Literal["json", "off"] = "json"
    """A line for each run on standard error: task, seconds, outcome; no names, no addresses, no pictures."""
    grace_seconds: float = Field(20, ge=0)
    """How long a server that is told to end waits for runs to hand over their best pictures."""


def read_settings() -> Settings:
    """The settings that the environment says.

    Raises:
        SettingError: a variable has a value that it cannot have, or its name begins with the prefix and is unknown.
    """
    known = [variable for variable, *_ in table()]
    for name in os.environ:
        if name.upper().startswith(PREFIX) and name not in known and not _FOREIGN.search(name):
            raise SettingError(
                Message("There is no setting {variable}; there are {known}.", variable=name, known=Listing(known))
            )
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingError(
            Message(
                "The setting {variable} is {value!r}, but: {problem}.",
                variable=PREFIX + str(first["loc"][0]).upper(),
                value=first["input"],
                problem=first["msg"],
            )
        ) from None


def on_zero_gpu() -> bool:
    """Whether this is a Space with a GPU that is lent for one call at a time, to a process of its own."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "true")


def table() -> Iterator[tuple[str, str, str]]:
    """Variable, default, and what it is for, of every setting."""
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = ("1" if default else "0") if isinstance(default, bool) else str(default)
        yield PREFIX + name.upper(), shown, str(field.description)
